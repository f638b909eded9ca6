#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/xalloc.h"
#include "config/redact_url.h"
#include "reconcile/conn.h"

#define ARENA_BYTES 4096

static const char *const state_names[] = {
	[CONN_UNASSIGNED] = "UNASSIGNED",
	[CONN_RUNNING] = "RUNNING",
	[CONN_PAUSED] = "PAUSED",
	[CONN_STOPPED] = "STOPPED",
	[CONN_FAILED] = "FAILED",
	[CONN_RESTARTING] = "RESTARTING",
};

/* ---- writing ----------------------------------------------------------- */

static void
append(struct conn *c, const struct store_pair *record)
{
	struct store_pairs one = { record, 1 };

	/* By now others may have it, and have said so. */
	if (!cluster_may_speak(c->r->env.cluster))
		c->unsaid = true;
	else if (!c->r->closing)
		journal_append(c->r->env.journal, JOURNAL_STATUS, &one, NULL,
		    NULL);
}

static const char *
masked(struct conn *c, struct ps_arena *a, const char *text)
{
	return text == NULL ? NULL : redact_copy(c->secrets, a, text);
}

/* Connect drops what has a lower generation than it knows of. */
static int
generation_over(const struct status *cached)
{
	return cached == NULL ? 0 : cached->generation;
}

static void
write_status(struct conn *c, struct ps_arena *a, int task, struct status *st)
{
	const struct statuses *all = journal_statuses(c->r->env.journal);
	const struct status *cached = task < 0
					  ? statuses_connector(all, c->name)
					  : statuses_task(all, c->name, task);
	struct store_pair record;

	st->worker_id = c->r->env.worker_id;
	st->incarnation = c->r->env.incarnation;
	st->generation = generation_over(cached);
	st->trace = masked(c, a, st->trace);
	st->cause = masked(c, a, st->cause == NULL ? "" : st->cause);
	st->next_action = st->next_action == NULL ? "" : st->next_action;
	st->detail = st->detail == NULL ? "" : st->detail;
	record = statuses_put(a, c->name, task, st);
	append(c, &record);
}

static const char *
version_of(const struct conn *c)
{
	const struct configs_connector *cfg =
	    configs_find(journal_configs(c->r->env.journal), c->name);
	const json_t *plugin;

	if (cfg == NULL)
		return NULL;
	plugin = inventory_find(c->r->env.inventory,
	    ps_config_str(&cfg->config, "connector.class"));
	return plugin == NULL
		   ? NULL
		   : json_string_value(json_object_get(plugin, "version"));
}

static const char *
next_action_of(const struct conn *c)
{
	if (c->state == CONN_FAILED)
		return "change the configuration, or restart the connector "
		       "when the cause is gone";
	return c->cause == NULL ? "" : "is tried again by itself";
}

void
conn_say(struct conn *c)
{
	struct ps_arena *a = arena_new(ARENA_BYTES);
	struct status st = { .state = state_names[c->state],
		.cause = c->cause,
		.trace = c->trace,
		.since_ms = c->since.ms,
		.next_action = next_action_of(c),
		.restarts = c->backoff.tries,
		.version = version_of(c) };

	write_status(c, a, -1, &st);
	arena_free(&a);
}

void
conn_tell(struct conn *c)
{
	if (conn_is_mine(c) && c->state != CONN_UNASSIGNED)
		conn_say(c);
}

void
conn_move(struct conn *c, enum conn_state to, const char *cause,
    const char *trace)
{
	char *own_cause = cause == NULL ? NULL : xstrdup(cause);
	char *own_trace = trace == NULL ? NULL : xstrdup(trace);

	if (c->state != to)
		c->since = wall_now();
	c->state = to;
	free(c->cause);
	free(c->trace);
	c->cause = own_cause;
	c->trace = own_trace;
	conn_say(c);
}

/* STALLED, GAP and COMPLETED are more than Connect can say. */
static const char *
detail_of(const struct task_view *v)
{
	if (v->stalled)
		return "STALLED";
	if (v->is_gap)
		return "GAP";
	return v->state == TASK_COMPLETED ? "COMPLETED" : "";
}

void
conn_write_task(struct conn *c, const struct task_view *v)
{
	struct ps_arena *a = arena_new(ARENA_BYTES);
	struct status st = { .state = task_state_connect(v->state),
		.trace = v->state == TASK_FAILED ? v->trace : NULL,
		.detail = detail_of(v),
		.cause = v->cause,
		.next_action = v->next_action,
		.since_ms = v->since.ms,
		.restarts = v->restarts,
		.version = version_of(c) };

	write_status(c, a, v->id, &st);
	arena_free(&a);
}

void
conn_write_waiting(struct conn *c, size_t count, const char *cause)
{
	struct task_view v = { .connector = c->name,
		.state = TASK_UNASSIGNED,
		.cause = cause,
		.since = wall_now() };

	for (size_t i = 0; i < count; i++) {
		v.id = (int)i;
		conn_write_task(c, &v);
	}
}

/* ---- forgetting -------------------------------------------------------- */

struct forgotten {
	struct conn *c;
	struct ps_arena *a;
	int first; /* tasks from this number on; -1: the connector too */
	bool all;  /* also what other workers wrote */
	struct store_pair *records;
	size_t count, room;
};

static void
add_record(struct forgotten *f, struct store_pair record)
{
	if (f->count == f->room) {
		f->room = f->room == 0 ? 8 : f->room * 2;
		f->records = xrealloc(f->records, f->room * sizeof *f->records);
	}
	f->records[f->count++] = record;
}

static void
forget_task(void *ctx, const char *connector, int task, const struct status *st)
{
	struct forgotten *f = ctx;

	if (task >= f->first &&
	    (f->all || strcmp(st->worker_id, f->c->r->env.worker_id) == 0))
		add_record(f, statuses_put(f->a, connector, task, NULL));
}

static void
forget_topic(void *ctx, const struct status_topic *t)
{
	struct forgotten *f = ctx;

	add_record(f, statuses_delete_topic(f->a, t->connector, t->topic));
}

static void
forget(struct conn *c, int first)
{
	const struct statuses *all = journal_statuses(c->r->env.journal);
	struct forgotten f = { .c = c,
		.a = arena_new(ARENA_BYTES),
		.first = first,
		.all = first >= 0 || cluster_leads(c->r->env.cluster) };

	statuses_each(all, c->name, forget_task, &f);
	if (first < 0 && f.all)
		statuses_each_topic(all, c->name, forget_topic, &f);
	for (size_t i = 0; i < f.count; i++)
		append(c, &f.records[i]);
	free(f.records);
	arena_free(&f.a);
}

void
conn_forget_tasks(struct conn *c, int first)
{
	forget(c, first);
}

void
conn_forget_all(struct conn *c)
{
	forget(c, -1);
}

/* ---- topics and secrets ------------------------------------------------ */

void
conn_write_topic(struct conn *c, int task, const char *topic)
{
	struct status_topic t = { topic, c->name, task, wall_now().ms };
	struct ps_arena *a;
	struct store_pair record;

	if (!ps_config_bool(&c->r->env.options->all, "topic.tracking.enable"))
		return;
	if (statuses_has_topic(journal_statuses(c->r->env.journal), c->name,
		topic))
		return;
	a = arena_new(ARENA_BYTES);
	record = statuses_put_topic(a, &t);
	append(c, &record);
	arena_free(&a);
}

void
conn_learn_secrets(struct conn *c, const struct ps_config *config)
{
	redact_free(&c->secrets);
	c->secrets = redact_new();
	for (size_t i = 0; i < config->count; i++) {
		if (config->settings[i].value != NULL &&
		    redact_is_secret_key(config->settings[i].key))
			redact_add(c->secrets, config->settings[i].value);
		redact_url_add(c->secrets, config->settings[i].value);
	}
}
