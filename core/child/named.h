/*
 * named: which files a setting names.
 *
 * A path stands at a value's start or behind a separator in it. What one is
 * cannot be told from its text alone, so each that it may be is found.
 */
#ifndef PENSTOCK_CHILD_NAMED_H
#define PENSTOCK_CHILD_NAMED_H

#include <stdbool.h>

#include <penstock/arena.h>

/* Behind what one may begin, and where it may end. */
#define NAMED_BEGINS " \t\r\n\"'=,;:({[@&?|<>"
#define NAMED_ENDS   " \t\"',;:)}]&?|<>"

/* The n-th path that a value names, in `a`; NULL: there are no more. */
const char *named_find(struct ps_arena *a, const char *value, size_t n);
/* Is a value without a slash a file in the worker's folder? */
bool named_is_file_key(const char *key);

#endif
