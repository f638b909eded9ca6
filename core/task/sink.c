#include "task/sink.h"

#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "config/map.h"
#include "convert/consumed.h"
#include "kafka/conf.h"
#include "record/batch.h"
#include "task/wait.h"

enum {
	CHUNK = 256 << 10,
	KEEP = 4 << 20,
	SCRATCH = 4096,
	BATCH_BYTES = 4 << 20,
	RECORDS_MAX = 20000,
	RETRY_FIRST_MS = 300,
	WAIT_MS = 1000,
	SLICE_MS = 50,
	CLOSE_MS = 3000,
	GAUGES_MS = 1000,
	HANG_MS_DEFAULT = 600000,
	STALL_MS_DEFAULT = 60000,
	POLL_SPARE_MS = 30000,
	POLL_MS_MAX = 86400000 /* librdkafka's */
};

/* ---- A batch ---- */

/* put() sees only what is kept; positions come from the consumer's event. */
static void
keep_kept(struct ps_batch *b)
{
	size_t kept = 0;

	for (size_t i = 0; i < b->count; i++) {
		if (b->records[i].outcome != PS_KEPT)
			continue;
		if (kept != i)
			b->records[kept] = b->records[i];
		kept++;
	}
	b->count = kept;
}

static void
end_batch(struct sink *s)
{
	batch_reset(s->batch, KEEP);
	consumer_release(s->consumer, &s->event);
	s->is_held = false;
}

static int
take_records(struct sink *s, const struct consumer_event *e,
    struct ps_error *err)
{
	struct task *t = s->task;

	s->event = *e;
	s->is_held = true;
	s->batch_since = s->assignments;
	s->read += e->record_count;
	s->read_bytes += e->record_bytes;
	s->put_again = clock_now();
	atomic_fetch_add(&t->gauges->records, e->record_count);
	atomic_fetch_add(&t->gauges->bytes, e->record_bytes);
	consumed_fill(s->batch, e, s->parts);
	host_set_arena(t->host, s->batch->arena);
	gauges_enter(t->gauges, "converters and transforms");
	decode_batch(&s->decoder, &t->tolerance, s->batch);
	gauges_leave(t->gauges);
	host_set_arena(t->host, NULL);
	if (tolerance_settle(&t->tolerance, s->batch, err) != 0)
		return -1;
	keep_kept(s->batch);
	return 0;
}

/* ---- put ---- */

static int
announce(struct sink *s, struct position *p, struct ps_error *err)
{
	struct msg m = { .type = MSG_TYPE_TOPIC };

	for (size_t i = 0; i < positions_count(s->positions); i++) {
		const struct position *other = positions_at(s->positions, i);

		p->is_announced |=
		    other->is_announced && strcmp(other->topic, p->topic) == 0;
	}
	if (p->is_announced)
		return 0;
	p->is_announced = true;
	m.topic.name = p->topic;
	return uplink_send(s->task->uplink, &m, err);
}

/* All records of the event, whatever became of them, unless their partition
 * went away meanwhile. */
static int
advance(struct sink *s, struct ps_error *err)
{
	const struct consumer_event *e = &s->event;

	for (size_t i = 0; i < e->record_count; i++) {
		const struct consumer_record *r = &e->records[i];
		bool last = i + 1 == e->record_count ||
			    e->records[i + 1].topic != r->topic ||
			    e->records[i + 1].partition != r->partition;
		struct position *p;

		if (!last)
			continue;
		p = positions_find(s->positions, r->topic, r->partition);
		if (p == NULL || p->since > s->batch_since)
			continue;
		p->current = r->offset + 1;
		if (!p->is_announced && announce(s, p, err) != 0)
			return -1;
	}
	return 0;
}

/* The plugin's own wish, else a back-off; -1: none. */
static void
plan_next_put(struct sink *s, int64_t ms)
{
	struct task *t = s->task;

	if (t->retry_after_ms >= 0)
		ms = t->retry_after_ms;
	t->retry_after_ms = -1;
	s->wants_put = ms >= 0;
	if (ms >= 0)
		s->put_again = clock_after(clock_now(), ms);
}

static void
note_delivered(struct sink *s)
{
	const struct consumer_event *e = &s->event;

	if (s->batch->count > 0 && e->record_count > 0)
		gauges_delivered(s->task->gauges, s->batch->count,
		    e->records[e->record_count - 1].timestamp);
}

static int
put(struct sink *s, struct ps_error *err)
{
	struct task *t = s->task;
	struct clock_ms start = clock_now();
	struct ps_error why = { 0 };
	int result;

	t->retry_after_ms = -1;
	gauges_enter(t->gauges, "put");
	result = t->connector.sink.put(t->connector.state, s->batch, &why);
	gauges_leave(t->gauges);
	measures_value(&t->measures, MEASURE_CALL,
	    (double)clock_since(start, clock_now()));
	if (result == 0) {
		note_delivered(s);
		s->put += s->batch->count;
		measures_value(&t->measures, MEASURE_BATCH,
		    (double)s->batch->count);
		backoff_reset(&s->backoff);
		plan_next_put(s, -1);
		task_set_cause(t, NULL);
		if (!s->is_held)
			return 0;
		result = advance(s, err);
		end_batch(s);
		return result;
	}
	if (why.code != PS_E_RETRY)
		return ps_fail(err, why.code,
		    "Exiting WorkerSinkTask due to unrecoverable exception: %s",
		    why.text);
	task_set_cause(t, why.text);
	log_warn("task", "put: %s", why.text);
	keep_kept(s->batch);
	plan_next_put(s, backoff_next_ms(&s->backoff));
	return 0;
}

/* ---- One turn ---- */

/* What was put before counts, or it would come again with every restart. */
static int
end_at(struct sink *s, const struct consumer_event *e, struct ps_error *err)
{
	struct ps_error why = { 0 };

	if (sink_commit(s, NULL, 0, SINK_SYNC, &why) != 0)
		log_warn("task", "last commit: %s", why.text);
	return ps_fail(err, e->error.code, "%s", e->error.text);
}

static int
take_event(struct sink *s, const struct consumer_event *e, struct ps_error *err)
{
	struct task *t = s->task;

	switch (e->what) {
	case CONSUMER_NOTHING:
		return 0;
	case CONSUMER_RECORDS:
		return take_records(s, e, err);
	case CONSUMER_ASSIGNED:
		return sink_assigned(s, e, err);
	case CONSUMER_REVOKED:
		return sink_unassigned(s, e, PS_CLOSE_REVOKED, err);
	case CONSUMER_LOST:
		return sink_unassigned(s, e, PS_CLOSE_LOST, err);
	case CONSUMER_COMMITTED:
		sink_committed(s, e);
		return 0;
	case CONSUMER_GAP:
	case CONSUMER_UNREAD:
		return end_at(s, e, err);
	case CONSUMER_UNCLAIMED:
		task_set_unclaimed(t,
		    e->error.code == PS_OK ? NULL : e->error.text);
		return 0;
	case CONSUMER_TROUBLE:
		task_set_trouble(t, e->error.text);
		return 0;
	case CONSUMER_WELL:
		task_set_trouble(t, NULL);
		return 0;
	case CONSUMER_CLOSED:
		return ps_fail(err, PS_E_RETRY, "the consumer was closed");
	}
	return 0;
}

/* Events only: records stay where they are. 1: there was one. */
static int
poll_events(struct sink *s, struct ps_error *err)
{
	const struct consumer_limits none = { 0 };
	struct consumer_event e = { 0 };

	if (consumer_poll(s->consumer, &none, &e, err) != 0 ||
	    take_event(s, &e, err) != 0)
		return -1;
	return e.what != CONSUMER_NOTHING;
}

static int
poll_records(struct sink *s, struct ps_error *err)
{
	struct consumer_event e = { 0 };

	if (consumer_poll(s->consumer, &s->limits, &e, err) != 0 ||
	    take_event(s, &e, err) != 0)
		return -1;
	return e.what != CONSUMER_NOTHING;
}

/* What a burst took goes once nothing has come for a while; task.c gives it
 * to the system. */
static void
shrink(struct sink *s)
{
	if (s->read == s->read_before && !s->is_held && s->consumer != NULL) {
		batch_free(&s->batch);
		s->batch = batch_new(CHUNK);
		consumer_shrink(s->consumer);
	}
	s->read_before = s->read;
}

static void
publish(struct sink *s)
{
	struct clock_ms now = clock_now();

	if (clock_since(s->next_gauges, now) < 0)
		return;
	s->next_gauges = clock_after(now, GAUGES_MS);
	shrink(s);
	sink_publish(s, now);
}

/* A commit whose answer does not come is given up, for the next. */
static bool
may_commit(const struct sink *s)
{
	return !s->is_committing || clock_since(s->commit_began, clock_now()) >
					s->task->commit_limit_ms;
}

static int
commit_if_due(struct sink *s, struct ps_error *err)
{
	struct task *t = s->task;
	struct ps_error why = { 0 };

	if (!task_commit_is_due(t) || !may_commit(s) ||
	    gauges_should_suspend(t->gauges))
		return 0;
	task_commit_was_begun(t);
	s->given_up += s->is_committing;
	/* Sinks that act by time get their turn before. */
	if (!s->is_held && !gauges_should_pause(t->gauges) && put(s, err) != 0)
		return -1;
	if (sink_commit(s, NULL, 0, SINK_ASYNC, &why) == 0)
		return 0;
	if (why.code != PS_E_RETRY)
		return ps_fail(err, why.code, "%s", why.text);
	task_set_cause(t, why.text);
	log_warn("task", "%s", why.text);
	return 0;
}

static int
stay_paused(struct sink *s, struct ps_error *err)
{
	struct task *t = s->task;
	bool paused = atomic_load(&t->gauges->pause);

	if (paused && !s->is_paused && !s->is_committing &&
	    sink_commit(s, NULL, 0, SINK_ASYNC, err) != 0)
		return -1;
	s->is_paused = paused && !gauges_should_suspend(t->gauges);
	if (paused && task_status(t, "PAUSED", err) != 0)
		return -1;
	sink_suspend(s);
	if (poll_events(s, err) < 0)
		return -1;
	task_wait(t, -1, SLICE_MS);
	return 0;
}

static int64_t
until_put(const struct sink *s)
{
	int64_t ms = clock_since(clock_now(), s->put_again);

	return ms < 0 ? 0 : ms;
}

static int
work(struct sink *s, struct ps_error *err)
{
	struct task *t = s->task;
	int got;

	if (s->is_held && until_put(s) == 0)
		return put(s, err);
	if (s->is_held) {
		got = poll_events(s, err);
		if (got == 0)
			task_wait(t, -1,
			    until_put(s) < SLICE_MS ? until_put(s) : SLICE_MS);
		return got < 0 ? -1 : 0;
	}
	if (s->wants_put && until_put(s) == 0)
		return put(s, err);
	got = poll_records(s, err);
	if (got == 0)
		task_wait(t, consumer_fd(s->consumer),
		    s->wants_put && until_put(s) < WAIT_MS ? until_put(s)
							   : WAIT_MS);
	return got < 0 ? -1 : 0;
}

static int
turn(struct sink *s, struct ps_error *err)
{
	struct task *t = s->task;

	publish(s);
	if (task_serve(t, err) != 0 || dlq_serve(s->dlq, 0, err) != 0 ||
	    commit_if_due(s, err) != 0)
		return -1;
	if (gauges_should_pause(t->gauges))
		return stay_paused(s, err);
	s->is_paused = s->is_suspended = false;
	if (task_status(t, "RUNNING", err) != 0)
		return -1;
	return work(s, err);
}

/* ---- Life ---- */

static int
subscribe(struct sink *s, struct ps_error *err)
{
	struct settings *own = &s->task->settings;
	const char *pattern = ps_config_str(&own->common, "topics.regex");
	struct ps_list topics =
	    ps_config_list(&own->common, "topics", own->arena);

	if (topics.count > 0)
		return consumer_subscribe(s->consumer, topics.items,
		    topics.count, err);
	if (pattern[0] != '\0')
		return consumer_subscribe_pattern(s->consumer, pattern, err);
	return ps_fail(err, PS_E_CONFIG,
	    "Must configure one of topics or topics.regex");
}

struct ps_config
sink_with_poll_limit(const struct settings *own, const struct ps_config *c)
{
	int64_t hang_ms =
	    settings_int(own, "task.hang.timeout.ms", HANG_MS_DEFAULT);
	int64_t ms = hang_ms < POLL_MS_MAX - POLL_SPARE_MS
			 ? hang_ms + POLL_SPARE_MS
			 : POLL_MS_MAX;

	if (ps_config_has(c, "max.poll.interval.ms"))
		return *c;
	return config_with(own->arena, c, "max.poll.interval.ms",
	    ps_printf(own->arena, "%lld", (long long)ms));
}

void
sink_put_pauses(const struct settings *own, struct backoff *out)
{
	int64_t first =
	    settings_int(own, "redelivery.delay.initial.ms", RETRY_FIRST_MS);
	int64_t max = settings_int(own, "redelivery.delay.max.ms",
	    ps_retry_max_ms(first));

	backoff_init(out, first < max ? first : max, max,
	    (uint64_t)clock_now().ms);
}

static int
open_consumer(struct sink *s, struct ps_error *err)
{
	struct settings *own = &s->task->settings;
	const struct conf_owner owner = { &own->worker, &own->config,
		own->connector, own->task };
	struct ps_config c = conf_settings(own->arena, CONF_SINK, &owner);

	c = sink_with_poll_limit(own, &c);
	clients_begin(&s->task->clients, own->arena, host_labels(s->task->host),
	    ps_config_str(&c, "client.id"));
	s->consumer = consumer_new(&c, err);
	if (s->consumer == NULL)
		return -1;
	s->task->consumer = s->consumer;
	s->session_ms = ps_config_int(&c, "session.timeout.ms");
	if (own->task == 0)
		consumer_watch_claims(s->consumer,
		    settings_int(own, "stall.timeout.ms", STALL_MS_DEFAULT));
	s->limits.max_records = RECORDS_MAX;
	if (ps_config_has(&c, "max.poll.records"))
		s->limits.max_records =
		    (size_t)ps_config_int(&c, "max.poll.records");
	/* Who could not answer the group does not join it. */
	return wait_for_lease(s->task, err) != 0 ? -1 : subscribe(s, err);
}

/* A target's transactions are worth more bytes than a source's batches. */
static size_t
batch_bytes(const struct settings *own)
{
	bool is_given = ps_config_has(&own->config, "batch.bytes") ||
			ps_config_has(&own->worker, "batch.bytes");

	return is_given ? (size_t)settings_int(own, "batch.bytes", BATCH_BYTES)
			: BATCH_BYTES;
}

/* Somebody may look at them, or fail to convert them. */
static bool
needs_headers(const struct sink *s)
{
	const struct task *t = s->task;
	const struct ps_sink_ops *ops = &t->connector.sink;

	return !pipeline_is_empty(t->pipeline) || s->dlq != NULL ||
	       !converters_have_plain_headers(&t->converters) ||
	       converters_read_headers(&t->converters) ||
	       ops->headers == NULL || ops->headers(t->connector.state);
}

/* Letters are made of what was consumed, which may be changed until then. */
static unsigned
parts_of(const struct sink *s)
{
	unsigned parts = CONSUMED_PLAIN;

	if (s->decoder.reads_headers)
		parts |= CONSUMED_HEADERS;
	if (s->dlq != NULL && decoder_changes_records(&s->decoder))
		parts |= CONSUMED_ORIGINALS;
	return parts;
}

static int
open_sink(struct sink *s, struct ps_error *err)
{
	struct task *t = s->task;
	const struct settings *own = &t->settings;

	t->on_wait = sink_while_waiting;
	t->on_wait_ctx = s;
	t->next_try = &s->put_again;
	s->positions = t->positions = positions_new();
	s->batch = batch_new(CHUNK);
	s->scratch = arena_new(SCRATCH);
	s->limits.max_bytes = batch_bytes(own);
	sink_put_pauses(own, &s->backoff);
	if (dlq_new(t, &s->dlq, err) != 0)
		return -1;
	if (s->dlq != NULL) {
		t->tolerance.letter = dlq_send;
		t->tolerance.ctx = s->dlq;
	}
	s->decoder.converters = &t->converters;
	s->decoder.pipeline = t->pipeline;
	if (t->connector.sink.input != NULL)
		s->decoder.input = t->connector.sink.input(t->connector.state);
	s->decoder.reads_headers = needs_headers(s);
	if (decoder_init(&s->decoder, own, host_abi(t->host), err) != 0 ||
	    task_start_connector(t, t->connector.sink.start, err) != 0)
		return -1;
	s->parts = parts_of(s);
	return open_consumer(s, err);
}

static enum task_end
loop(struct sink *s, struct ps_error *err)
{
	struct task *t = s->task;

	while (!gauges_should_stop(t->gauges)) {
		if (turn(s, err) == 0)
			continue;
		if (gauges_should_stop(t->gauges))
			break;
		return TASK_FAILED;
	}
	ps_error_clear(err);
	if (sink_close_all(s, err) != 0)
		log_warn("task", "last commit: %s", err->text);
	ps_error_clear(err);
	return TASK_STOPPED;
}

static void
close_sink(struct sink *s)
{
	struct task *t = s->task;

	gauges_enter(t->gauges, "stop");
	if (t->connector.sink.stop != NULL && t->connector.state != NULL)
		t->connector.sink.stop(t->connector.state);
	gauges_enter(t->gauges, "destroy");
	instance_fini(&t->connector);
	gauges_leave(t->gauges);
	decoder_fini(&s->decoder);
	if (s->is_held)
		end_batch(s);
	s->next_gauges = (struct clock_ms){ 0 };
	if (s->consumer != NULL)
		publish(s);
	t->consumer = NULL;
	t->on_wait = NULL;
	t->next_try = NULL;
	if (s->consumer != NULL)
		consumer_free(&s->consumer, CLOSE_MS);
	dlq_free(&s->dlq);
	t->positions = NULL;
	positions_free(&s->positions);
	batch_free(&s->batch);
	arena_free(&s->scratch);
}

enum task_end
sink_run(struct task *t, struct ps_error *err)
{
	struct sink s = { .task = t };
	enum task_end end = TASK_FAILED;

	if (open_sink(&s, err) == 0)
		end = loop(&s, err);
	close_sink(&s);
	return end;
}
