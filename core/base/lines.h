/*
 * lines: the last lines of a log, in bounded memory.
 */
#ifndef PENSTOCK_BASE_LINES_H
#define PENSTOCK_BASE_LINES_H

#include <stddef.h>

/* The oldest lines make room for new ones. */
#define LINES_BYTES ((size_t)16 * 1024)

/* {0}: none. */
struct lines {
	char *text; /* each with its newline */
	size_t len;
};

/* `line` ends in its only newline; of a longer one the end is kept. */
void lines_add(struct lines *l, const char *line, size_t len);
void lines_fini(struct lines *l);

#endif
