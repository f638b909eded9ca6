/*
 * lines: where lines end, as Java's FileStreamSourceTask sees it.
 *
 * LF, CR LF and a lone CR end a line. A CR that is the last byte known does
 * not end one yet: the LF may be still to come.
 */
#ifndef PENSTOCK_CONNECTORS_FILE_LINES_H
#define PENSTOCK_CONNECTORS_FILE_LINES_H

#include <stddef.h>

struct ps_arena;

struct line_scan {
	const char *at, *end;
	const char *cr; /* next CR at or after `at`, `end` when none is left */
};

struct line_scan line_scan(const char *data, size_t len);
/* The next whole line: its length without terminator and 1; or 0. */
int line_next(struct line_scan *s, const char **line, size_t *len);

/* The text itself when it is UTF-8; else a copy in which each malformed
 * sequence is U+FFFD, as Java's decoder has it. */
const char *line_utf8(struct ps_arena *a, const char *text, size_t *len);

#endif
