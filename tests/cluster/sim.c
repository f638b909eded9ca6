#include "tests/cluster/sim.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "tests/cluster/sim_impl.h"

#define ARENA_BYTES 65536
#define LAST_MS     40000 /* one leader may be sick, one answer be late */

const char *const sim_count_names[SIM_COUNTS] = {
	[SIM_EVENTS] = "events",
	[SIM_FAULTS] = "faults",
	[SIM_STARTS] = "starts",
	[SIM_MOVES] = "moves",
	[SIM_VERDICTS] = "verdicts",
	[SIM_CLAIMS] = "claims",
	[SIM_INCARNATIONS] = "incarnations",
	[SIM_SUSPENSIONS] = "suspensions",
	[SIM_REFUSALS] = "refusals",
	[SIM_CHANGES] = "changes",
};

enum when {
	ALWAYS,
	ALIVE, /* if that life of the worker goes on; when it is not stopped */
};

struct row {
	void (*fn)(struct sim *s, const struct event *e);
	enum when when;
};

static const struct row rows[EVENT_KINDS] = {
	[EV_READ] = { node_on_read, ALIVE },
	[EV_TICK] = { node_on_tick, ALIVE },
	[EV_APPEND] = { broker_on_append, ALIVE },
	[EV_LAST_WORDS] = { broker_on_last_words, ALWAYS },
	[EV_CHILD_STOPPED] = { node_on_child_stopped, ALWAYS },
	[EV_CHILD_IDLE] = { node_on_child_idle, ALWAYS },
	[EV_SETTLE] = { node_on_settle, ALIVE },
	[EV_COMMIT] = { pen_on_commit, ALWAYS },
	[EV_ANSWER] = { pen_on_answer, ALIVE },
	[EV_GROUP] = { broker_on_group, ALWAYS },
	[EV_FAULT] = { trouble_on_fault, ALWAYS },
	[EV_START] = { trouble_on_start, ALWAYS },
	[EV_CRASH] = { trouble_on_crash, ALWAYS },
	[EV_CLIENT] = { clients_on_turn, ALWAYS },
	[EV_ASK] = { clients_on_ask, ALIVE },
	[EV_TOLD] = { clients_on_told, ALIVE },
	[EV_HURRY] = { node_on_hurry, ALIVE },
	[EV_HANG] = { trouble_on_hang, ALWAYS },
	[EV_COMPACT] = { broker_on_compact, ALWAYS },
	[EV_DRAIN] = { trouble_on_drain, ALWAYS },
};

static void
dispatch(struct sim *s, struct event *e)
{
	const struct row *row = &rows[e->kind];
	const struct node *n = &s->nodes[e->worker];

	if (row->when == ALWAYS) {
		row->fn(s, e);
	} else if (n->life != e->life || n->h == NULL) {
		return;
	} else if (s->now < n->paused_until) {
		e->at = n->paused_until + 1;
		world_push(s, *e);
	} else {
		row->fn(s, e);
	}
}

static void
run_until(struct sim *s, int64_t end)
{
	while (s->heap_count > 0 && s->heap[0].at <= end && s->red[0] == '\0') {
		struct event e = world_pop(s);

		s->now = e.at;
		s->counts.of[SIM_EVENTS]++;
		dispatch(s, &e);
	}
	s->now = end;
}

/* What is there for nobody is nobody's fault. */
static bool
runs_nowhere(const struct sim *s)
{
	for (size_t i = 0; i < s->plan.workers; i++)
		if (s->nodes[i].h != NULL)
			return false;
	return true;
}

/* As run_until; where workers are only killed, what they ran is not missing
 * for longer than a session and what a take-over takes. */
static void
run_placing(struct sim *s, int64_t end)
{
	enum { LOOK_MS = 100 };

	if (!s->plan.kills) {
		run_until(s, end);
		return;
	}
	while (s->now < end && s->red[0] == '\0') {
		run_until(s, s->now + LOOK_MS < end ? s->now + LOOK_MS : end);
		if (runs_nowhere(s))
			s->fault_at = s->now;
		rules_in_time(s);
	}
}

static void
begin(struct sim *s)
{
	for (size_t i = 0; i < s->plan.workers; i++) {
		world_later(s, world_between(s, 0, 3000), EV_START, i);
		world_later(s, world_between(s, 0, GROUP_BEAT_MS), EV_GROUP, i);
	}
	for (int client = 0; client < CLIENTS; client++)
		world_push(s, (struct event){ .at = world_between(s, 500, 1500),
				  .kind = EV_CLIENT,
				  .value = client });
	world_later(s, 2000, EV_COMPACT, 0);
	world_later(s, 3000, EV_FAULT, 0);
}

const char *
sim_run(struct sim *s)
{
	size_t starts;

	begin(s);
	run_placing(s, s->plan.trouble_ms);
	if (s->red[0] == '\0')
		trouble_end(s);
	run_placing(s, s->plan.trouble_ms + s->plan.calm_ms);
	if (s->red[0] == '\0')
		rules_calm(s);
	/* What need not move does not stop. */
	starts = s->counts.of[SIM_STARTS];
	run_until(s, s->now + 2 * BEAT_MS);
	if (s->red[0] == '\0' && s->counts.of[SIM_STARTS] != starts)
		world_red(s, "something started when all was calm");
	if (s->red[0] == '\0' && trouble_last_leaves(s)) {
		run_until(s, s->now + LAST_MS);
		if (s->red[0] == '\0')
			rules_left(s);
	}
	return s->red[0] == '\0' ? NULL : s->red;
}

int64_t
sim_missing_ms(const struct sim *s)
{
	return s->missing_ms;
}

void
sim_count(const struct sim *s, struct sim_counts *sum)
{
	for (size_t i = 0; i < SIM_COUNTS; i++)
		sum->of[i] += s->counts.of[i];
}

struct sim_plan
sim_plan_of(uint64_t seed)
{
	enum {
		NO_DELAY = 5,
		NAMESAKES = 11,
		PLACED = 13,
		SIZED = 17,
		VERSIONS = 7
	};

	/* The divisors have no common factor: every mix of these occurs. */
	return (struct sim_plan){ .workers = 2 + seed % 4,
		.trouble_ms = 15000 + (int64_t)(seed % 7) * 3000,
		.calm_ms = seed % NAMESAKES == 0 ? 55000 : 40000,
		.faults = 1 + (unsigned)(seed % 3),
		.namesakes = seed % NAMESAKES == 0,
		.delay_ms = seed % NO_DELAY == 0 ? 0 : 500,
		.placed = seed % PLACED == 0,
		.sized = seed % SIZED == 0,
		.versions = seed % VERSIONS == 0 && seed % NAMESAKES != 0 };
}

struct sim_plan
sim_plan_of_kills(uint64_t seed)
{
	return (struct sim_plan){ .workers = 2 + seed % 4,
		.trouble_ms = 90000,
		.calm_ms = 40000,
		.delay_ms = seed % 2 == 0 ? 0 : 500,
		.kills = true };
}

struct sim *
sim_new(uint64_t seed, const struct sim_plan *plan)
{
	struct sim *s = xcalloc(1, sizeof *s);

	s->plan = *plan;
	s->random = seed;
	s->owner = s->last = -1;
	s->a = arena_new(ARENA_BYTES);
	s->leases.size = sizeof(struct lease_record);
	s->configs.size = sizeof(struct config_record);
	s->members.size = sizeof(struct member_info);
	for (size_t i = 0; i < plan->workers; i++) {
		struct node *n = &s->nodes[i];

		n->id =
		    sim_ids[plan->namesakes && i + 1 == plan->workers ? 0 : i];
		n->offset = world_between(s, 1, 1000000);
		n->rate = 1.0 + (double)world_between(s, -30, 30) / 1000.0;
	}
	for (int c = 0; c < CONNECTORS; c++) {
		s->wanted[c].generation = -1;
		s->newest[c] = s->acknowledged[c] = -1;
	}
	return s;
}

void
sim_free(struct sim **sp)
{
	struct sim *s = *sp;

	*sp = NULL;
	for (size_t i = 0; i < s->plan.workers; i++)
		herder_free(&s->nodes[i].h);
	free(s->leases.items);
	free(s->configs.items);
	free(s->members.items);
	free(s->heap);
	arena_free(&s->a);
	free(s);
}
