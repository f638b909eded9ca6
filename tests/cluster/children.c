#include <string.h>

#include "tests/cluster/sim_impl.h"

#define LONG_STOP_MS    4000
#define SUSPEND_LAST_MS 2500 /* a lease that ends later was renewed */

static void
tell(struct sim *s, size_t i, const struct child *c, bool began)
{
	struct herder_event ev = { .kind = HERDER_PROCESS,
		.connector = sim_connectors[c->connector] };

	ev.process.task = c->task;
	ev.process.generation = c->generation;
	ev.process.began = began;
	node_step(s, i, &ev);
}

/* It is reaped. */
static void
end(struct sim *s, size_t i, struct child *c)
{
	struct child was = *c;

	if (!c->used)
		return;
	world_say(s, "w%zu: %s %d ends", i, sim_connectors[c->connector],
	    c->task);
	c->used = false;
	tell(s, i, &was, false);
}

static void
later(struct sim *s, size_t i, const struct child *c, int64_t ms,
    enum event_kind kind)
{
	world_push(s, (struct event){ .at = s->now + ms,
			  .kind = kind,
			  .worker = (unsigned)i,
			  .serial = c->serial });
}

/* ---- the supervisor ---------------------------------------------------- */

/* New task configs stop all tasks of the old. */
static bool
is_current(const struct sim *s, const struct child *c)
{
	return c->task < 0 ||
	       c->generation == s->wanted[c->connector].generation;
}

static void
stop(struct sim *s, size_t i, struct child *c)
{
	if (c->stopping)
		return;
	rules_stops(s, i, c);
	c->stopping = true;
	s->disturbed += s->last >= 0 && (int)i != s->last && is_current(s, c);
	later(s, i, c,
	    world_is_unlucky(s, 20) ? world_between(s, 500, LONG_STOP_MS)
				    : world_between(s, 1, 200),
	    EV_CHILD_STOPPED);
}

static void
start(struct sim *s, size_t i, int connector, int task, int64_t generation)
{
	struct node *n = &s->nodes[i];
	struct child *c = &n->children[connector][1 + task];

	*c = (struct child){ .used = true,
		.connector = connector,
		.task = task,
		.generation = generation,
		.lease = n->lease_told,
		.serial = ++s->serial };
	world_say(s, "w%zu: %s %d starts, generation %lld", i,
	    sim_connectors[connector], task, (long long)generation);
	s->counts.of[SIM_STARTS]++;
	rules_alone(s, i, c);
	rules_has_read(s, i);
	rules_placed(s, i, c);
	tell(s, i, c, true);
}

/* What is to run and does not. A start is a step, which may change all. */
static void
start_missing(struct sim *s, size_t i, int connector)
{
	const struct node *n = &s->nodes[i];
	struct clock_ms now = { world_clock(s, n) };
	const char *name = sim_connectors[connector];
	const struct entry *e;

	for (int t = -1; t < MAX_TASKS; t++) {
		e = table_find(herder_table(n->h), name);
		if (e == NULL)
			return;
		if (!n->children[connector][1 + t].used &&
		    herder_may_start(n->h, now, name, t, e->wanted.generation))
			start(s, i, connector, t, e->wanted.generation);
	}
}

void
children_settle(struct sim *s, size_t i, int connector)
{
	struct node *n = &s->nodes[i];

	for (int t = -1; t < MAX_TASKS; t++) {
		struct child *c = &n->children[connector][1 + t];

		if (c->used && !herder_owns(n->h, sim_connectors[connector], t,
				   c->generation))
			stop(s, i, c);
	}
	start_missing(s, i, connector);
}

/* ---- all of a worker's ------------------------------------------------- */

/* The first child, or the one after c; NULL: no more are used. */
static struct child *
next(struct node *n, struct child *c)
{
	struct child *all = &n->children[0][0];
	size_t i = c == NULL ? 0 : (size_t)(c - all) + 1;

	for (; i < CONNECTORS * (1 + MAX_TASKS); i++)
		if (all[i].used)
			return &all[i];
	return NULL;
}

static struct child *
find(struct node *n, uint64_t serial)
{
	struct child *c = next(n, NULL);

	while (c != NULL && c->serial != serial)
		c = next(n, c);
	return c;
}

/* Ended by the kernel's timers. */
void
children_reap_expired(struct sim *s, size_t i)
{
	struct node *n = &s->nodes[i];
	int64_t now = world_clock(s, n);

	for (struct child *c = next(n, NULL); c; c = next(n, c))
		if (!c->idle && now >= c->lease) {
			rules_expires(s, i, c);
			end(s, i, c);
		}
}

void
children_lease(struct sim *s, size_t i, int64_t ends)
{
	struct node *n = &s->nodes[i];

	n->lease_told = ends;
	for (struct child *c = next(n, NULL); c; c = next(n, c)) {
		bool rises = c->idle && !c->stopping;

		c->lease = ends;
		c->idle = c->warned = false;
		if (rises)
			rules_alone(s, i, c);
	}
}

/* Some answer at once, some late, some hang: those their timer ends. */
void
children_suspend(struct sim *s, size_t i)
{
	struct node *n = &s->nodes[i];

	s->counts.of[SIM_SUSPENSIONS]++;
	for (struct child *c = next(n, NULL); c; c = next(n, c)) {
		c->warned = true;
		if (!world_one_in(s, 5))
			later(s, i, c, world_between(s, 1, 900), EV_CHILD_IDLE);
	}
}

void
children_kill(struct sim *s, size_t i)
{
	struct node *n = &s->nodes[i];

	for (struct child *c = next(n, NULL); c; c = next(n, c)) {
		c->warned = true;
		later(s, i, c,
		    world_one_in(s, 4) ? world_between(s, 100, 2000)
				       : world_between(s, 1, 50),
		    EV_CHILD_STOPPED);
	}
}

/* PDEATHSIG; and the name is taken only when all have gone. */
void
children_forget(struct sim *s, size_t i)
{
	memset(s->nodes[i].children, 0, sizeof s->nodes[i].children);
}

void
node_lose_child(struct sim *s, size_t i)
{
	struct node *n = &s->nodes[i];

	for (struct child *c = next(n, NULL); c; c = next(n, c)) {
		if (c->stopping || !world_one_in(s, 4))
			continue;
		end(s, i, c);
		node_settle_later(s, i, c->connector);
		return;
	}
}

/* ---- events ------------------------------------------------------------ */

/* It is gone; a worker that is stopped learns of that later. */
void
node_on_child_stopped(struct sim *s, const struct event *e)
{
	struct node *n = &s->nodes[e->worker];
	struct child *c = find(n, e->serial);
	struct event again = *e;

	if (c == NULL)
		return;
	c->idle = true;
	if (!world_is_awake(s, n)) {
		again.at = n->paused_until + 1;
		world_push(s, again);
		return;
	}
	end(s, e->worker, c);
	node_settle_later(s, e->worker, c->connector);
}

void
node_on_child_idle(struct sim *s, const struct event *e)
{
	struct node *n = &s->nodes[e->worker];
	struct child *c = find(n, e->serial);

	if (c != NULL && rules_is_active(s, n, c) &&
	    world_clock(s, n) >= c->lease - SUSPEND_LAST_MS)
		c->idle = true;
}
