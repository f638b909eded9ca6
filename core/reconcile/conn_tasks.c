#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/js.h"
#include "base/xalloc.h"
#include "reconcile/conn.h"

#define ARENA_BYTES 4096

struct task_limits
conn_limits(const struct conn *c, const struct ps_config *config)
{
	const struct options *o = c->r->env.options;
	struct task_limits l = {
		.memory_bytes = options_limit(o, config, "task.memory.bytes"),
		.stall_ms = options_limit(o, config, "stall.timeout.ms"),
		.hang_ms = options_limit(o, config, "task.hang.timeout.ms"),
		.silence_ms = options_int(o, "task.liveness.timeout.ms"),
		.stop_ms = options_int(o, "task.shutdown.graceful.timeout.ms"),
		.restart_first_ms =
		    options_limit(o, config, "errors.restart.delay.initial.ms"),
		.restart_max_ms =
		    options_limit(o, config, "errors.restart.delay.max.ms"),
		.restart_tries = options_limit(o, config, "errors.restart.max"),
		.cpu_weight = options_limit(o, config, "task.cpu.weight"),
	};
	const char *enable = options_text(o, config, "errors.restart.enable");

	if (l.restart_first_ms > l.restart_max_ms)
		l.restart_first_ms = l.restart_max_ms;
	/* Starting is calls into the plugin too. */
	l.start_ms = l.hang_ms;
	if (strcasecmp(enable, "false") == 0)
		l.restart_tries = 0;
	return l;
}

/* ---- finding a task's connector ---------------------------------------- */

static struct conn *
conn_of(void *ctx, const struct task *t)
{
	return conn_find(ctx, task_view(t).connector);
}

static const struct configs_connector *
config_of(const struct conn *c)
{
	return configs_find(journal_configs(c->r->env.journal), c->name);
}

/* ---- its config and its offsets ---------------------------------------- */

struct stored {
	struct task *t;
	json_t *items;
	size_t bytes;
};

static void
send_stored(struct stored *s, bool last)
{
	struct msg m = { .type = MSG_TYPE_STORED,
		.stored = { .items = s->items, .last = last } };

	task_send(s->t, &m);
	json_decref(s->items);
	s->items = json_array();
	s->bytes = 0;
}

static void
add_stored(void *ctx, const struct offsets_entry *e)
{
	struct stored *s = ctx;
	struct ps_arena *a = arena_new(ARENA_BYTES);
	const char *key = key_build_offset(a, e->connector, e->partition);

	(void)json_array_append_new(s->items,
	    json_pack("[s,s]", key, e->offset));
	s->bytes += strlen(key) + strlen(e->offset);
	arena_free(&a);
	if (s->bytes >= MSG_ITEMS_BYTES)
		send_stored(s, false);
}

static void
send_offsets(struct conn *c, struct task *t)
{
	struct stored s = { .t = t, .items = json_array() };

	offsets_each(journal_offsets(c->r->env.journal), c->name, add_stored,
	    &s);
	send_stored(&s, true);
	json_decref(s.items);
}

/* An exactly-once task reads them itself, when it has taken over its
 * transactional id. Those of a topic of its own win over what we know. */
static bool
wants_stored(const struct conn *c, const struct configs_connector *cfg)
{
	return !conn_is_exactly_once(c, cfg) ||
	       ps_config_has(&cfg->config, "offsets.storage.topic");
}

static void
send_config(struct conn *c, struct task *t, const struct configs_connector *cfg,
    int id)
{
	const struct options *o = c->r->env.options;
	json_t *config = js_from_config(&cfg->config);
	json_t *overlay = js_from_config(&cfg->tasks[id]);
	struct msg m = { .type = MSG_TYPE_CONFIG,
		.config = { .connector = c->name,
		    .task = id,
		    .tasks = (int64_t)cfg->task_count,
		    .generation = task_view(t).restarts,
		    .config = config,
		    .overlay = overlay,
		    .worker = o->worker,
		    .plugins = o->plugins,
		    .state = target_state_name(cfg->target),
		    .standalone = o->kind == WORKER_STANDALONE,
		    .stored_follows = wants_stored(c, cfg) } };

	task_send(t, &m);
	json_decref(config);
	json_decref(overlay);
}

static void
on_spawned(void *ctx, struct task *t)
{
	struct reconcile *r = ctx;
	struct conn *c = conn_of(ctx, t);
	const struct configs_connector *cfg = config_of(c);
	int id = task_view(t).id;

	cluster_process(r->env.cluster, c->name, id, c->tasks_offset, true);
	/* Its connector changed meanwhile: it is about to be removed. */
	if (cfg == NULL || c->tasks_offset != cfg->tasks_offset ||
	    cfg->tasks == NULL || (size_t)id >= cfg->task_count)
		return;
	send_config(c, t, cfg, id);
	if (wants_stored(c, cfg))
		send_offsets(c, t);
}

/* ---- offsets are known to their end ------------------------------------ */

static void
on_offsets_read(void *ctx, const struct ps_error *err)
{
	struct task *t = ctx;

	if (err != NULL)
		task_unready(t, err);
	else
		task_spawn(t);
}

static void
on_ready(void *ctx, struct task *t)
{
	struct reconcile *r = ctx;
	struct conn *c = conn_of(ctx, t);
	const struct configs_connector *cfg = c == NULL ? NULL : config_of(c);

	if (cfg != NULL && conn_is_exactly_once(c, cfg))
		task_spawn(t);
	else
		journal_read_to_end(r->env.journal, JOURNAL_OFFSET,
		    on_offsets_read, t);
}

/* ---- what it says ------------------------------------------------------ */

static void
count_start(struct reconcile *r, const struct task_view *v)
{
	if (v->state == TASK_STARTING)
		r->counts.task_starts++;
	if (v->state == TASK_FAILED)
		r->counts.task_failures++;
}

static void
say(struct conn *c, const struct task *t)
{
	struct task_view v = task_view(t);

	/* Between a stop and a start nothing is said but RESTARTING. */
	if (v.state == TASK_STOPPING || v.state == TASK_STARTING ||
	    v.state == TASK_STOPPED)
		return;
	if (v.state == TASK_RESTARTING && v.restarts == 0 &&
	    statuses_task(journal_statuses(c->r->env.journal), c->name, v.id) ==
		NULL)
		v.state = TASK_UNASSIGNED; /* its first start */
	conn_write_task(c, &v);
}

static void
on_moved(void *ctx, struct task *t)
{
	struct conn *c = conn_of(ctx, t);
	struct task_view v = task_view(t);

	if (c == NULL)
		return;
	count_start(c->r, &v);
	say(c, t);
}

static bool
may_start(void *ctx, const struct task *t)
{
	struct reconcile *r = ctx;
	struct conn *c = conn_of(ctx, t);

	return cluster_may_start(r->env.cluster, c->name, task_view(t).id,
	    c->tasks_offset);
}

static void
on_reaped(void *ctx, struct task *t)
{
	struct reconcile *r = ctx;
	struct conn *c = conn_of(ctx, t);

	cluster_process(r->env.cluster, c->name, task_view(t).id,
	    c->tasks_offset, false);
}

/* Goes on without this worker: what it was here says nothing any more. */
static bool
is_elsewhere(const struct conn *c, const struct configs_connector *cfg, int id)
{
	return cfg->tasks != NULL && (size_t)id < cfg->task_count &&
	       !cluster_owns(c->r->env.cluster, c->name, id, cfg->tasks_offset);
}

static void
on_removed(void *ctx, struct task *t)
{
	struct reconcile *r = ctx;
	struct conn *c = conn_of(ctx, t);
	struct task_view v = task_view(t);
	const struct configs_connector *cfg;
	char label[512];

	journal_forget(r->env.journal, t);
	if (c == NULL)
		return;
	(void)snprintf(label, sizeof label, "connector=\"%s\",task=\"%d\"",
	    c->name, v.id);
	metric_drop(r->env.metrics, label);
	for (size_t i = 0; i < c->task_count; i++) {
		if (c->tasks[i] != t)
			continue;
		c->tasks[i] = c->tasks[--c->task_count];
		break;
	}
	cfg = config_of(c);
	if (r->stopping || (cfg != NULL && is_elsewhere(c, cfg, v.id))) {
		v.state = TASK_UNASSIGNED;
		conn_write_task(c, &v);
	}
	conn_touch(c);
}

static void
take_metrics(struct reconcile *r, const json_t *items)
{
	const char *kind, *name, *labels;
	const json_t *one, *value;
	size_t i;

	json_array_foreach(items, i, one)
	{
		kind = json_string_value(json_array_get(one, 0));
		name = json_string_value(json_array_get(one, 1));
		labels = json_string_value(json_array_get(one, 2));
		value = json_array_get(one, 3);
		if (kind != NULL && name != NULL && labels != NULL &&
		    json_is_number(value))
			metric_set(r->env.metrics,
			    kind[0] == 'c' ? METRIC_COUNTER : METRIC_GAUGE,
			    name, labels, json_number_value(value));
	}
}

/* Standalone: the task waits for this answer before it goes on. */
struct store_job {
	struct reconcile *r;
	char *connector;
	int task;
	int64_t ack;
};

static void
on_stored(void *ctx, const struct ps_error *err)
{
	struct store_job *job = ctx;
	struct conn *c = conn_find(job->r, job->connector);
	struct msg m = { .type = MSG_TYPE_OFFSETS_STORED,
		.offsets_stored = { .ack = job->ack,
		    .error = err == NULL ? NULL : err->text } };

	for (size_t i = 0; c != NULL && i < c->task_count; i++)
		if (task_view(c->tasks[i]).id == job->task)
			task_send(c->tasks[i], &m);
	free(job->connector);
	free(job);
}

static void
take_offsets(struct reconcile *r, struct task *t, const struct msg_offsets *m)
{
	struct ps_arena *a = arena_new(ARENA_BYTES);
	size_t room = json_array_size(m->items), n = 0, i;
	struct store_pair *pairs = ps_calloc(a, room, sizeof *pairs);
	struct store_job *job = xcalloc(1, sizeof *job);
	struct task_view v = task_view(t);
	const json_t *one;

	json_array_foreach(m->items, i, one)
	{
		const char *key = json_string_value(json_array_get(one, 0));
		const char *value = json_string_value(json_array_get(one, 1));

		if (key == NULL)
			continue;
		pairs[n++] = (struct store_pair){ key, strlen(key), value,
			value == NULL ? 0 : strlen(value) };
	}
	job->r = r;
	job->task = v.id;
	job->ack = m->ack;
	job->connector = xstrdup(v.connector);
	journal_append(r->env.journal, JOURNAL_OFFSET,
	    &(struct store_pairs){ pairs, n }, on_stored, job);
	arena_free(&a);
}

static void
on_message(void *ctx, struct task *t, const struct msg *m)
{
	struct conn *c = conn_of(ctx, t);

	if (c == NULL)
		return;
	switch (m->type) {
	case MSG_TYPE_METRICS:
		take_metrics(c->r, m->metrics.items);
		break;
	case MSG_TYPE_TOPIC:
		conn_write_topic(c, task_view(t).id, m->topic.name);
		break;
	case MSG_TYPE_RECONFIGURE:
		conn_reconfigure(c);
		break;
	case MSG_TYPE_OFFSETS:
		take_offsets(c->r, t, &m->offsets);
		break;
	default: /* nothing to do for it here */
		break;
	}
}

const struct task_ops conn_task_ops = {
	.moved = on_moved,
	.ready = on_ready,
	.spawned = on_spawned,
	.message = on_message,
	.removed = on_removed,
	.reaped = on_reaped,
	.may_start = may_start,
};

/* ---- those of this worker ---------------------------------------------- */

static bool
is_mine(const struct conn *c, int id)
{
	return cluster_owns(c->r->env.cluster, c->name, id, c->tasks_offset);
}

void
conn_remove_others(struct conn *c)
{
	for (size_t i = c->task_count; i-- > 0;)
		if (i < c->task_count && !task_is_removing(c->tasks[i]) &&
		    !is_mine(c, task_view(c->tasks[i]).id))
			task_remove(c->tasks[i]);
}

void
conn_tell_tasks(struct conn *c)
{
	for (size_t i = 0; i < c->task_count; i++)
		say(c, c->tasks[i]);
}

static struct task *
find(const struct conn *c, int id)
{
	for (size_t i = 0; i < c->task_count; i++)
		if (task_view(c->tasks[i]).id == id)
			return c->tasks[i];
	return NULL;
}

void
conn_tell_task(struct conn *c, int id)
{
	const struct task *t = find(c, id);

	if (t != NULL && !task_is_removing(t) &&
	    cluster_owns(c->r->env.cluster, c->name, id, c->tasks_offset))
		say(c, t);
}

static void
add(struct conn *c, const struct configs_connector *cfg, int id)
{
	struct task_spec spec = { .connector = c->name,
		.id = id,
		.paused = cfg->target == TARGET_PAUSED,
		.limits = conn_limits(c, &cfg->tasks[id]) };

	c->tasks = xrealloc(c->tasks, (c->task_count + 1) * sizeof *c->tasks);
	/* task_add may already report: room and count first. */
	c->tasks[c->task_count] = task_add(c->r->supervisor, &spec);
	c->task_count++;
}

void
conn_add_tasks(struct conn *c, const struct configs_connector *cfg)
{
	struct task *t;

	conn_forget_fence(c);
	for (size_t i = 0; cfg->tasks != NULL && i < cfg->task_count; i++) {
		if (!cluster_may_start(c->r->env.cluster, c->name, (int)i,
			c->tasks_offset))
			continue;
		t = find(c, (int)i);
		if (t == NULL)
			add(c, cfg, (int)i);
		else
			task_queue(t);
	}
}

void
conn_remove_tasks(struct conn *c)
{
	/* on_removed moves the last to the place of the removed one. */
	for (size_t i = c->task_count; i-- > 0;)
		if (i < c->task_count && !task_is_removing(c->tasks[i]))
			task_remove(c->tasks[i]);
}
