#include "rest/view.h"

#include <string.h>

#include "base/arena.h"
#include "base/js.h"
#include "config/expand.h"
#include "config/map.h"
#include "config/redact_url.h"
#include "worker/fitness.h"
#include "worker/worker.h"

/* ---- info -------------------------------------------------------------- */

static json_t *
task_id(const char *connector, int task)
{
	return json_pack("{s:s, s:i}", "connector", connector, "task", task);
}

static size_t
task_count(const struct configs_connector *cfg)
{
	return cfg->tasks == NULL ? 0 : cfg->task_count;
}

static const char *
type_of(struct worker *w, const struct configs_connector *cfg)
{
	return inventory_connector_type(worker_inventory(w),
	    ps_config_str(&cfg->config, "connector.class"));
}

/* A reference like ${file:…} is no secret; a ${ alone is a part of one. */
static const char *
shown(struct ps_arena *a, const char *key, const char *value)
{
	if (value == NULL || value[0] == '\0')
		return value;
	return redact_is_secret_key(key) && !expand_has(value)
		   ? REDACT_MASK
		   : redact_url(a, value);
}

json_t *
view_config(const struct ps_config *c)
{
	struct ps_arena *a = arena_new(512);
	json_t *out = js_from_config(c);

	for (size_t i = 0; i < c->count; i++) {
		const struct ps_setting *s = &c->settings[i];
		const char *text = shown(a, s->key, s->value);

		if (text != s->value)
			(void)json_object_set_new(out, s->key, js_str(text));
	}
	arena_free(&a);
	return out;
}

static bool
is_mask(const struct ps_setting *s)
{
	return strcmp(s->value, REDACT_MASK) == 0 &&
	       redact_is_secret_key(s->key);
}

static const char *
meant_by(struct ps_arena *a, const struct ps_setting *s, const char *present)
{
	if (s->value == NULL || present == NULL)
		return s->value;
	if (is_mask(s) || strcmp(s->value, shown(a, s->key, present)) == 0)
		return present;
	return redact_url_back(a, s->value, present);
}

struct ps_config
view_unmask(struct ps_arena *a, const struct ps_config *given,
    const struct ps_config *present)
{
	struct ps_config c = *given;

	for (size_t i = 0; i < given->count; i++) {
		const struct ps_setting *s = &given->settings[i];
		const char *value = ps_config_get(present, s->key);
		const char *meant = meant_by(a, s, value);

		if (meant != s->value)
			c = config_with(a, &c, s->key, meant);
	}
	return c;
}

static bool
has_mask(const struct ps_setting *s)
{
	return s->value != NULL &&
	       (is_mask(s) || redact_url_is_masked(s->value));
}

int
view_check_unmasked(const struct ps_config *c, const struct ps_config *present,
    struct ps_error *err)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct ps_setting *s = &c->settings[i];
		const char *was =
		    present == NULL ? NULL : ps_config_get(present, s->key);

		if (has_mask(s) && (was == NULL || strcmp(was, s->value) != 0))
			return ps_fail(err, PS_E_CONFIG,
			    "%s: %s stands for a secret that is there, and "
			    "there is none",
			    s->key, REDACT_MASK);
	}
	return 0;
}

json_t *
view_info(struct worker *w, const struct configs_connector *cfg)
{
	json_t *tasks = json_array();

	for (size_t i = 0; i < task_count(cfg); i++)
		(void)json_array_append_new(tasks, task_id(cfg->name, (int)i));
	return json_pack("{s:s, s:o, s:o, s:s}", "name", cfg->name, "config",
	    view_config(&cfg->config), "tasks", tasks, "type", type_of(w, cfg));
}

json_t *
view_tasks(const struct configs_connector *cfg)
{
	json_t *tasks = json_array();

	for (size_t i = 0; i < task_count(cfg); i++)
		(void)json_array_append_new(tasks,
		    json_pack("{s:o, s:o}", "id", task_id(cfg->name, (int)i),
			"config", view_config(&cfg->tasks[i])));
	return tasks;
}

/* ---- states ------------------------------------------------------------ */

static void
set_text(json_t *obj, const char *name, const char *text)
{
	if (text != NULL && text[0] != '\0')
		(void)json_object_set_new(obj, name, js_str(text));
}

static json_t *
state_object(const struct status *st, const char *state)
{
	struct ps_arena *a = arena_new(256);
	json_t *obj = json_object();

	set_text(obj, "state", state);
	set_text(obj, "worker_id", st->worker_id);
	set_text(obj, "version", st->version);
	set_text(obj, "trace", st->trace);
	set_text(obj, "detail", st->detail);
	set_text(obj, "cause", st->cause);
	set_text(obj, "next_action", st->next_action);
	if (st->since_ms > 0)
		set_text(obj, "since",
		    wall_iso(a, (struct wall_ms){ st->since_ms }));
	(void)json_object_set_new(obj, "restarts", json_integer(st->restarts));
	arena_free(&a);
	return obj;
}

/* As it will be when what was asked for has come to it. */
static const char *
asked_state(const struct status *st, unsigned flags, unsigned which)
{
	if ((flags & which) == 0)
		return NULL;
	if ((flags & VIEW_RESTART_FAILED) != 0 &&
	    strcmp(st->state, "FAILED") != 0)
		return NULL;
	return "RESTARTING";
}

/* Of what has come to the target. */
static json_t *
freshness(const struct child_delivered *d)
{
	struct ps_arena *a = arena_new(256);
	int64_t age = wall_now().ms - d->newest_ms;
	json_t *obj =
	    json_pack("{s:I, s:s, s:s, s:I}", "records", (json_int_t)d->records,
		"delivered", wall_iso(a, (struct wall_ms){ d->at_ms }),
		"newest", wall_iso(a, (struct wall_ms){ d->newest_ms }),
		"age_ms", (json_int_t)(age < 0 ? 0 : age));

	arena_free(&a);
	return obj;
}

static json_t *
task_object(struct worker *w, const char *connector, int task, unsigned flags)
{
	const struct status *st =
	    statuses_task(journal_statuses(worker_journal(w)), connector, task);
	const char *state;
	struct task_view v;
	json_t *obj;

	if (st == NULL)
		return NULL;
	state = asked_state(st, flags, VIEW_RESTART_TASKS);
	obj = state_object(st,
	    state != NULL ? state : fitness_state(w, connector, task, st));
	(void)json_object_set_new(obj, "id", json_integer(task));
	if (reconcile_task(worker_reconcile(w), connector, task, &v) &&
	    v.delivered.at_ms > 0)
		(void)json_object_set_new(obj, "freshness",
		    freshness(&v.delivered));
	return obj;
}

json_t *
view_task(struct worker *w, const char *connector, int task)
{
	return task_object(w, connector, task, VIEW_AS_IT_IS);
}

json_t *
view_status(struct worker *w, const struct configs_connector *cfg,
    unsigned flags)
{
	const struct status *st =
	    statuses_connector(journal_statuses(worker_journal(w)), cfg->name);
	const struct status none = { .state = "UNASSIGNED",
		.worker_id = worker_id(w) };
	const char *state;
	json_t *tasks, *task;

	/* Written, but nobody has come to it yet. */
	if (st == NULL)
		st = &none;
	state = asked_state(st, flags, VIEW_RESTART);
	if (state == NULL)
		state = fitness_state(w, cfg->name, -1, st);
	tasks = json_array();
	for (size_t i = 0; i < task_count(cfg); i++) {
		task = task_object(w, cfg->name, (int)i, flags);
		if (task != NULL)
			(void)json_array_append_new(tasks, task);
	}
	return json_pack("{s:s, s:o, s:o, s:s}", "name", cfg->name, "connector",
	    state_object(st, state), "tasks", tasks, "type", type_of(w, cfg));
}

static unsigned
rank_of(const json_t *state)
{
	static const struct {
		const char *member, *text;
	} worst_first[] = {
		{ "state", "FAILED" },
		{ "detail", "STALLED" },
		{ "state", "UNASSIGNED" },
		{ "state", "RESTARTING" },
	};
	unsigned i = 0;

	for (; i < sizeof worst_first / sizeof *worst_first; i++) {
		const char *text = js_opt_str(state, worst_first[i].member);

		if (text != NULL && strcmp(text, worst_first[i].text) == 0)
			break;
	}
	return i;
}

unsigned
view_rank(struct worker *w, const struct configs_connector *cfg)
{
	json_t *status = view_status(w, cfg, VIEW_AS_IT_IS);
	const json_t *tasks = json_object_get(status, "tasks"), *task;
	unsigned worst = rank_of(json_object_get(status, "connector"));
	size_t i;

	json_array_foreach(tasks, i, task)
	{
		unsigned rank = rank_of(task);

		worst = rank < worst ? rank : worst;
	}
	json_decref(status);
	return worst;
}
