#include "tests/cluster/sim_impl.h"

/* Short, about as long as a session, or long; over when trouble is. */
static int64_t
until(struct sim *s)
{
	int64_t ms, end = s->plan.trouble_ms;

	switch (world_between(s, 0, 3)) {
	case 0:
		ms = world_between(s, 8000, 25000);
		break;
	case 1:
	case 2:
		ms = world_between(s, SESSION_MS - 3500, SESSION_MS + 1500);
		break;
	default:
		ms = world_between(s, 100, 6000);
		break;
	}
	return s->now + ms < end ? s->now + ms : end;
}

/* ---- faults ------------------------------------------------------------ */

static void
crash(struct sim *s, size_t i)
{
	if (s->nodes[i].h == NULL)
		return;
	world_say(s, "w%zu: is killed", i);
	s->fault_at = s->now;
	node_end(s, i);
	world_later(s,
	    world_one_in(s, 2) ? world_between(s, 5, 3000)
			       : world_between(s, 3000, 15000),
	    EV_START, i);
	/* Some are killed again as soon as they are up. */
	if (world_one_in(s, 3)) {
		world_later(s, 4, EV_START, i);
		world_later(s, world_between(s, 5, 25), EV_CRASH, i);
	}
}

static void
pause(struct sim *s, size_t i)
{
	int64_t end = until(s);

	if (end <= s->nodes[i].paused_until)
		return;
	s->nodes[i].paused_until = end;
	world_say(s, "w%zu: is stopped until %lld", i, (long long)end);
}

static void
cut_off(struct sim *s, size_t i)
{
	struct node *n = &s->nodes[i];

	n->no_send_until = n->no_read_until = until(s);
	world_say(s, "w%zu: is cut off until %lld", i,
	    (long long)n->no_send_until);
}

static void
deafen(struct sim *s, size_t i)
{
	s->nodes[i].no_read_until = until(s);
	world_say(s, "w%zu: reads nothing until %lld", i,
	    (long long)s->nodes[i].no_read_until);
}

static void
hang_lease_client(struct sim *s, size_t i)
{
	struct node *n = &s->nodes[i];

	n->no_lease_until = until(s);
	world_say(s, "w%zu: its lease client hangs until %lld", i,
	    (long long)n->no_lease_until);
	if (world_one_in(s, 2))
		world_later(s,
		    n->no_lease_until - s->now + world_between(s, 30, 2500),
		    EV_HANG, i);
}

static void
break_broker(struct sim *s, size_t i)
{
	(void)i;
	if (!world_one_in(s, 3))
		return;
	s->outage_until = s->now + world_between(s, 100, 20000);
	if (s->outage_until > s->plan.trouble_ms)
		s->outage_until = s->plan.trouble_ms;
	world_say(s, "no broker until %lld", (long long)s->outage_until);
}

static void
drain(struct sim *s, size_t i)
{
	struct node *n = &s->nodes[i];
	struct herder_event ev = { .kind = HERDER_DRAIN };

	if (!world_is_awake(s, n))
		return;
	ev.drain = n->drained = !n->drained;
	s->fault_at = s->now;
	world_say(s, "w%zu: drained %d", i, n->drained);
	node_step(s, i, &ev);
}

static void
leave(struct sim *s, size_t i)
{
	struct node *n = &s->nodes[i];
	bool leads;

	if (!world_is_awake(s, n))
		return;
	world_say(s, "w%zu: is to leave", i);
	/* The last one is not hurried: it is planned out. */
	if (!n->leaving && s->last < 0)
		world_later(s, world_between(s, 5000, 12000), EV_HURRY, i);
	n->leaving = true;
	leads =
	    herder_leads(n->h) && lease_allows(herder_lease(n->h),
				      (struct clock_ms){ world_clock(s, n) });
	node_step(s, i, &(struct herder_event){ .kind = HERDER_LEAVE });
	if (leads && n->h != NULL && !herder_leads(n->h))
		world_red(s, "w%zu is to leave and gives up the lead first", i);
}

static void
lose_child(struct sim *s, size_t i)
{
	if (world_is_awake(s, &s->nodes[i]))
		node_lose_child(s, i);
}

/* As likely as they are often here. */
static void (*const faults[])(struct sim *s, size_t i) = { crash, crash, pause,
	cut_off, deafen, break_broker, drain, leave, hang_lease_client,
	hang_lease_client, lose_child, lose_child };

#define FAULTS   (sizeof faults / sizeof *faults)
#define KILLS_MS 40000 /* a session, its take-over and more fit in */

void
trouble_on_fault(struct sim *s, const struct event *e)
{
	(void)e;
	if (s->now >= s->plan.trouble_ms)
		return;
	if (s->plan.kills) {
		world_later(s, world_between(s, 1, KILLS_MS), EV_FAULT, 0);
		s->counts.of[SIM_FAULTS]++;
		crash(s, world_draw(s) % s->plan.workers);
		return;
	}
	world_later(s, world_between(s, 1, 2000 / (int64_t)s->plan.faults),
	    EV_FAULT, 0);
	s->counts.of[SIM_FAULTS]++;
	faults[world_draw(s) % FAULTS](s, world_draw(s) % s->plan.workers);
}

/* ---- other events ------------------------------------------------------ */

void
trouble_on_start(struct sim *s, const struct event *e)
{
	if (s->nodes[e->worker].h == NULL)
		s->fault_at = s->now;
	node_start(s, e->worker);
}

void
trouble_on_crash(struct sim *s, const struct event *e)
{
	crash(s, e->worker);
}

void
trouble_on_hang(struct sim *s, const struct event *e)
{
	if (s->now < s->plan.trouble_ms)
		s->nodes[e->worker].no_lease_until = until(s);
}

/* Who starts now hears of those that share an id only what was kept. */
static void
start_one_later(struct sim *s)
{
	enum { LATER_MS = 10000 };
	int64_t others = (int64_t)s->plan.workers - 2;

	if (s->plan.namesakes && others > 0)
		world_later(s, LATER_MS, EV_CRASH,
		    (size_t)world_between(s, 1, others));
}

void
trouble_on_drain(struct sim *s, const struct event *e)
{
	if (!s->nodes[e->worker].drained && !s->nodes[e->worker].sick)
		drain(s, e->worker);
}

/* One is drained for good. */
static void
drain_one_later(struct sim *s)
{
	enum { LATER_MS = 12000 };

	if (!s->plan.namesakes && s->plan.workers > 2 && world_one_in(s, 4))
		world_push(s, (struct event){ .at = s->now + LATER_MS,
				  .kind = EV_DRAIN,
				  .worker = 1 });
}

bool
trouble_last_leaves(struct sim *s)
{
	size_t others = 0;
	int last = -1;

	for (size_t i = 0; i < s->plan.workers; i++) {
		const struct node *n = &s->nodes[i];

		if (n->sick || n->drained || sim_namesake(s, i) >= 0 ||
		    n->h == NULL)
			continue;
		others += last >= 0;
		last = (int)i;
	}
	if (others == 0)
		return false;
	s->last = last;
	leave(s, (size_t)last);
	return true;
}

/* With the one that hangs the last may be gone that can read all. */
static void
upgrade_all(struct sim *s)
{
	s->upgraded = true;
	for (size_t i = 0; i < s->plan.workers; i++)
		if (s->nodes[i].h != NULL && s->nodes[i].version < 2)
			crash(s, i);
}

/* All is whole from now on, but for one whose lease client hangs for good. */
void
trouble_end(struct sim *s)
{
	if (s->plan.kills)
		return;
	start_one_later(s);
	drain_one_later(s);
	if (world_one_in(s, 4)) {
		struct node *n = &s->nodes[world_draw(s) % s->plan.workers];

		n->sick = true;
		n->no_lease_until = INT64_MAX;
		upgrade_all(s);
	}
	for (size_t i = 0; i < s->plan.workers; i++) {
		if (s->nodes[i].drained)
			drain(s, i);
		world_later(s, 1, EV_START, i);
	}
}
