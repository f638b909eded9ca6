/*
 * columns: rows for people, as wide as what stands in them.
 *
 * A column in which nothing stands is left out. A note goes below its row,
 * broken into lines that a terminal shows whole.
 */
#ifndef PENSTOCK_CLI_COLUMNS_H
#define PENSTOCK_CLI_COLUMNS_H

#include <stddef.h>

#include <penstock/arena.h>

#define COLUMNS_MAX 6

struct columns;

/* Heads in the order of columns, NULL at the end; borrowed. */
struct columns *columns_new(struct ps_arena *a, const char *const *heads);
/* A cell for each head, NULL: nothing; borrowed. */
void columns_add(struct columns *t, const char *const *cells);
void columns_note(struct columns *t, const char *text);
void columns_print(const struct columns *t);
/* Indented lines of at most 78 columns, broken between words. */
void columns_wrap(const char *text, size_t indent);

#endif
