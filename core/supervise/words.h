/*
 * words: what a child prints, logged at a bounded rate.
 *
 * The last lines are kept: assertion texts and aborts of libraries end there,
 * and become the trace of a failure.
 */
#ifndef PENSTOCK_SUPERVISE_WORDS_H
#define PENSTOCK_SUPERVISE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"

#define WORDS_LINE_MAX 512
#define WORDS_KEPT_MAX 2048
/* Lines that are logged per second; the rest is counted. */
#define WORDS_LINES_PER_S 50

struct words {
	void (*said)(void *ctx, const char *line); /* as logged; NULL: none */
	void *ctx;
	char line[WORDS_LINE_MAX];
	size_t line_len;
	char kept[WORDS_KEPT_MAX + 1];
	size_t kept_len;
	struct clock_ms second;
	unsigned lines, dropped;
};

/* Bytes of output; whole lines are logged under `area`. */
void
words_take(struct words *w, const char *area, const char *data, size_t len);
/* The last line need not end in a newline. */
void words_end(struct words *w, const char *area);
/* May one more line be logged in this second? */
bool words_may_log(struct words *w, const char *area);

#endif
