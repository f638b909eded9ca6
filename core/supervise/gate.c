#include "supervise/gate.h"

#include <assert.h>

void
gate_init(struct gate *g, size_t limit)
{
	assert(limit > 0);
	*g = (struct gate){ .limit = limit };
}

static void
add(struct gate_list *l, struct gate_ticket *t)
{
	t->prev = l->last;
	t->next = NULL;
	if (l->last != NULL)
		l->last->next = t;
	else
		l->first = t;
	l->last = t;
}

static void
take_out(struct gate_list *l, struct gate_ticket *t)
{
	if (t->prev != NULL)
		t->prev->next = t->next;
	else
		l->first = t->next;
	if (t->next != NULL)
		t->next->prev = t->prev;
	else
		l->last = t->prev;
	t->prev = t->next = NULL;
}

static void
go_out(struct gate *g, struct gate_ticket *t)
{
	assert(g->inside > 0);
	take_out(&g->room, t);
	t->inside = false;
	g->inside--;
}

/* Not from within itself: enter() may fail at once and leave. */
static void
let_in(struct gate *g)
{
	struct gate_ticket *t;

	if (g->letting)
		return;
	g->letting = true;
	while (g->inside < g->limit && (t = g->line.first) != NULL) {
		take_out(&g->line, t);
		add(&g->room, t);
		t->waiting = false;
		t->inside = true;
		t->since = clock_now();
		g->inside++;
		t->enter(t->ctx);
		if (g->entered != NULL)
			g->entered(g->entered_ctx);
	}
	g->letting = false;
}

void
gate_wait(struct gate *g, struct gate_ticket *t)
{
	assert(!t->waiting && !t->inside);
	t->waiting = true;
	t->lent = false;
	add(&g->line, t);
	let_in(g);
}

void
gate_leave(struct gate *g, struct gate_ticket *t)
{
	if (t->waiting)
		take_out(&g->line, t);
	t->waiting = t->lent = false;
	if (!t->inside)
		return;
	go_out(g, t);
	let_in(g);
}

void
gate_lend(struct gate *g, struct clock_ms now, int64_t patience_ms)
{
	struct gate_ticket *t;

	while ((t = g->room.first) != NULL &&
	       clock_since(t->since, now) >= patience_ms) {
		go_out(g, t);
		t->lent = true;
	}
	let_in(g);
}

struct clock_ms
gate_lends_at(const struct gate *g, int64_t patience_ms)
{
	if (g->room.first == NULL)
		return (struct clock_ms){ INT64_MAX };
	return clock_after(g->room.first->since, patience_ms);
}

void
gate_tell(struct gate *g, void (*entered)(void *ctx), void *ctx)
{
	g->entered = entered;
	g->entered_ctx = ctx;
}
