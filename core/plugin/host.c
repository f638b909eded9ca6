#include "plugin/host.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "record/intern.h"

enum {
	METRICS_MAX = 1000,
	LINE_MAX_BYTES = 8 << 10,
	NAME_BYTES = 200,
	SPARE_CHUNK = 4096
};

struct host {
	struct ps_host abi;
	const struct host_hooks *hooks;
	void *ctx;
	struct intern *schemas;
	struct ps_arena *arena, *spare;
	struct partition_set *partitions;
	struct metric_registry *metrics;
	char *connector, *labels, *area;
};

static struct host *
self(const struct ps_host *h)
{
	return (struct host *)h->impl;
}

PS_PRINTF(3, 4)
static void
do_log(const struct ps_host *h, enum ps_level level, const char *fmt, ...)
{
	char line[LINE_MAX_BYTES];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	log_at(level, self(h)->area, "%s", line);
}

static void
do_count(const struct ps_host *h, const char *name, double add)
{
	char full[NAME_BYTES];

	(void)snprintf(full, sizeof full, "penstock_plugin_%s", name);
	metric_add(self(h)->metrics, METRIC_COUNTER, full, self(h)->labels,
	    add);
}

static void
do_gauge(const struct ps_host *h, const char *name, double value)
{
	char full[NAME_BYTES];

	(void)snprintf(full, sizeof full, "penstock_plugin_%s", name);
	metric_set(self(h)->metrics, METRIC_GAUGE, full, self(h)->labels,
	    value);
}

static bool
do_stopping(const struct ps_host *h)
{
	struct host *own = self(h);

	return own->hooks->stopping != NULL && own->hooks->stopping(own->ctx);
}

static const struct ps_schema *
do_intern(const struct ps_host *h, const struct ps_schema *draft)
{
	return intern_schema(self(h)->schemas, self(h)->arena, draft);
}

static const struct ps_source_partition *
do_partition(const struct ps_host *h, const struct ps_value *map)
{
	return partition_find(self(h)->partitions, map);
}

static int
do_stored_offset(const struct ps_host *h, const struct ps_source_partition *p,
    struct ps_arena *a, struct ps_value *offset)
{
	(void)h;
	return partition_offset(p, a, offset);
}

static const struct ps_value *
do_partition_map(const struct ps_host *h, const struct ps_source_partition *p)
{
	return partition_map(self(h)->partitions, p);
}

static void
do_request_commit(const struct ps_host *h)
{
	struct host *own = self(h);

	if (own->hooks->request_commit != NULL)
		own->hooks->request_commit(own->ctx);
}

static void
do_retry_after(const struct ps_host *h, int64_t ms)
{
	struct host *own = self(h);

	if (own->hooks->retry_after != NULL)
		own->hooks->retry_after(own->ctx, ms);
}

static void
do_pause(const struct ps_host *h, const struct ps_topic_position *tps,
    size_t count)
{
	struct host *own = self(h);

	if (own->hooks->pause != NULL)
		own->hooks->pause(own->ctx, tps, count);
}

static void
do_resume(const struct ps_host *h, const struct ps_topic_position *tps,
    size_t count)
{
	struct host *own = self(h);

	if (own->hooks->resume != NULL)
		own->hooks->resume(own->ctx, tps, count);
}

static int
do_report(const struct ps_host *h, const struct ps_record *r,
    const struct ps_error *why, struct ps_error *err)
{
	struct host *own = self(h);

	if (own->hooks->report == NULL)
		return ps_fail(err, why->code, "%s", why->text);
	return own->hooks->report(own->ctx, r, why, err);
}

static void
do_request_reconfiguration(const struct ps_host *h)
{
	struct host *own = self(h);

	if (own->hooks->request_reconfiguration != NULL)
		own->hooks->request_reconfiguration(own->ctx);
}

static void
do_raise_error(const struct ps_host *h, const struct ps_error *why)
{
	struct host *own = self(h);

	if (own->hooks->raise_error != NULL)
		own->hooks->raise_error(own->ctx, why);
}

static void
do_waiting(const struct ps_host *h, const char *cause)
{
	struct host *own = self(h);

	if (own->hooks->waiting != NULL)
		own->hooks->waiting(own->ctx, cause);
}

static const char *
do_topic_id(const struct ps_host *h, const char *topic)
{
	struct host *own = self(h);

	return own->hooks->topic_id == NULL
		   ? NULL
		   : own->hooks->topic_id(own->ctx, topic);
}

static void
do_set_mark(const struct ps_host *h, const char *topic, int32_t partition,
    int64_t mark)
{
	struct host *own = self(h);

	if (own->hooks->set_mark != NULL)
		own->hooks->set_mark(own->ctx, topic, partition, mark);
}

static int64_t
do_mark(const struct ps_host *h, const char *topic, int32_t partition)
{
	struct host *own = self(h);

	return own->hooks->mark == NULL
		   ? 0
		   : own->hooks->mark(own->ctx, topic, partition);
}

static const struct ps_host abi_calls = {
	.size = sizeof(struct ps_host),
	.log = do_log,
	.count = do_count,
	.gauge = do_gauge,
	.stopping = do_stopping,
	.intern = do_intern,
	.partition = do_partition,
	.stored_offset = do_stored_offset,
	.request_commit = do_request_commit,
	.retry_after = do_retry_after,
	.pause = do_pause,
	.resume = do_resume,
	.report = do_report,
	.request_reconfiguration = do_request_reconfiguration,
	.raise_error = do_raise_error,
	.waiting = do_waiting,
	.topic_id = do_topic_id,
	.partition_map = do_partition_map,
	.set_mark = do_set_mark,
	.mark = do_mark,
};

static char *
make_labels(const char *connector, int task)
{
	struct buf b;
	char *labels;

	buf_init(&b, LINE_MAX_BYTES);
	metric_put_label(&b, "connector", connector);
	if (task >= 0)
		(void)buf_printf(&b, ",task=\"%d\"", task);
	labels = xstrdup(buf_str(&b));
	buf_fini(&b);
	return labels;
}

struct host *
host_new(const struct host_options *o)
{
	struct host *h = xcalloc(1, sizeof *h);
	char area[NAME_BYTES];

	h->hooks = o->hooks;
	h->ctx = o->ctx;
	h->connector = xstrdup(o->connector);
	(void)snprintf(area, sizeof area, "plugin.%s", o->connector);
	h->area = xstrdup(area);
	h->labels = make_labels(o->connector, o->task);
	h->schemas = intern_new(o->schemas);
	h->spare = arena_new(SPARE_CHUNK);
	h->arena = h->spare;
	h->partitions = partition_set_new(o->connector);
	h->metrics = metric_new(METRICS_MAX);
	h->abi = abi_calls;
	h->abi.impl = h;
	h->abi.connector = h->connector;
	h->abi.task = o->task;
	h->abi.wake_fd = o->wake_fd;
	h->abi.budget_bytes = o->budget_bytes;
	return h;
}

void
host_free(struct host **hp)
{
	struct host *h = *hp;

	if (h == NULL)
		return;
	metric_free(&h->metrics);
	partition_set_free(&h->partitions);
	intern_free(&h->schemas);
	arena_free(&h->spare);
	free(h->area);
	free(h->labels);
	free(h->connector);
	free(h);
	*hp = NULL;
}

const struct ps_host *
host_abi(const struct host *h)
{
	return &h->abi;
}

struct partition_set *
host_partitions(struct host *h)
{
	return h->partitions;
}

struct metric_registry *
host_metrics(struct host *h)
{
	return h->metrics;
}

void
host_set_arena(struct host *h, struct ps_arena *a)
{
	h->arena = a == NULL ? h->spare : a;
}

const char *
host_labels(const struct host *h)
{
	return h->labels;
}
