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
		if (s->nodes[i].sick)
			continue;
		count = count_active(s, i, connector, task);
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

void
rules_calm(struct sim *s)
{
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
