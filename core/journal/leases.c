#include "journal/leases.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "kafka/conf.h"
#include "kafka/topiclog.h"
#include "store/topics.h"

#define AREA        "leases"
#define ARENA_BYTES 4096

struct leases {
	struct topiclog_hub *hub;
	struct topiclog *log; /* NULL: not yet */
	const char *topic;
	uv_poll_t poll;
	const struct leases_ops *ops;
	void *ctx;
	struct ps_arena *a, *scratch; /* its own; of one record */
	bool closing;
};

/* ---- reading ----------------------------------------------------------- */

static void
on_record(void *ctx, const struct topiclog_record *r)
{
	struct leases *l = ctx;
	struct ps_error err = { 0 };
	struct wire_lease record;

	if (r->value == NULL || l->closing)
		return;
	arena_reset(l->scratch, ARENA_BYTES);
	if (wire_read_lease(l->scratch, r->value, r->value_len, &record,
		&err) == 0)
		l->ops->record(l->ctx, &record, r->offset);
	else
		log_warn(AREA, "offset %lld is skipped: %s",
		    (long long)r->offset, err.text);
}

static void
on_end(void *ctx, const struct ps_error *err)
{
	struct leases *l = ctx;

	if (l->closing)
		return;
	if (err == NULL)
		l->ops->listens(l->ctx);
	else
		l->ops->broken(l->ctx, err);
}

static void
on_readable(uv_poll_t *p, int status, int events)
{
	struct leases *l = p->data;
	struct ps_error err = { 0 };

	(void)status;
	(void)events;
	if (topiclog_serve(l->hub, &err) != 0 && !l->closing)
		l->ops->broken(l->ctx, &err);
}

/* ---- writing ----------------------------------------------------------- */

static void
on_written(void *ctx, int32_t partition, int64_t offset,
    const struct ps_error *err)
{
	(void)ctx;
	(void)partition;
	(void)offset;
	if (err != NULL)
		log_debug(AREA, "not written: %s", err->text);
}

/* By worker: its records stay in order, and are easy to find. */
static void
write_text(struct leases *l, const char *key, const char *text)
{
	struct ps_error err = { 0 };
	struct topiclog_write w = { key, strlen(key), text, strlen(text) };

	if (topiclog_write(l->log, &w, on_written, l, &err) != 0)
		log_debug(AREA, "not written: %s", err.text);
}

void
leases_beat(struct leases *l, const struct beat *b)
{
	struct ps_arena *a = arena_new(ARENA_BYTES);

	write_text(l, b->who.id, wire_beat(a, b));
	arena_free(&a);
}

void
leases_verdict(struct leases *l, const struct who *who)
{
	struct ps_arena *a = arena_new(ARENA_BYTES);

	write_text(l, who->id, wire_verdict(a, who));
	arena_free(&a);
}

const char *
leases_trouble(const struct leases *l)
{
	return topiclog_trouble(l->hub);
}

/* ---- life -------------------------------------------------------------- */

static int
open_hub(struct leases *l, const struct options *o, struct ps_error *err)
{
	struct conf_owner owner = { .worker = &o->given, .task = -1 };
	struct ps_config settings = conf_settings(l->a, CONF_INTERNAL, &owner);
	struct topics_spec spec;

	if (topics_spec(l->a, &o->all, TOPICS_LEASE, &spec, err) != 0)
		return -1;
	l->hub = topiclog_hub_new(&settings, TOPICLOG_UNCOMMITTED, err);
	if (l->hub == NULL)
		return -1;
	l->topic = ps_strdup(l->a, spec.topic.name);
	return 0;
}

struct leases *
leases_open(uv_loop_t *loop, const struct options *o,
    const struct leases_ops *ops, void *ctx, struct ps_error *err)
{
	struct leases *l = xcalloc(1, sizeof *l);

	l->ops = ops;
	l->ctx = ctx;
	l->a = arena_new(ARENA_BYTES);
	l->scratch = arena_new(ARENA_BYTES);
	if (open_hub(l, o, err) != 0) {
		topiclog_hub_free(&l->hub, 0);
		arena_free(&l->a);
		arena_free(&l->scratch);
		free(l);
		return NULL;
	}
	l->poll.data = l;
	(void)uv_poll_init(loop, &l->poll, topiclog_fd(l->hub));
	(void)uv_poll_start(&l->poll, UV_READABLE, on_readable);
	return l;
}

int
leases_listen(struct leases *l, struct ps_error *err)
{
	struct topiclog_reader reader = { on_record, on_end, l,
		TOPICLOG_FROM_END };

	l->log = topiclog_open(l->hub, l->topic, &reader, err);
	return l->log == NULL ? -1 : 0;
}

static void
on_closed(uv_handle_t *h)
{
	struct leases *l = h->data;

	arena_free(&l->a);
	arena_free(&l->scratch);
	free(l);
}

void
leases_close(struct leases **lp, int limit_ms)
{
	struct leases *l = *lp;

	*lp = NULL;
	if (l == NULL)
		return;
	l->closing = true;
	(void)uv_poll_stop(&l->poll);
	topiclog_close(&l->log);
	topiclog_hub_free(&l->hub, limit_ms);
	uv_close((uv_handle_t *)&l->poll, on_closed);
}
