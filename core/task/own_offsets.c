#include "task/own_offsets.h"

#include <librdkafka/rdkafka.h>

#include "base/arena.h"
#include "kafka/conf.h"
#include "kafka/topiclog.h"
#include "task/asking.h"

enum {
	READ_MS = 90000, /* transactions of others time out before */
	SAY_MS = 1000,
	SLICE_MS = 100,
	CLOSE_MS = 2000,
	CHUNK = 4096
};

struct reading {
	struct task *task;
	struct ps_config client;
	struct ps_arena *arena;
	own_offsets_fn *fn;
	void *ctx;
	int64_t limit_ms; /* of one reading, with the creation before it */
	struct clock_ms began;
	struct hidden *hidden; /* NULL: not asked for */
	bool is_there;         /* the topic */
	bool is_done;
	struct ps_error error;
};

static void
on_record(void *ctx, const struct topiclog_record *r)
{
	struct reading *own = (struct reading *)ctx;
	const char *key, *value = NULL;

	if (r->key == NULL)
		return;
	key = ps_strndup(own->arena, (const char *)r->key, r->key_len);
	if (r->value != NULL)
		value = ps_strndup(own->arena, (const char *)r->value,
		    r->value_len);
	own->fn(own->ctx, key, value);
	arena_reset(own->arena, CHUNK);
	if (own->hidden != NULL)
		hidden_take_settled(own->hidden, r);
}

static void
on_any(void *ctx, const struct topiclog_record *r)
{
	hidden_take_any(((struct reading *)ctx)->hidden, r);
}

static void
on_end(void *ctx, const struct ps_error *err)
{
	struct reading *own = (struct reading *)ctx;

	own->is_done = true;
	if (err != NULL)
		own->error = *err;
}

/* Compacted, with the worker's numbers, unless it is there. */
static int
create(struct reading *own, struct topiclog_hub *hub, const char *topic,
    struct ps_error *err)
{
	static const struct ps_setting configs[] = {
		{ "cleanup.policy", "compact" },
	};
	const struct settings *s = &own->task->settings;
	struct admin_new_topic spec = { .name = topic,
		.partitions =
		    (int)settings_int(s, "offset.storage.partitions", -1),
		.replicas = (int)settings_int(s,
		    "offset.storage.replication.factor", -1),
		.configs = { configs, 1 } };
	struct asking a = { .admin = admin_new_on_hub(hub, err) };
	int result;

	if (a.admin == NULL)
		return -1;
	admin_create_topics(a.admin, &spec, 1,
	    (struct admin_call){ asking_answered, &a, (int)own->limit_ms });
	result = asking_wait(&a, own->task, "the topic's creation",
	    own->limit_ms, err);
	admin_free(&a.admin, 0);
	if (result != 0)
		return ps_fail_in(err, "offsets.storage.topic %s", topic);
	if (a.error.code == PS_OK)
		return 0;
	return ps_fail(err, a.error.code, "offsets.storage.topic %s: %s", topic,
	    a.error.text);
}

/* People see what it waits for, and other tasks may start meanwhile: it can
 * be one of those that is waited for. */
static int
say(struct task *t, const char *topic, struct ps_error *err)
{
	char cause[PS_ERROR_TEXT];

	(void)snprintf(cause, sizeof cause,
	    "reading the stored offsets: transactions in %s have not ended",
	    topic);
	task_set_cause(t, cause);
	return task_status(t, "RUNNING", err);
}

static int
read_on(struct reading *own, struct topiclog_hub *hub, const char *topic,
    struct ps_error *err)
{
	int64_t took = clock_since(own->began, clock_now());

	if (topiclog_serve(hub, err) != 0 ||
	    task_serve_waiting(own->task, err) != 0)
		return -1;
	if (gauges_should_stop(own->task->gauges))
		return ps_fail(err, PS_E_RETRY, "stopped");
	if (took > own->limit_ms)
		return ps_fail(err, PS_E_RETRY,
		    "offset topic %s was not read to its end within %lld ms: "
		    "%s",
		    topic, (long long)own->limit_ms, topiclog_trouble(hub));
	return took > SAY_MS ? say(own->task, topic, err) : 0;
}

/* One way to read it. */
struct way {
	enum topiclog_isolation isolation;
	topiclog_record_fn *fn;
};

static int
read_log(struct reading *own, struct topiclog_hub *hub, const char *topic,
    topiclog_record_fn *fn, struct ps_error *err)
{
	const struct topiclog_reader reader = { fn, on_end, own,
		TOPICLOG_FROM_START };
	struct topiclog *log = topiclog_open(hub, topic, &reader, err);
	int result = log == NULL ? -1 : 0;

	own->is_done = false;
	while (result == 0 && !own->is_done) {
		task_wait(own->task, topiclog_fd(hub), SLICE_MS);
		result = read_on(own, hub, topic, err);
	}
	if (log != NULL)
		topiclog_close(&log);
	if (result == 0 && own->error.code != PS_OK)
		return ps_fail(err, own->error.code, "%s: %s", topic,
		    own->error.text);
	return result;
}

static int
read_in(struct reading *own, const char *topic, const struct way *way,
    struct ps_error *err)
{
	struct topiclog_hub *hub =
	    topiclog_hub_new(&own->client, way->isolation, err);
	int result = 0;

	if (hub == NULL)
		return -1;
	own->began = clock_now();
	if (!own->is_there)
		result = create(own, hub, topic, err);
	own->is_there = result == 0;
	if (result == 0)
		result = read_log(own, hub, topic, way->fn, err);
	topiclog_hub_free(&hub, CLOSE_MS);
	return result;
}

static int
read_all(struct reading *own, const char *topic, struct ps_error *err)
{
	struct settings *s = &own->task->settings;
	const struct way any = { TOPICLOG_UNCOMMITTED, on_any };
	const struct way what_holds = { settings_is_exactly_once(s)
					    ? TOPICLOG_SETTLED
					    : TOPICLOG_COMMITTED,
		on_record };
	const struct conf_owner owner = { &s->worker, &s->config, s->connector,
		s->task };
	int result = 0;

	own->client = conf_settings(s->arena, CONF_OFFSETS, &owner);
	own->arena = arena_new(CHUNK);
	if (own->hidden != NULL)
		result = read_in(own, topic, &any, err);
	if (result == 0)
		result = read_in(own, topic, &what_holds, err);
	arena_free(&own->arena);
	return result;
}

int
own_offsets_each(struct task *t, const char *topic, int64_t limit_ms,
    own_offsets_fn *fn, void *ctx, struct ps_error *err)
{
	struct reading own = { .task = t,
		.fn = fn,
		.ctx = ctx,
		.limit_ms = limit_ms };

	return read_all(&own, topic, err);
}

/* Other connectors' records may be there too. */
static void
take_stored(void *ctx, const char *key, const char *value)
{
	(void)partition_set_stored(ctx, key, value, NULL);
}

int
own_offsets_read(struct task *t, const char *topic, struct hidden *hidden,
    struct ps_error *err)
{
	struct reading own = { .task = t,
		.fn = take_stored,
		.ctx = host_partitions(t->host),
		.limit_ms = READ_MS,
		.hidden = hidden };

	return read_all(&own, topic, err);
}

static bool
is_ours(void *ctx, const char *key, size_t len)
{
	struct ps_source_partition *p;

	return partition_is_key(ctx, key, len, &p);
}

struct hidden *
own_offsets_hidden(struct task *t)
{
	return hidden_new(is_ours, host_partitions(t->host));
}
