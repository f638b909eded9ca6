#include <string.h>

#include "reconcile/cluster_impl.h"
#include "store/wire.h"

/* ---- what runs where --------------------------------------------------- */

bool
cluster_owns(const struct cluster *c, const char *connector, int task,
    int64_t generation)
{
	return c == NULL || herder_owns(c->h, connector, task, generation);
}

bool
cluster_may_start(const struct cluster *c, const char *connector, int task,
    int64_t generation)
{
	return c == NULL ||
	       herder_may_start(c->h, clock_now(), connector, task, generation);
}

bool
cluster_may_speak(const struct cluster *c)
{
	return c == NULL || herder_may_speak(c->h, clock_now());
}

bool
cluster_is_idle(const struct cluster *c, const char *connector)
{
	return c == NULL || herder_is_idle(c->h, connector);
}

bool
cluster_has_moved_on(const struct cluster *c, const char *connector)
{
	const struct entry *e =
	    c == NULL ? NULL : table_find(herder_table(c->h), connector);

	for (size_t i = 0; e != NULL && i < e->is.task_count; i++)
		if (entry_owner(e, (int)i) != NULL)
			return true;
	return c == NULL;
}

void
cluster_process(struct cluster *c, const char *connector, int task,
    int64_t generation, bool began)
{
	struct herder_event ev = { .kind = HERDER_PROCESS,
		.connector = connector };

	if (c == NULL)
		return;
	ev.process.task = task;
	ev.process.generation = generation;
	ev.process.began = began;
	cluster_step(c, &ev);
}

bool
cluster_trusts(const struct cluster *c, const char *connector, int task,
    const char *id, const char *incarnation)
{
	const struct entry *e = table_find(herder_table(c->h), connector);
	const struct who *owner = e == NULL ? NULL : entry_owner(e, task);
	struct who who = { .id = id };

	if (owner == NULL ||
	    wire_parse_incarnation(incarnation, &who.incarnation) != 0)
		return false;
	return who_is(owner, &who) &&
	       herder_is_alive(c->h, id, who.incarnation);
}

/* ---- who leads --------------------------------------------------------- */

bool
cluster_leads(const struct cluster *c)
{
	return c == NULL || herder_leads(c->h);
}

const char *
cluster_leader(const struct cluster *c)
{
	const struct claim *claim = c == NULL ? NULL : herder_leader(c->h);

	if (claim == NULL || claim->who.incarnation == 0 ||
	    !herder_is_alive(c->h, claim->who.id, claim->who.incarnation))
		return NULL;
	return claim->url;
}

const char *
cluster_owner(const struct cluster *c, const char *connector, int task)
{
	const struct entry *e =
	    c == NULL ? NULL : table_find(herder_table(c->h), connector);
	const struct who *owner = e == NULL ? NULL : entry_owner(e, task);
	const struct member_info *info;

	if (owner == NULL)
		return NULL;
	info = members_find(herder_members(c->h), owner);
	return info == NULL ? NULL : info->url;
}

const char *
cluster_incarnation(const struct cluster *c)
{
	return c->incarnation;
}

const struct moves *
cluster_moves(const struct cluster *c)
{
	return c->moves;
}

const struct herder *
cluster_herder(const struct cluster *c)
{
	return c->h;
}

/* ---- task configs ------------------------------------------------------ */

void
cluster_on_tasks(struct cluster *c, const struct cluster_tasks_ops *ops,
    void *ctx)
{
	c->tasks = ops;
	c->tasks_ctx = ctx;
}

void
cluster_send_tasks(struct cluster *c, const char *connector,
    const struct ps_config *tasks, size_t count, journal_done_fn *fn, void *ctx)
{
	struct ps_error err = { 0 };

	if (c->tasks != NULL && cluster_leader(c) != NULL) {
		c->tasks->send(c->tasks_ctx, connector, tasks, count, fn, ctx);
		return;
	}
	(void)ps_fail(&err, PS_E_RETRY, "the cluster has no leader now");
	fn(ctx, &err);
}

void
cluster_forget_tasks(struct cluster *c, const void *ctx)
{
	if (c != NULL && c->tasks != NULL)
		c->tasks->forget(c->tasks_ctx, ctx);
}
