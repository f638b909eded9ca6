/*
 * gate: at most so many children between fork and being up.
 *
 * Who wants to start one waits in line; the gate calls when it is its turn.
 * Whoever was let in leaves exactly once, also when the start failed. One that
 * takes long does not keep the others out for ever: its place is lent.
 */
#ifndef PENSTOCK_SUPERVISE_GATE_H
#define PENSTOCK_SUPERVISE_GATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"

struct gate_ticket {
	void (*enter)(void *ctx);
	void *ctx;
	struct gate_ticket *prev, *next;
	struct clock_ms since; /* inside */
	bool waiting, inside;
	bool lent; /* was inside, and its place is another's now */
};

struct gate_list {
	struct gate_ticket *first, *last;
};

struct gate {
	struct gate_list line, room; /* in the order they came */
	size_t inside, limit;
	bool letting;
	void (*entered)(void *ctx);
	void *entered_ctx;
};

void gate_init(struct gate *g, size_t limit);
/* Calls t->enter with t->ctx now or later; t must not be in line or inside. */
void gate_wait(struct gate *g, struct gate_ticket *t);
/* Out of the line or out of the gate; no effect when in neither. */
void gate_leave(struct gate *g, struct gate_ticket *t);
/* Who has been inside for so long at that time counts no more. */
void gate_lend(struct gate *g, struct clock_ms now, int64_t patience_ms);
/* When that is so of the first; INT64_MAX: nobody is inside. */
struct clock_ms gate_lends_at(const struct gate *g, int64_t patience_ms);
/* Calls `entered` (NULL: nobody) each time that someone was let in. */
void gate_tell(struct gate *g, void (*entered)(void *ctx), void *ctx);

#endif
