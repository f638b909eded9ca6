#include "reconcile/conn.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/dict.h"
#include "base/js.h"
#include "base/log.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "config/map.h"
#include "supervise/timer.h"

#define AREA           "reconcile"
#define ARENA_BYTES    8192
#define TASKS_LIMIT_MS 60000
#define RETRY_FIRST_MS 500
#define WATCH_AGAIN_MS 10000

static const struct configs_connector *
config_of(const struct conn *c)
{
	return configs_find(journal_configs(c->r->env.journal), c->name);
}

/* ---- the connector's process ------------------------------------------- */

static void
end_errand(struct conn *c)
{
	errand_free(&c->errand);
	free(c->told);
	c->told = NULL;
	c->asking = c->watching = false;
}

static void
on_cause(void *ctx, const char *cause)
{
	struct conn *c = ctx;

	free(c->told);
	c->told = cause == NULL ? NULL : xstrdup(cause);
	if (c->watching && c->state == CONN_RUNNING)
		conn_move(c, CONN_RUNNING, c->told, NULL);
}

static void
on_retry(uv_timer_t *t)
{
	struct conn *c = t->data;

	c->waiting = false;
	conn_touch(c);
}

/* Task configs are made anew after a while. */
static void
retry_later(struct conn *c, int64_t ms)
{
	c->configured = -1;
	c->waiting = true;
	timer_in(&c->retry, on_retry, ms);
}

static void
on_watched(void *ctx, const json_t *result, const struct ps_error *err)
{
	struct conn *c = ctx;
	bool changed = json_is_true(json_object_get(result, "changed"));

	end_errand(c);
	if (result == NULL) {
		log_warn(AREA, "connector %s: watching for changes: %s",
		    c->name, err->text);
		retry_later(c, WATCH_AGAIN_MS);
	} else if (changed) {
		conn_reconfigure(c);
	}
}

static void
start_watching(struct conn *c)
{
	c->asking = false;
	c->watching = true;
	errand_ask(c->errand, "watch", NULL, 0, on_watched, c);
}

/* ---- task configs ------------------------------------------------------ */

static void
failed(struct conn *c, const struct ps_error *err)
{
	end_errand(c);
	c->r->counts.connector_failures++;
	if (err->code == PS_E_RETRY) {
		log_warn(AREA, "connector %s: %s", c->name, err->text);
		conn_move(c, CONN_RUNNING, err->text, NULL);
		retry_later(c, backoff_next_ms(&c->backoff));
		return;
	}
	log_error(AREA, "connector %s failed: %s", c->name, err->text);
	conn_move(c, CONN_FAILED, err->text, err->text);
}

static void
on_written(void *ctx, const struct ps_error *err)
{
	struct conn *c = ctx;

	c->writing = false;
	if (err != NULL) {
		log_warn(AREA, "connector %s: task configs: %s", c->name,
		    err->text);
		if (c->state == CONN_RUNNING && config_of(c) != NULL &&
		    conn_is_mine(c))
			conn_move(c, CONN_RUNNING, err->text, NULL);
		retry_later(c, backoff_next_ms(&c->backoff));
	}
	conn_touch(c);
}

/* What Connect's task of that connector is called. */
static const char *
task_class(struct conn *c, struct ps_arena *a, const char *connector_class)
{
	const struct configs_connector *cfg = config_of(c);
	const char *known = cfg->tasks == NULL || cfg->task_count == 0
				? NULL
				: ps_config_get(&cfg->tasks[0], "task.class");
	const json_t *plugin =
	    inventory_find(c->r->env.inventory, connector_class);
	const char *java = plugin == NULL ? NULL : js_opt_str(plugin, "class");
	const char *suffix = "Connector";

	/* Not known: what stands there is better than a guess. */
	if (java == NULL && known != NULL)
		return known;
	if (java == NULL)
		java = connector_class;
	if (text_ends(java, suffix))
		return ps_printf(a, "%.*sTask",
		    (int)(strlen(java) - strlen(suffix)), java);
	return ps_printf(a, "%sTask", java);
}

/* The full maps: the connector's, the task's own settings over it. */
static int
full_configs(struct conn *c, struct ps_arena *a, const json_t *overlays,
    struct ps_config *out, struct ps_error *err)
{
	const struct configs_connector *cfg = config_of(c);
	const char *class =
	    task_class(c, a, ps_config_str(&cfg->config, "connector.class"));
	struct ps_config overlay, merged;
	const json_t *one;
	size_t i;

	json_array_foreach(overlays, i, one)
	{
		if (js_to_config(a, one, &overlay, err) != 0)
			return ps_fail_in(err, "task %zu", i);
		merged = config_merge(a, &cfg->config, &overlay);
		out[i] = config_with(a, &merged, "task.class", class);
	}
	return 0;
}

void
conn_write_configs(struct reconcile *r, const char *name,
    const struct conn_tasks *tasks, journal_done_fn *fn, void *ctx)
{
	struct ps_arena *a = arena_new(ARENA_BYTES);
	struct store_pairs maps =
	    configs_put_tasks(a, name, tasks->maps, tasks->count);
	struct store_pair *all = ps_calloc(a, maps.count + 1, sizeof *all);

	memcpy(all, maps.items, maps.count * sizeof *all);
	all[maps.count] = configs_put_commit(a, name, tasks->count);
	log_info(AREA, "connector %s: %zu task configs", name, tasks->count);
	journal_append(r->env.journal, JOURNAL_CONFIG,
	    &(struct store_pairs){ all, maps.count + 1 }, fn, ctx);
	arena_free(&a);
}

struct quota
conn_quota(const struct reconcile *r)
{
	return (struct quota){ r->env.options, journal_configs(r->env.journal),
		r->env.metrics };
}

/* Only the leader writes, and knows how many there may be. */
static int
write_tasks(struct conn *c, const struct conn_tasks *tasks,
    struct ps_error *err)
{
	struct quota q = conn_quota(c->r);
	bool leads = cluster_leads(c->r->env.cluster);

	if (leads && quota_check_tasks(&q, c->name, tasks->count, err) != 0)
		return -1;
	c->writing = true;
	if (leads)
		conn_write_configs(c->r, c->name, tasks, on_written, c);
	else
		cluster_send_tasks(c->r->env.cluster, c->name, tasks->maps,
		    tasks->count, on_written, c);
	return 0;
}

static int
take_configs(struct conn *c, const json_t *result, struct ps_error *err)
{
	const json_t *overlays = json_object_get(result, "tasks");
	size_t count = json_array_size(overlays);
	const struct configs_connector *cfg = config_of(c);
	struct ps_arena *a = arena_new(ARENA_BYTES);
	struct ps_config *tasks = ps_calloc(a, count + 1, sizeof *tasks);
	int64_t max = quota_tasks_max(&cfg->config);
	int got = -1;

	if (!json_is_array(overlays))
		(void)ps_fail(err, PS_E_FATAL,
		    "the plugin's process gave no list of tasks");
	else if ((int64_t)count > max)
		(void)ps_fail(err, PS_E_CONFIG,
		    "The connector %s has generated %zu tasks, which is "
		    "greater than %lld, the maximum number of tasks it is "
		    "configured to create",
		    c->name, count, (long long)max);
	else
		got = full_configs(c, a, overlays, tasks, err);
	if (got == 0 && configs_tasks_differ(cfg, tasks, count))
		got = write_tasks(c, &(struct conn_tasks){ tasks, count }, err);
	arena_free(&a);
	return got;
}

static void
on_configs(void *ctx, const json_t *result, const struct ps_error *err)
{
	struct conn *c = ctx;
	const struct configs_connector *cfg = config_of(c);
	struct ps_error why = { 0 };

	c->asking = false;
	if (cfg == NULL || cfg->target != TARGET_STARTED || !conn_is_mine(c) ||
	    c->configured != cfg->config_offset) {
		end_errand(c); /* overtaken */
		conn_touch(c);
		return;
	}
	if (result == NULL) {
		failed(c, err);
		return;
	}
	if (take_configs(c, result, &why) != 0) {
		failed(c, &why);
		return;
	}
	backoff_reset(&c->backoff);
	conn_move(c, CONN_RUNNING, c->told, NULL);
	start_watching(c);
}

static bool
may_start(void *ctx)
{
	const struct conn *c = ctx;

	return cluster_may_start(c->r->env.cluster, c->name, -1, -1);
}

/* The last one may still end while the next begins. */
static void
on_process(void *ctx, bool began)
{
	struct conn *c = ctx;

	if (began && c->processes++ == 0)
		cluster_process(c->r->env.cluster, c->name, -1, -1, true);
	if (!began && --c->processes == 0) {
		cluster_process(c->r->env.cluster, c->name, -1, -1, false);
		conn_touch(c);
	}
}

static const struct errand_watch watch = { may_start, on_process };

static void
ask_configs(struct conn *c, const struct configs_connector *cfg)
{
	struct errand_spec spec = { MSG_CONNECTOR, c->name, &cfg->config };
	int64_t max = quota_tasks_max(&cfg->config);
	int64_t hang_ms = conn_limits(c, &cfg->config).hang_ms;

	end_errand(c);
	c->r->counts.connector_starts++;
	c->configured = cfg->config_offset;
	c->asking = true;
	c->errand = errand_new(c->r->env.errands, &spec);
	errand_on_cause(c->errand, on_cause, c);
	errand_on_process(c->errand, &watch, c);
	errand_ask(c->errand, "task_configs",
	    json_pack("{s:I}", "max", (json_int_t)max),
	    hang_ms < TASKS_LIMIT_MS ? hang_ms : TASKS_LIMIT_MS, on_configs, c);
}

/* ---- one look ---------------------------------------------------------- */

/* Task configs of another offset are another set of tasks. A number of them
 * without these is what healing leaves of a stop that was aborted: they are
 * made anew, once for each such record. */
static void
settle_tasks(struct conn *c, const struct configs_connector *cfg)
{
	bool stopped = cfg->target == TARGET_STOPPED;

	if (c->tasks_offset != cfg->tasks_offset ||
	    (stopped && c->task_count > 0)) {
		conn_remove_tasks(c);
		if (c->task_count > 0)
			return;
		c->tasks_offset = cfg->tasks_offset;
		if (cfg->inconsistent)
			c->configured = -1;
		if (conn_is_mine(c))
			conn_forget_tasks(c, stopped || cfg->tasks == NULL
						 ? 0
						 : (int)cfg->task_count);
	}
	conn_remove_others(c);
	if (!stopped && conn_may_start(c, cfg))
		conn_add_tasks(c, cfg);
	for (size_t i = 0; i < c->task_count; i++) {
		if (cfg->target == TARGET_PAUSED)
			task_pause(c->tasks[i]);
		else
			task_resume(c->tasks[i]);
	}
}

/* Its process is another worker's, or nobody's. */
static void
settle_elsewhere(struct conn *c)
{
	end_errand(c);
	(void)uv_timer_stop(&c->retry);
	c->waiting = false;
	c->configured = -1;
	if (c->state != CONN_UNASSIGNED)
		conn_move(c, CONN_UNASSIGNED, NULL, NULL);
}

static void
settle_started(struct conn *c, const struct configs_connector *cfg)
{
	bool current = c->configured == cfg->config_offset;

	if (!conn_is_mine(c)) {
		settle_elsewhere(c);
		return;
	}
	if (c->asking || c->writing || c->waiting)
		return;
	if (!current) {
		ask_configs(c, cfg);
		return;
	}
	/* Back from a pause, or from another worker, with the configs it
	 * had. */
	if (c->state == CONN_PAUSED || c->state == CONN_STOPPED)
		ask_configs(c, cfg);
}

static void
settle_quiet(struct conn *c, enum conn_state to)
{
	if (!conn_is_mine(c)) {
		settle_elsewhere(c);
		return;
	}
	if (!c->asking)
		end_errand(c);
	if (c->state != to && (c->state != CONN_FAILED || to == CONN_STOPPED))
		conn_move(c, to, NULL, NULL);
}

/* Who sees it stopped may change offsets: nothing runs any more. Task configs
 * that were on their way to the topic when it was asked to stop came after
 * the stop's own record, which says that there are none: it is said again. */
static void
settle_stopped(struct conn *c, const struct configs_connector *cfg)
{
	end_errand(c);
	if (!conn_is_idle(c) || !cluster_is_idle(c->r->env.cluster, c->name))
		return;
	if (cfg->task_count == 0 || !conn_is_mine(c))
		settle_quiet(c, CONN_STOPPED);
	else if (!c->waiting)
		(void)write_tasks(c, &(struct conn_tasks){ NULL, 0 }, NULL);
}

bool
conn_is_mine(const struct conn *c)
{
	return cluster_owns(c->r->env.cluster, c->name, -1, -1);
}

void
conn_kill(struct conn *c)
{
	errand_kill(&c->errand);
	end_errand(c);
	c->configured = -1;
	conn_forget_fence(c);
	for (size_t i = c->task_count; i-- > 0;)
		if (i < c->task_count)
			task_kill(c->tasks[i], "the worker's lease is lost");
	conn_touch(c);
}

bool
conn_is_idle(const struct conn *c)
{
	return c->task_count == 0 && c->processes == 0 && !c->asking &&
	       !c->writing && !c->fencing;
}

static void
settle_gone(struct conn *c)
{
	end_errand(c);
	conn_forget_fence(c);
	(void)uv_timer_stop(&c->retry);
	conn_remove_tasks(c);
	if (!conn_is_idle(c))
		return;
	conn_forget_all(c);
	conn_free(c);
}

/* The worker ends: what it had to say to the config topic came there, or not.
 * With the brokers away that would not be known for as long as they are. */
static void
forget_writes(struct conn *c)
{
	journal_forget(c->r->env.journal, c);
	cluster_forget_tasks(c->r->env.cluster, c);
	c->writing = c->fencing = false;
}

static void
settle_stop(struct conn *c)
{
	end_errand(c);
	conn_forget_fence(c);
	forget_writes(c);
	(void)uv_timer_stop(&c->retry);
	conn_remove_tasks(c);
	if (!conn_is_idle(c))
		return;
	if (c->state != CONN_UNASSIGNED)
		conn_move(c, CONN_UNASSIGNED, NULL, NULL);
	conn_free(c);
}

static void
tell_again(struct conn *c)
{
	if (!c->unsaid || !cluster_may_speak(c->r->env.cluster))
		return;
	c->unsaid = false;
	if (conn_is_mine(c))
		conn_say(c);
	conn_tell_tasks(c);
}

void
conn_settle(struct conn *c)
{
	const struct configs_connector *cfg = config_of(c);

	c->dirty = false;
	if (c->r->stopping) {
		settle_stop(c);
		return;
	}
	if (cfg == NULL) {
		settle_gone(c);
		return;
	}
	conn_learn_secrets(c, &cfg->config);
	tell_again(c);
	settle_tasks(c, cfg);
	switch (cfg->target) {
	case TARGET_STARTED:
		settle_started(c, cfg);
		break;
	case TARGET_PAUSED:
		settle_quiet(c, CONN_PAUSED);
		break;
	case TARGET_STOPPED:
		settle_stopped(c, cfg);
		break;
	}
}

void
conn_reconfigure(struct conn *c)
{
	c->configured = -1;
	c->waiting = false;
	(void)uv_timer_stop(&c->retry);
	conn_touch(c);
}

/* ---- life -------------------------------------------------------------- */

struct conn *
conn_find(const struct reconcile *r, const char *name)
{
	return dict_get_str(r->by_name, name);
}

struct conn *
conn_get(struct reconcile *r, const char *name)
{
	struct conn *c = conn_find(r, name);

	if (c != NULL)
		return c;
	c = xcalloc(1, sizeof *c);
	c->r = r;
	c->name = xstrdup(name);
	c->configured = c->tasks_offset = c->fenced_offset = -1;
	c->since = wall_now();
	c->secrets = redact_new();
	c->retry.data = c;
	(void)uv_timer_init(r->env.loop, &c->retry);
	backoff_init(&c->backoff, RETRY_FIRST_MS, PS_RETRY_MAX_MS,
	    (uint64_t)wall_now().ms ^ text_murmur2(name, strlen(name)));
	(void)dict_put_str(r->by_name, name, c);
	c->next = r->first;
	if (r->first != NULL)
		r->first->prev = c;
	r->first = c;
	return c;
}

static void
on_closed(uv_handle_t *h)
{
	struct conn *c = h->data;

	free(c->tasks);
	free(c->told);
	free(c->name);
	free(c->trace);
	free(c->cause);
	redact_free(&c->secrets);
	free(c);
}

void
conn_free(struct conn *c)
{
	errand_free(&c->errand);
	conn_forget_fence(c);
	inventory_forget(c->r->env.inventory, c);
	journal_forget(c->r->env.journal, c);
	(void)dict_remove_str(c->r->by_name, c->name);
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		c->r->first = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	uv_close((uv_handle_t *)&c->retry, on_closed);
}
