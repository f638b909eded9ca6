#include "worker/fitness.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "config/map.h"
#include "worker/flow.h"
#include "worker/worker.h"

#define MARK_BYTES 300

/* ---- one state --------------------------------------------------------- */

/* What somebody wrote is no proof that it runs: it must be there, and be its
 * to run. */
static bool
is_proven(struct worker *w, const char *connector, int task,
    const struct status *st)
{
	const char *incarnation =
	    st->incarnation == NULL ? "" : st->incarnation;

	if (worker_cluster(w) == NULL)
		return strcmp(incarnation, worker_incarnation(w)) == 0;
	return cluster_trusts(worker_cluster(w), connector, task, st->worker_id,
	    incarnation);
}

const char *
fitness_state(struct worker *w, const char *connector, int task,
    const struct status *st)
{
	if (is_proven(w, connector, task, st) ||
	    strcmp(st->state, "FAILED") == 0 ||
	    strcmp(st->state, "STOPPED") == 0)
		return st->state;
	return "UNASSIGNED";
}

/* ---- marks ------------------------------------------------------------- */

struct marking {
	json_t *out;
};

static const char *
mark_name(char *buf, const char *connector, int task)
{
	(void)snprintf(buf, MARK_BYTES, "%s-%d", connector, task);
	return buf;
}

static void
mark(void *ctx, const char *connector, int task, const struct status *st)
{
	struct marking *m = ctx;
	char name[MARK_BYTES];

	if (task >= 0)
		(void)json_object_set_new(m->out,
		    mark_name(name, connector, task),
		    json_integer(st->since_ms));
}

json_t *
fitness_marks(struct worker *w, const struct flow_plan *p)
{
	struct marking m = { json_object() };

	for (size_t i = 0; i < p->count; i++)
		if (p->changes[i].action == FLOW_RECONFIGURE)
			statuses_each(journal_statuses(worker_journal(w)),
			    p->changes[i].connector, mark, &m);
	return m.out;
}

/* ---- a pipeline -------------------------------------------------------- */

struct looking {
	struct worker *w;
	struct ps_arena *a;
	const json_t *marks;
	struct fitness f;
};

/* The first fault is the one that is told. */
static void
tell(struct looking *l, const char *what, const char *state, const char *cause)
{
	if (l->f.fault != NULL)
		return;
	l->f.fault = ps_printf(l->a, "%s %s%s%s", what, state,
	    cause == NULL || cause[0] == '\0' ? "" : ": ",
	    cause == NULL ? "" : cause);
}

static bool
is_old(const struct looking *l, const char *connector, int task,
    const struct status *st)
{
	char name[MARK_BYTES];
	const json_t *was =
	    json_object_get(l->marks, mark_name(name, connector, task));

	return was != NULL && json_integer_value(was) == st->since_ms;
}

static void
look_at_task(struct looking *l, const char *connector, int task)
{
	const struct status *st = statuses_task(
	    journal_statuses(worker_journal(l->w)), connector, task);
	char what[MARK_BYTES];
	const char *state;

	(void)snprintf(what, sizeof what, "task %s-%d", connector, task);
	if (st == NULL) {
		tell(l, what, "has not been started", NULL);
		return;
	}
	l->f.sum += st->since_ms;
	state = fitness_state(l->w, connector, task, st);
	if (strcmp(state, "RUNNING") != 0)
		tell(l, what, ps_printf(l->a, "is %s", state), st->cause);
	else if (st->detail != NULL && st->detail[0] != '\0' &&
		 strcmp(st->detail, "COMPLETED") != 0)
		tell(l, what, ps_printf(l->a, "is %s", st->detail), st->cause);
	else if (is_old(l, connector, task, st))
		tell(l, what, "has not been started again", NULL);
}

static void
look_at(struct looking *l, const struct configs_connector *c)
{
	const struct status *st =
	    statuses_connector(journal_statuses(worker_journal(l->w)), c->name);
	const char *what = ps_printf(l->a, "connector %s", c->name);
	const char *state =
	    st == NULL ? "UNASSIGNED" : fitness_state(l->w, c->name, -1, st);

	if (c->target != TARGET_STARTED)
		return; /* as somebody wants it */
	if (strcmp(state, "RUNNING") != 0)
		tell(l, what, ps_printf(l->a, "is %s", state),
		    st == NULL ? NULL : st->cause);
	else if (c->tasks == NULL || c->task_count == 0 || !c->has_applied ||
		 !config_equal(&c->applied, &c->config))
		tell(l, what, "has no tasks of its configuration yet", NULL);
	for (size_t i = 0; c->tasks != NULL && i < c->task_count; i++)
		look_at_task(l, c->name, (int)i);
}

struct fitness
fitness_of(struct worker *w, struct ps_arena *a, const char *pipeline,
    const json_t *marks)
{
	const struct configs *all = journal_configs(worker_journal(w));
	struct looking l = { .w = w, .a = a, .marks = marks };

	for (size_t i = 0; i < configs_count(all); i++) {
		const char *owner = flow_of(&configs_at(all, i)->config);

		if (owner != NULL && strcmp(owner, pipeline) == 0)
			look_at(&l, configs_at(all, i));
	}
	return l.f;
}
