#include <stdlib.h>
#include <string.h>

#include "base/js.h"
#include "base/log.h"
#include "child/child.h"
#include "child/paths.h"
#include "child/roles.h"
#include "config/map.h"
#include "kafka/conf.h"
#include "kafka/fence.h"
#include "letters/letters.h"
#include "letters/preview.h"
#include "letters/replay.h"
#include "task/clean.h"
#include "task/overlays.h"
#include "task/own_answers.h"
#include "task/task.h"
#include "validate/validate.h"

enum { IDLE_MS = 1000, FENCE_MS = 30000 };

struct connector {
	struct task task; /* settings, host and waiting; no loop */
	const json_t *plugins;
	bool is_enclosed;
	bool is_open; /* its class and configuration are there */
	struct instance ops;
	struct ps_config config;  /* complete */
	struct ps_config watched; /* and what tasks were made of */
	struct own_answers own;
};

typedef json_t *
op_fn(struct connector *c, const json_t *args, struct ps_error *err);

/* ---- The operations ---- */

static json_t *
do_validate(struct connector *c, const json_t *args, struct ps_error *err)
{
	struct settings *s = &c->task.settings;
	const json_t *given = json_object_get(args, "config");
	struct ps_config raw = s->raw;

	if (given != NULL && js_to_config(s->arena, given, &raw, err) != 0)
		return NULL;
	return validate_config(s, host_abi(c->task.host),
	    uplink_redact(c->task.uplink), &raw, err);
}

/* What validate does not need: a configuration that passes. */
static int
open_connector(struct connector *c, struct ps_error *err)
{
	struct settings *s = &c->task.settings;
	struct ps_config given;

	if (c->is_open)
		return 0;
	if (settings_connector(s, uplink_redact(c->task.uplink), err) != 0 ||
	    instance_init(&c->ops, s->class, err) != 0)
		return -1;
	given = config_with(s->arena, &s->config, "name", s->connector);
	if (instance_complete(&c->ops, s->arena, &given, &c->config, err) != 0)
		return -1;
	c->watched = c->config;
	c->is_open = true;
	return 0;
}

static int
ask_task_configs(struct connector *c, size_t max, struct ps_task_configs *out,
    struct ps_error *err)
{
	const struct ps_host *h = host_abi(c->task.host);
	bool sink = settings_is_sink(&c->task.settings);
	int (*op)(const struct ps_host *, const struct ps_config *, size_t,
	    struct ps_task_configs *, struct ps_error *) =
	    sink ? c->ops.sink.task_configs : c->ops.source.task_configs;
	int result = 0;

	out->arena = c->task.settings.arena;
	gauges_enter(c->task.gauges, "task_configs");
	if (op != NULL)
		result = op(h, &c->config, max, out, err);
	else
		for (size_t i = 0; i < (sink ? max : 1); i++)
			ps_task_add(out, NULL, 0);
	gauges_leave(c->task.gauges);
	return result;
}

static const char *
joined(struct ps_arena *a, const struct ps_task_configs *out, const char *key)
{
	const char *all = "";

	for (size_t i = 0; i < out->count; i++)
		for (const struct ps_setting *s = out->tasks[i]; s->key != NULL;
		     s++)
			if (strcmp(s->key, key) == 0)
				all = ps_printf(a, "%s%s%s", all,
				    all[0] == '\0' ? "" : ",", s->value);
	return all;
}

/* A change between task_configs and watch would else never be seen. */
static void
note_watched(struct connector *c, const struct ps_task_configs *out)
{
	struct ps_arena *a = c->task.settings.arena;

	c->watched = c->config;
	for (size_t i = 0; i < out->count; i++)
		for (const struct ps_setting *s = out->tasks[i]; s->key != NULL;
		     s++)
			c->watched = config_with(a, &c->watched, s->key,
			    joined(a, out, s->key));
}

static json_t *
do_task_configs(struct connector *c, const json_t *args, struct ps_error *err)
{
	struct settings *s = &c->task.settings;
	struct ps_task_configs out = { 0 };
	int64_t max;

	if (open_connector(c, err) != 0)
		return NULL;
	max = js_opt_int(args, "max", ps_config_int(&s->common, "tasks.max"));
	if (ask_task_configs(c, (size_t)max, &out, err) != 0)
		return NULL;
	note_watched(c, &out);
	if (overlays_check_count(s, out.count, (size_t)max, err) != 0)
		return NULL;
	return overlays_json(s, &out, err);
}

static json_t *
do_watch(struct connector *c, const json_t *args, struct ps_error *err)
{
	const struct ps_host *h = host_abi(c->task.host);
	bool sink;
	int (*op)(const struct ps_host *, const struct ps_config *,
	    struct ps_error *);
	int result = 0;

	(void)args;
	if (open_connector(c, err) != 0)
		return NULL;
	sink = settings_is_sink(&c->task.settings);
	op = sink ? c->ops.sink.watch : c->ops.source.watch;
	if (op != NULL)
		result = op(h, &c->watched, err);
	if (result < 0)
		return NULL;
	return json_pack("{s:b, s:b}", "changed", result == 1, "supported",
	    op != NULL);
}

static json_t *
do_alter_offsets(struct connector *c, const json_t *args, struct ps_error *err)
{
	if (open_connector(c, err) != 0)
		return NULL;
	return overlays_alter_offsets(&c->task, &c->ops, &c->config,
	    json_object_get(args, "items"), err);
}

static json_t *
do_clean(struct connector *c, const json_t *args, struct ps_error *err)
{
	if (open_connector(c, err) != 0)
		return NULL;
	return clean_outside(&c->task, &c->ops, &c->config,
	    json_object_get(args, "topics"), err);
}

/* With the connector's own client settings: its tasks' transactions may be on
 * another cluster, or another's to touch, than the worker's. */
static json_t *
do_fence(struct connector *c, const json_t *args, struct ps_error *err)
{
	struct settings *s = &c->task.settings;
	size_t count = (size_t)js_opt_int(args, "tasks", 0);
	struct conf_owner owner = { &s->worker, &s->config, s->connector, 0 };
	const char **ids;
	struct ps_config client;

	if (open_connector(c, err) != 0)
		return NULL;
	ids = (const char **)ps_calloc(s->arena, count + 1, sizeof *ids);
	for (size_t i = 0; i < count; i++)
		ids[i] = conf_transactional_id(s->arena, &s->worker,
		    s->connector, (int)i);
	client = conf_settings(s->arena, CONF_SOURCE_EOS, &owner);
	if (fence_ids(&client, ids, count, FENCE_MS, err) != 0)
		return NULL;
	return json_pack("{s:I}", "fenced", (json_int_t)count);
}

static json_t *
do_read_offsets(struct connector *c, const json_t *args, struct ps_error *err)
{
	if (open_connector(c, err) != 0)
		return NULL;
	return own_answers_read(&c->own, &c->task, args, err);
}

static json_t *
do_write_offsets(struct connector *c, const json_t *args, struct ps_error *err)
{
	if (open_connector(c, err) != 0)
		return NULL;
	return own_answers_write(&c->own, &c->task, args, err);
}

static json_t *
do_preview(struct connector *c, const json_t *args, struct ps_error *err)
{
	return preview_run(&c->task.settings, host_abi(c->task.host),
	    uplink_redact(c->task.uplink), args, err);
}

static json_t *
do_letters(struct connector *c, const json_t *args, struct ps_error *err)
{
	if (open_connector(c, err) != 0)
		return NULL;
	return letters_list(&c->task.settings, uplink_redact(c->task.uplink),
	    args, err);
}

static json_t *
do_replay(struct connector *c, const json_t *args, struct ps_error *err)
{
	if (open_connector(c, err) != 0)
		return NULL;
	return replay_run(&c->task.settings, host_abi(c->task.host), args, err);
}

static const struct {
	const char *name;
	op_fn *run;
} ops[] = {
	{ "validate", do_validate },
	{ "task_configs", do_task_configs },
	{ "watch", do_watch },
	{ "alter_offsets", do_alter_offsets },
	{ "clean", do_clean },
	{ "fence", do_fence },
	{ "read_offsets", do_read_offsets },
	{ "write_offsets", do_write_offsets },
	{ "preview", do_preview },
	{ "letters", do_letters },
	{ "replay", do_replay },
};

/* ---- Requests ---- */

/* By what the first of them is about: all are of one connector. What does not
 * resolve is said by who needs it. */
static int
enclose(struct connector *c, const json_t *args, struct ps_error *err)
{
	struct settings *s = &c->task.settings;
	const json_t *given = json_object_get(args, "config");
	struct ps_config more = { NULL, 0 }, all;
	struct ps_error unresolved = { 0 };

	if (given != NULL && js_to_config(s->arena, given, &more, err) != 0)
		return -1;
	all = config_merge(s->arena, &s->raw, &more);
	if (paths_enclose(s, c->plugins, &all, &unresolved, err) != 0)
		return -1;
	c->is_enclosed = true;
	return 0;
}

static json_t *
run_op(struct connector *c, const struct msg_request *q, struct ps_error *err)
{
	if (!c->is_enclosed && enclose(c, q->args, err) != 0)
		return NULL;
	for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
		if (strcmp(ops[i].name, q->op) == 0)
			return ops[i].run(c, q->args, err);
	(void)ps_fail(err, PS_E_DATA, "unknown request %s", q->op);
	return NULL;
}

static int
serve_request(struct connector *c, const struct msg_request *q,
    struct ps_error *err)
{
	struct msg m = { .type = MSG_TYPE_REPLY };
	struct ps_error why = { 0 };
	json_t *result = run_op(c, q, &why);
	int sent;

	m.reply.id = q->id;
	m.reply.result = result;
	if (result == NULL) {
		m.reply.code = uplink_code_name(why.code);
		m.reply.error = why.text;
	}
	sent = uplink_send(c->task.uplink, &m, err);
	json_decref(result);
	return sent;
}

static int
loop(struct connector *c, struct ps_error *err)
{
	struct task *t = &c->task;

	while (!gauges_should_stop(t->gauges)) {
		struct msg m;
		int open = uplink_serve(t->uplink, err), got;

		gauges_rest(t->gauges);
		while ((got = uplink_next(t->uplink, &m, err)) == 1) {
			int result = m.type == MSG_TYPE_REQUEST
					 ? serve_request(c, &m.request, err)
					 : 0;

			msg_fini(&m);
			if (result != 0)
				return -1;
		}
		if (open < 0 || got < 0)
			return -1;
		if (open == 0)
			return 0;
		if (t->raised.code != PS_OK)
			return ps_fail(err, t->raised.code, "%s",
			    t->raised.text);
		task_wait(t, -1, IDLE_MS);
	}
	return 0;
}

/* At once: the plugin's call may last for ever. */
static void
hook_waiting(void *ctx, const char *cause)
{
	const struct task *t = (const struct task *)ctx;
	struct ps_error err = { 0 };

	if (uplink_status(t->uplink, "RUNNING", cause, &err) != 0)
		log_warn("task", "%s", err.text);
}

int
connector_main(int argc, char **argv)
{
	struct connector c = { .task = { .wake_fd = -1, .timer_fd = -1 } };
	struct task *t = &c.task;
	struct child child;
	struct host_hooks hooks = task_hooks;
	struct ps_error err = { 0 };

	(void)argc;
	(void)argv;
	hooks.waiting = hook_waiting;
	if (child_begin(&child, MSG_CONNECTOR) != 0)
		return EXIT_FAILURE;
	t->gauges = &child.gauges;
	t->uplink = child.uplink;
	c.plugins = child.config.config.plugins;
	if (settings_begin(&t->settings, &child.config.config, &err) == 0) {
		t->settings.task = -1;
		if (task_init(t, &hooks, &err) == 0 &&
		    settings_worker(&t->settings, host_abi(t->host),
			uplink_redact(t->uplink), &err) == 0)
			(void)loop(&c, &err);
	}
	own_answers_fini(&c.own);
	task_fini(t);
	return child_end(&child, &err);
}
