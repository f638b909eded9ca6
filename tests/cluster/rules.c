#include "tests/cluster/sim_impl.h"

#define TASKS_ALL (-2)

bool
rules_is_active(const struct sim *s, const struct node *n,
    const struct child *c)
{
	return c->used && !c->idle && world_clock(s, n) < c->lease;
}

static void
check_one(struct sim *s, size_t at, const struct child *mine, size_t other,
    const struct child *c)
{
	if (c == mine || !rules_is_active(s, &s->nodes[other], c))
		return;
	if (c->task == mine->task)
		world_red(s, "%s %d runs on w%zu and on w%zu",
		    sim_connectors[mine->connector], mine->task, other, at);
	if (c->task >= 0 && mine->task >= 0 &&
	    c->generation != mine->generation)
		world_red(s,
		    "%s runs generation %lld on w%zu while w%zu runs %lld",
		    sim_connectors[mine->connector],
		    (long long)mine->generation, at, other,
		    (long long)c->generation);
}

void
rules_alone(struct sim *s, size_t at, const struct child *mine)
{
	for (size_t i = 0; i < s->plan.workers; i++)
		for (int t = 0; t <= MAX_TASKS; t++)
			check_one(s, at, mine, i,
			    &s->nodes[i].children[mine->connector][t]);
}

void
rules_refused(struct sim *s, size_t i)
{
	int at = sim_namesake(s, i);
	const struct node *other = &s->nodes[at < 0 ? (int)i : at];

	if (at < 0)
		world_red(s, "w%zu has an id of its own, and gives it up", i);
	else if (other->h == NULL && s->now - other->ended_at > SESSION_MS)
		world_red(s, "w%zu gives its id up to w%d, which is gone", i,
		    at);
	/* One of them has settled. */
	s->nodes[i].refused |= s->now > s->plan.trouble_ms + 3 * SESSION_MS;
	if (s->nodes[i].refused && other->refused)
		world_red(s, "w%zu and w%d both give their id up", i, at);
}

/* ---- when all is calm -------------------------------------------------- */

/* Of one connector, or of all (-1); a task, or all of them. */
static size_t
count_active(const struct sim *s, size_t i, int connector, int task)
{
	const struct node *n = &s->nodes[i];
	size_t count = 0;

	for (int c = 0; c < CONNECTORS; c++)
		for (int t = -1; t < MAX_TASKS; t++) {
			const struct child *ch = &n->children[c][1 + t];

			count += (connector < 0 || connector == c) &&
				 (task == TASKS_ALL ? t >= 0 : t == task) &&
				 rules_is_active(s, n, ch) && !ch->stopping;
		}
	return count;
}

static void
check_spread(struct sim *s, int connector, int task, const char *what)
{
	size_t low = SIZE_MAX, high = 0, count;

	for (size_t i = 0; i < s->plan.workers; i++) {
		int other = sim_namesake(s, i);

		if ((other < 0 && s->nodes[i].sick) || (other >= 0 && i > 0))
			continue;
		count = count_active(s, i, connector, task);
		if (other >= 0)
			count +=
			    count_active(s, (size_t)other, connector, task);
		low = count < low ? count : low;
		high = count > high ? count : high;
	}
	if (high > low + 1)
		world_red(s, "%s: one worker has %zu, another %zu", what, high,
		    low);
}

static void
check_placed(struct sim *s, int connector, int task)
{
	size_t count = 0;

	for (size_t i = 0; i < s->plan.workers; i++)
		count += count_active(s, i, connector, task);
	if (count != 1)
		world_red(s, "%s %d runs %zu times when all is calm",
		    sim_connectors[connector], task, count);
}

/* Of two with one id, one gives up. */
static void
check_namesakes(struct sim *s)
{
	int at = sim_namesake(s, 0);
	const struct node *a = &s->nodes[0], *b = &s->nodes[at < 0 ? 0 : at];
	int64_t before = s->now - 2 * BEAT_MS;

	if (at >= 0 && a->h != NULL && b->h != NULL && !a->sick && !b->sick &&
	    a->started_at < before && b->started_at < before)
		world_red(s, "w0 and w%d go on with one id", at);
}

/* What went the leader does not remember, and nobody waits for an answer. A
 * reader may miss a tombstone that was compacted away before it came there; it
 * tidies up when it leads. */
static void
check_records(struct sim *s, size_t i)
{
	const struct table *t = herder_table(s->nodes[i].h);

	if (herder_role(s->nodes[i].h) != HERDER_LEADER)
		return;
	for (size_t k = 0; k < table_count(t); k++) {
		const struct entry *e = table_at(t, k);

		if (!e->wanted.exists || e->is.debt_count > 0)
			world_red(s, "w%zu knows %s, with %zu debts", i,
			    e->name, e->is.debt_count);
	}
}

void
rules_calm(struct sim *s)
{
	check_namesakes(s);
	for (size_t i = 0; i < s->plan.workers; i++)
		if (s->nodes[i].h != NULL)
			check_records(s, i);
	for (int c = 0; c < CONNECTORS; c++) {
		const struct wanted *w = &s->wanted[c];

		if (!w->exists)
			continue;
		check_placed(s, c, -1);
		for (int t = 0; !w->stopped && t < (int)w->task_count; t++)
			check_placed(s, c, t);
		check_spread(s, c, TASKS_ALL, sim_connectors[c]);
	}
	check_spread(s, -1, TASKS_ALL, "tasks in total");
	check_spread(s, -1, -1, "connectors in total");
}
