#include "reconcile/reconcile.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/dict.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "reconcile/conn.h"

#define AREA "reconcile"

/* ---- looking again ----------------------------------------------------- */

static struct conn *
next_dirty(struct reconcile *r)
{
	for (struct conn *c = r->first; c != NULL; c = c->next)
		if (c->dirty)
			return c;
	return NULL;
}

static void
check_stopped(struct reconcile *r)
{
	if (!r->stopping || r->told || r->first != NULL ||
	    supervisor_count(r->supervisor) > 0)
		return;
	r->told = true;
	r->env.stopped(r->env.ctx);
}

static void
on_soon(uv_idle_t *h)
{
	struct reconcile *r = h->data;
	struct conn *c;

	(void)uv_idle_stop(h);
	while ((c = next_dirty(r)) != NULL)
		conn_settle(c);
	check_stopped(r);
}

void
conn_touch(struct conn *c)
{
	struct reconcile *r = c->r;

	if (!r->begun && !r->stopping)
		return;
	c->dirty = true;
	if (!r->closing)
		(void)uv_idle_start(&r->soon, on_soon);
}

/* ---- restarts ---------------------------------------------------------- */

static void
restart_tasks(struct conn *c, bool only_failed)
{
	for (size_t i = 0; i < c->task_count; i++)
		if (!only_failed || task_view(c->tasks[i]).state == TASK_FAILED)
			task_restart(c->tasks[i]);
}

static void
restart_self(struct conn *c)
{
	conn_move(c, CONN_RESTARTING, NULL, NULL);
	conn_reconfigure(c);
}

/* By record: what is asked for, and only what failed if so. */
static void
restart(struct reconcile *r, const struct configs_event *e)
{
	struct conn *c = conn_find(r, e->name);

	if (c == NULL || !r->begun || r->stopping)
		return;
	if (conn_is_mine(c) && (!e->only_failed || c->state == CONN_FAILED))
		restart_self(c);
	if (e->include_tasks)
		restart_tasks(c, e->only_failed);
}

int
reconcile_restart_connector(struct reconcile *r, const char *name)
{
	struct conn *c = conn_find(r, name);

	if (c == NULL || !conn_is_mine(c))
		return -1;
	restart_self(c);
	return 0;
}

static struct task *
find_task(const struct conn *c, int id)
{
	for (size_t i = 0; i < c->task_count; i++)
		if (task_view(c->tasks[i]).id == id)
			return c->tasks[i];
	return NULL;
}

int
reconcile_restart_task(struct reconcile *r, const char *name, int id)
{
	struct conn *c = conn_find(r, name);
	struct task *t;

	if (c == NULL)
		return -1;
	t = find_task(c, id);
	if (t == NULL)
		return -2;
	task_restart(t);
	return 0;
}

/* ---- events ------------------------------------------------------------ */

static void
set_level(struct reconcile *r, const struct configs_event *e)
{
	enum ps_level level;

	if (e->level == NULL || log_level_parse(e->level, &level) != 0)
		return;
	log_set_level(e->name, level);
	supervisor_level(r->supervisor, e->name, e->level);
}

void
reconcile_event(struct reconcile *r, const struct configs_event *e)
{
	switch (e->what) {
	case CONFIGS_CONNECTOR:
	case CONFIGS_CONNECTOR_GONE:
	case CONFIGS_TASKS:
	case CONFIGS_TARGET:
	case CONFIGS_FENCING:
		/* Before the logs are read there is nothing to look at. */
		if (r->begun)
			conn_touch(conn_get(r, e->name));
		break;
	case CONFIGS_RESTART:
		restart(r, e);
		break;
	case CONFIGS_LOGGER:
		set_level(r, e);
		break;
	case CONFIGS_SESSION_KEY:
	case CONFIGS_PENSTOCK:
	case CONFIGS_BAD:
		break;
	}
}

/* What is ignored stays the last in the topic all the same. */
static bool
is_our_word(const struct reconcile *r, const struct status *st,
    enum statuses_what what)
{
	return what != STATUSES_IGNORED && st != NULL &&
	       strcmp(st->worker_id, r->env.worker_id) == 0 &&
	       strcmp(st->incarnation, r->env.incarnation) == 0;
}

/* The last word counts, but a worker that was cut off, or stood still, says
 * late what was so before the work went elsewhere: who runs it says it again.
 * Only one worker owns it, so two never answer each other. */
void
reconcile_status(struct reconcile *r, const char *connector, int task,
    enum statuses_what what)
{
	const struct statuses *all = journal_statuses(r->env.journal);
	struct conn *c = conn_find(r, connector);

	if (c == NULL || !r->begun || r->stopping ||
	    configs_find(journal_configs(r->env.journal), connector) == NULL)
		return;
	if (task < 0 && !is_our_word(r, statuses_connector(all, c->name), what))
		conn_tell(c);
	else if (task >= 0 &&
		 !is_our_word(r, statuses_task(all, c->name, task), what))
		conn_tell_task(c, task);
}

/* Statuses of what is no more, from before this start. */
static void
touch_status(void *ctx, const char *connector, int task,
    const struct status *st)
{
	struct reconcile *r = ctx;

	(void)task;
	(void)st;
	if (conn_find(r, connector) == NULL)
		conn_touch(conn_get(r, connector));
}

static void
touch_all(struct reconcile *r)
{
	const struct configs *all = journal_configs(r->env.journal);

	for (size_t i = 0; i < configs_count(all); i++)
		conn_touch(conn_get(r, configs_at(all, i)->name));
	for (struct conn *c = r->first; c != NULL; c = c->next)
		conn_touch(c);
}

void
reconcile_begin(struct reconcile *r)
{
	r->begun = true;
	reconcile_lead(r);
}

void
reconcile_lead(struct reconcile *r)
{
	if (!r->begun)
		return;
	touch_all(r);
	if (cluster_leads(r->env.cluster))
		statuses_each(journal_statuses(r->env.journal), NULL,
		    touch_status, r);
}

void
reconcile_touch(struct reconcile *r, const char *connector)
{
	if (!r->begun)
		return;
	if (connector == NULL)
		touch_all(r);
	else
		conn_touch(conn_get(r, connector));
}

void
reconcile_kill(struct reconcile *r)
{
	for (struct conn *c = r->first; c != NULL; c = c->next)
		conn_kill(c);
}

void
reconcile_put_tasks(struct reconcile *r, const char *connector,
    const struct ps_config *tasks, size_t count, journal_done_fn *fn, void *ctx)
{
	const struct configs_connector *cfg =
	    configs_find(journal_configs(r->env.journal), connector);
	struct ps_error err = { 0 };

	if (cfg == NULL) {
		(void)ps_fail(&err, PS_E_CONFIG, "there is no connector %s",
		    connector);
		fn(ctx, &err);
	} else if (configs_tasks_differ(cfg, tasks, count)) {
		conn_write_configs(r, connector,
		    &(struct conn_tasks){ tasks, count }, fn, ctx);
	} else {
		fn(ctx, NULL);
	}
}

void
reconcile_stop(struct reconcile *r)
{
	if (r->stopping)
		return;
	r->stopping = true;
	for (struct conn *c = r->first; c != NULL; c = c->next)
		conn_touch(c);
	(void)uv_idle_start(&r->soon, on_soon);
}

/* ---- questions --------------------------------------------------------- */

bool
reconcile_task(const struct reconcile *r, const char *name, int id,
    struct task_view *out)
{
	const struct conn *c = conn_find(r, name);
	const struct task *t = c == NULL ? NULL : find_task(c, id);

	if (t == NULL)
		return false;
	*out = task_view(t);
	return true;
}

bool
reconcile_is_idle(const struct reconcile *r, const char *name)
{
	const struct conn *c = conn_find(r, name);

	return c == NULL || conn_is_idle(c);
}

struct supervisor *
reconcile_supervisor(struct reconcile *r)
{
	return r->supervisor;
}

struct reconcile_counts
reconcile_counts(const struct reconcile *r)
{
	struct reconcile_counts counts = r->counts;

	for (const struct conn *c = r->first; c != NULL; c = c->next) {
		counts.connectors += conn_is_mine(c);
		for (size_t i = 0; i < c->task_count; i++)
			counts.tasks += c->tasks[i] != NULL;
	}
	return counts;
}

/* ---- life -------------------------------------------------------------- */

struct reconcile *
reconcile_new(const struct reconcile_env *env)
{
	struct reconcile *r = xcalloc(1, sizeof *r);
	struct supervisor_env sup = { env->loop, env->gate, &conn_task_ops, r,
		env->errands->program, env->keep_fd, env->cgroups };

	r->env = *env;
	r->by_name = dict_new();
	r->supervisor = supervisor_new(&sup);
	r->soon.data = r;
	(void)uv_idle_init(env->loop, &r->soon);
	return r;
}

static void
on_closed(uv_handle_t *h)
{
	free(h->data);
}

void
reconcile_free(struct reconcile **rp)
{
	struct reconcile *r = *rp;

	if (r == NULL)
		return;
	*rp = NULL;
	r->closing = true;
	assert(r->first == NULL);
	dict_free(&r->by_name);
	supervisor_free(&r->supervisor);
	uv_close((uv_handle_t *)&r->soon, on_closed);
}
