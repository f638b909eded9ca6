#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "reconcile/conn.h"
#include "reconcile/fencing.h"
#include "supervise/timer.h"

#define AREA        "reconcile"
#define ARENA_BYTES 1024

static const struct configs_connector *
config_of(const struct conn *c)
{
	return configs_find(journal_configs(c->r->env.journal), c->name);
}

void
conn_forget_fence(struct conn *c)
{
	errand_free(&c->fence);
	c->fenced_offset = -1;
}

static void
on_retry(uv_timer_t *t)
{
	struct conn *c = t->data;

	c->waiting = false;
	conn_touch(c);
}

static void
try_later(struct conn *c, const struct ps_error *err)
{
	const struct configs_connector *cfg = config_of(c);
	struct ps_arena *a = arena_new(ARENA_BYTES);
	const char *cause = ps_printf(a,
	    "tasks of earlier configurations are not fenced: %s", err->text);

	log_warn(AREA, "connector %s: %s", c->name, cause);
	if (cfg != NULL)
		conn_write_waiting(c, cfg->task_count, cause);
	arena_free(&a);
	conn_forget_fence(c);
	c->waiting = true;
	timer_in(&c->retry, on_retry, backoff_next_ms(&c->backoff));
}

/* ---- the record -------------------------------------------------------- */

static void
on_written(void *ctx, const struct ps_error *err)
{
	struct conn *c = ctx;

	c->fencing = false;
	if (err != NULL)
		try_later(c, err);
	conn_touch(c);
}

/* How many there are to be fenced the next time. */
static void
write_count(struct conn *c, const struct configs_connector *cfg)
{
	struct ps_arena *a = arena_new(ARENA_BYTES);
	struct store_pair record =
	    configs_put_fencing(a, c->name, cfg->task_count);

	c->fencing = true;
	journal_append(c->r->env.journal, JOURNAL_CONFIG,
	    &(struct store_pairs){ &record, 1 }, on_written, c);
	arena_free(&a);
}

/* ---- the round --------------------------------------------------------- */

static void
on_fenced(void *ctx, const json_t *result, const struct ps_error *err)
{
	struct conn *c = ctx;
	const struct configs_connector *cfg = config_of(c);
	int64_t offset = c->fenced_offset;

	errand_free(&c->fence);
	if (result == NULL) {
		try_later(c, err);
		return;
	}
	/* A record behind other task configs would be taken for theirs. */
	if (cfg != NULL && cfg->tasks_offset == offset && !c->writing) {
		backoff_reset(&c->backoff);
		write_count(c, cfg);
		return;
	}
	c->fenced_offset = -1;
	conn_touch(c);
}

static void
begin(struct conn *c, const struct configs_connector *cfg)
{
	struct errand_spec spec = { MSG_CONNECTOR, c->name, &cfg->config };
	size_t count = configs_to_fence(cfg);

	c->fenced_offset = cfg->tasks_offset;
	if (count == 0) {
		write_count(c, cfg);
		return;
	}
	log_info(AREA,
	    "connector %s: fencing %zu tasks of earlier configurations",
	    c->name, count);
	conn_write_waiting(c, cfg->task_count,
	    "tasks of earlier configurations are being fenced");
	c->fence = errand_new(c->r->env.errands, &spec);
	fencing_ask(c->fence, count, on_fenced, c);
}

/* ---- whether ----------------------------------------------------------- */

static void
on_listed(void *ctx, const struct ps_error *err)
{
	(void)err;
	conn_touch(ctx);
}

static const char *
type_of(const struct conn *c, const struct configs_connector *cfg)
{
	return inventory_connector_type(c->r->env.inventory,
	    ps_config_get(&cfg->config, "connector.class"));
}

bool
conn_is_exactly_once(const struct conn *c, const struct configs_connector *cfg)
{
	return fencing_is_on(c->r->env.options) &&
	       strcmp(type_of(c, cfg), "source") == 0;
}

bool
conn_may_start(struct conn *c, const struct configs_connector *cfg)
{
	bool any = cfg->target != TARGET_STOPPED && cfg->tasks != NULL &&
		   cfg->task_count > 0;

	if (!fencing_is_on(c->r->env.options) || !any || !cfg->pending_fencing)
		return true;
	/* A plugin that came later than the list of plugins. */
	if (!c->type_asked && strcmp(type_of(c, cfg), "unknown") == 0) {
		c->type_asked = true;
		inventory_refresh(c->r->env.inventory, on_listed, c);
		return false;
	}
	c->type_asked = false;
	if (!conn_is_exactly_once(c, cfg))
		return true;
	if (c->fence != NULL && c->fenced_offset != cfg->tasks_offset)
		conn_forget_fence(c);
	/* The leader's to do, when nothing of the earlier ones is left. */
	if (c->fence == NULL && !c->fencing && !c->writing && !c->waiting &&
	    cluster_leads(c->r->env.cluster) &&
	    cluster_has_moved_on(c->r->env.cluster, c->name))
		begin(c, cfg);
	return false;
}
