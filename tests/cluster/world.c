#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mix.h"
#include "base/xalloc.h"
#include "tests/cluster/sim_impl.h"

const char *const sim_connectors[CONNECTORS] = { "ant", "bee", "cat", "dog" };
const char *const sim_ids[MAX_WORKERS] = { "w0:1", "w1:1", "w2:1", "w3:1",
	"w4:1", "w5:1" };

int
sim_connector(const char *name)
{
	int c = 0;

	while (strcmp(sim_connectors[c], name) != 0)
		c++;
	return c;
}

int
sim_namesake(const struct sim *s, size_t i)
{
	size_t last = s->plan.workers - 1;

	if (!s->plan.namesakes || (i != 0 && i != last))
		return -1;
	return i == 0 ? (int)last : 0;
}

struct who
sim_who(const struct who *w)
{
	for (size_t i = 0; w->id != NULL && i < MAX_WORKERS; i++)
		if (strcmp(sim_ids[i], w->id) == 0)
			return (struct who){ sim_ids[i], w->incarnation };
	return (struct who){ 0 };
}

const char *
sim_labels(const struct sim *s, size_t i)
{
	size_t id = sim_namesake(s, i) < 0 ? i : 0;

	if (!s->plan.placed)
		return NULL;
	return id % 2 == 0 ? "zone=a,disk=ssd" : "zone=b";
}

double
sim_capacity(const struct sim *s, size_t i)
{
	return s->plan.sized && (i == 0 || sim_namesake(s, i) == 0) ? 2 : 1;
}

const char *
sim_placement(const struct sim *s, int connector)
{
	static const char *const placements[CONNECTORS] = { "zone=a", "zone!=a",
		"zone=nowhere", NULL };

	return s->plan.placed ? placements[connector] : NULL;
}

/* ---- chance ------------------------------------------------------------ */

uint64_t
world_draw(struct sim *s)
{
	return mix64(s->random += MIX_STEP);
}

int64_t
world_between(struct sim *s, int64_t low, int64_t high)
{
	return low + (int64_t)(world_draw(s) % (uint64_t)(high - low + 1));
}

bool
world_one_in(struct sim *s, unsigned n)
{
	return world_draw(s) % n == 0;
}

bool
world_is_unlucky(struct sim *s, unsigned n)
{
	return !s->plan.kills && world_one_in(s, n);
}

int64_t
world_delay(struct sim *s)
{
	if (world_is_unlucky(s, 50))
		return world_between(s, 100, 1500);
	return world_between(s, 1, 20);
}

int
sim_version(const struct sim *s, size_t i)
{
	const struct node *n = &s->nodes[i];

	/* There is always one that may lead whatever is written. */
	if (!s->plan.versions || i == 0 || s->upgraded)
		return 2;
	return 1 + (int)((n->life / 2 + i) % 2);
}

/* ---- words ------------------------------------------------------------- */

void
world_say(const struct sim *s, const char *fmt, ...)
{
	va_list ap;

	if (!s->plan.trace)
		return;
	(void)fprintf(stderr, "%8lld ", (long long)s->now);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
}

void
world_red(struct sim *s, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (s->red[0] != '\0')
		return;
	n = snprintf(s->red, sizeof s->red, "at %lld ms: ", (long long)s->now);
	va_start(ap, fmt);
	(void)vsnprintf(s->red + n, sizeof s->red - (size_t)n, fmt, ap);
	va_end(ap);
}

/* ---- the queue of events: a heap --------------------------------------- */

static bool
is_before(const struct event *a, const struct event *b)
{
	return a->at < b->at || (a->at == b->at && a->order < b->order);
}

void
world_push(struct sim *s, struct event e)
{
	size_t i = s->heap_count++;

	if (s->heap_count > s->heap_room) {
		s->heap_room = s->heap_room == 0 ? 256 : s->heap_room * 2;
		s->heap = xrealloc(s->heap, s->heap_room * sizeof *s->heap);
	}
	e.order = s->order++;
	for (; i > 0 && is_before(&e, &s->heap[(i - 1) / 2]); i = (i - 1) / 2)
		s->heap[i] = s->heap[(i - 1) / 2];
	s->heap[i] = e;
}

struct event
world_pop(struct sim *s)
{
	struct event top = s->heap[0];
	const struct event *last = &s->heap[--s->heap_count];
	size_t i = 0, child;

	while ((child = i * 2 + 1) < s->heap_count) {
		if (child + 1 < s->heap_count &&
		    is_before(&s->heap[child + 1], &s->heap[child]))
			child++;
		if (!is_before(&s->heap[child], last))
			break;
		s->heap[i] = s->heap[child];
		i = child;
	}
	s->heap[i] = *last;
	return top;
}

void
world_later(struct sim *s, int64_t ms, enum event_kind kind, size_t worker)
{
	world_push(s, (struct event){ .at = s->now + ms,
			  .kind = kind,
			  .worker = (unsigned)worker,
			  .life = s->nodes[worker].life });
}

/* ---- clocks and wires -------------------------------------------------- */

int64_t
world_clock(const struct sim *s, const struct node *n)
{
	return (int64_t)((double)s->now * n->rate) + n->offset;
}

int64_t
world_time(const struct node *n, int64_t clock)
{
	return (int64_t)((double)(clock - n->offset) / n->rate);
}

bool
world_is_awake(const struct sim *s, const struct node *n)
{
	return n->h != NULL && s->now >= n->paused_until;
}

bool
world_can_send(const struct sim *s, const struct node *n)
{
	return s->now >= n->no_send_until && s->now >= s->outage_until;
}

/* A request has to arrive before an answer can. */
bool
world_can_read(const struct sim *s, const struct node *n)
{
	return s->now >= n->no_read_until && world_can_send(s, n);
}

bool
world_can_lease(const struct sim *s, const struct node *n)
{
	return world_can_send(s, n) && s->now >= n->no_lease_until;
}

static int64_t
max64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

int64_t
world_whole_at(const struct sim *s, const struct node *n)
{
	int64_t t = max64(n->no_send_until, n->no_read_until);

	t = max64(max64(t, n->paused_until), s->outage_until);
	return max64(t, s->now);
}

/* ---- logs -------------------------------------------------------------- */

void *
log_add(struct log *l)
{
	if (l->count == l->room) {
		l->room = l->room * 2 + 64;
		l->items = xrealloc(l->items, l->room * l->size);
	}
	return memset(l->items + l->count++ * l->size, 0, l->size);
}

void *
log_at(const struct log *l, size_t i)
{
	return l->items + i * l->size;
}
