#include "worker/gate.h"

#include <assert.h>

void
gate_init(struct gate *g, size_t limit)
{
	assert(limit > 0);
	*g = (struct gate){ .limit = limit };
}

static void
unlink_ticket(struct gate *g, struct gate_ticket *t)
{
	if (t->prev != NULL)
		t->prev->next = t->next;
	else
		g->first = t->next;
	if (t->next != NULL)
		t->next->prev = t->prev;
	else
		g->last = t->prev;
	t->prev = t->next = NULL;
	t->waiting = false;
}

/* Not from within itself: enter() may fail at once and leave. */
static void
let_in(struct gate *g)
{
	struct gate_ticket *t;

	if (g->letting)
		return;
	g->letting = true;
	while (g->inside < g->limit && (t = g->first) != NULL) {
		unlink_ticket(g, t);
		t->inside = true;
		g->inside++;
		t->enter(t->ctx);
	}
	g->letting = false;
}

void
gate_wait(struct gate *g, struct gate_ticket *t)
{
	assert(!t->waiting && !t->inside);
	t->waiting = true;
	t->prev = g->last;
	t->next = NULL;
	if (g->last != NULL)
		g->last->next = t;
	else
		g->first = t;
	g->last = t;
	let_in(g);
}

void
gate_leave(struct gate *g, struct gate_ticket *t)
{
	if (t->waiting)
		unlink_ticket(g, t);
	if (!t->inside)
		return;
	t->inside = false;
	assert(g->inside > 0);
	g->inside--;
	let_in(g);
}
