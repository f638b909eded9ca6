#include "kafka/reader.h"

#include <stdlib.h>
#include <string.h>

#include <penstock/record.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "config/map.h"
#include "kafka/conf.h"
#include "kafka/kerror.h"
#include "kafka/unread.h"

#define CONF_CHUNK ((size_t)16 * 1024)

static const struct ps_setting reading[] = {
	{ "auto.offset.reset", "earliest" },
	{ "enable.partition.eof", "true" },
	{ "fetch.wait.max.ms", "100" },
	{ "isolation.level", "read_committed" },
	{ "queued.max.messages.kbytes", "4096" },
	{ "queued.min.messages", "100" },
};

struct reader {
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	rd_kafka_event_t *event; /* of the record given out, NULL: none */
	char topic[256];         /* that is read, for errors */
	char trouble[512];
};

struct reader *
reader_new(const struct ps_config *settings, struct ps_error *err)
{
	struct ps_arena *a = arena_new(CONF_CHUNK);
	struct ps_config own = { reading, sizeof reading / sizeof *reading };
	struct reader *r = NULL;
	rd_kafka_t *rk = NULL;
	struct conf conf;

	if (conf_translate(a, CONF_CONSUMER, settings, &conf, err) == 0) {
		conf.properties = config_merge(a, &conf.properties, &own);
		/* librdkafka assigns nothing without one; nobody joins it. */
		if (!ps_config_has(&conf.properties, "group.id"))
			conf.properties = config_with(a, &conf.properties,
			    "group.id", "penstock-reader");
		rk = conf_open(&conf, err);
	}
	arena_free(&a);
	if (rk == NULL)
		return NULL;
	r = xcalloc(1, sizeof *r);
	r->rk = rk;
	(void)rd_kafka_poll_set_consumer(rk);
	r->queue = rd_kafka_queue_get_consumer(rk);
	return r;
}

static void
release(struct reader *r)
{
	if (r->event != NULL)
		rd_kafka_event_destroy(r->event);
	r->event = NULL;
}

void
reader_free(struct reader **rp)
{
	struct reader *r = *rp;

	if (r == NULL)
		return;
	release(r);
	rd_kafka_queue_destroy(r->queue);
	rd_kafka_destroy_flags(r->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	free(r);
	*rp = NULL;
}

int
reader_partitions(struct reader *r, const char *topic, int limit_ms, int *count,
    struct ps_error *err)
{
	rd_kafka_topic_t *t = rd_kafka_topic_new(r->rk, topic, NULL);
	const struct rd_kafka_metadata *m = NULL;
	rd_kafka_resp_err_t e;

	if (t == NULL)
		return ps_fail(err, PS_E_DATA, "topic %s: no such name", topic);
	e = rd_kafka_metadata(r->rk, 0, t, &m, limit_ms);
	if (e == RD_KAFKA_RESP_ERR_NO_ERROR && m->topic_cnt == 1) {
		e = m->topics[0].err;
		*count = m->topics[0].partition_cnt;
	}
	if (m != NULL)
		rd_kafka_metadata_destroy(m);
	rd_kafka_topic_destroy(t);
	if (e == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
		return ps_fail(err, PS_E_DATA, "topic %s does not exist",
		    topic);
	if (e != RD_KAFKA_RESP_ERR_NO_ERROR)
		return kerror_fail(err, e, "topic %s", topic);
	return 0;
}

int
reader_range(struct reader *r, const char *topic, int32_t partition,
    int limit_ms, int64_t range[2], struct ps_error *err)
{
	rd_kafka_resp_err_t e = rd_kafka_query_watermark_offsets(r->rk, topic,
	    partition, &range[0], &range[1], limit_ms);

	if (e == RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	return kerror_fail(err, e, "offsets of %s-%d", topic, (int)partition);
}

int
reader_start(struct reader *r, const struct consumer_position *from,
    struct ps_error *err)
{
	rd_kafka_topic_partition_list_t *l =
	    rd_kafka_topic_partition_list_new(1);
	rd_kafka_resp_err_t e;

	release(r);
	(void)snprintf(r->topic, sizeof r->topic, "%s", from->topic);
	rd_kafka_topic_partition_list_add(l, from->topic, from->partition)
	    ->offset = from->offset;
	e = rd_kafka_assign(r->rk, l);
	rd_kafka_topic_partition_list_destroy(l);
	if (e == RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	return kerror_fail(err, e, "reading %s-%d", from->topic,
	    (int)from->partition);
}

/* 1: the record; 0: nothing of it yet. */
static int
take_record(rd_kafka_event_t *ev, struct consumer_record *out)
{
	const rd_kafka_message_t *m = rd_kafka_event_message_next(ev);
	rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;

	if (m == NULL || m->err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	*out = (struct consumer_record){ .topic = rd_kafka_topic_name(m->rkt),
		.partition = m->partition,
		.offset = m->offset,
		.timestamp = rd_kafka_message_timestamp(m, &type),
		.key = m->key,
		.key_len = m->key_len,
		.value = m->payload,
		.value_len = m->len,
		.impl = m };
	out->log_append_time = type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME;
	if (type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE)
		out->timestamp = PS_NO_TIMESTAMP;
	return 1;
}

/* As reader_next, 2: go on waiting. */
static int
take_client_error(struct reader *r, struct ps_error *err)
{
	rd_kafka_resp_err_t e = rd_kafka_event_error(r->event);
	const char *text = rd_kafka_event_error_string(r->event);

	(void)snprintf(r->trouble, sizeof r->trouble, ": %.200s", text);
	if (kerror_class(e) == PS_E_RETRY)
		return 2;
	return kerror_fail(err, e, "reading topic %s", r->topic);
}

static int
take_error(struct reader *r, struct ps_error *err)
{
	rd_kafka_topic_partition_t *p =
	    rd_kafka_event_topic_partition(r->event); /* NULL: the client */
	struct ps_error why = { PS_OK, "" };
	struct unread_at at;
	enum unread what;

	if (p == NULL)
		return take_client_error(r, err);
	at = (struct unread_at){ r->topic, p->partition, p->offset,
		rd_kafka_event_error_string(r->event) };
	what = unread_judge(rd_kafka_event_error(r->event), &at, &why);
	rd_kafka_topic_partition_destroy(p);
	switch (what) {
	case UNREAD_END:
		return 0;
	case UNREAD_RESET:
		return take_client_error(r, err);
	case UNREAD_WAIT:
		(void)snprintf(r->trouble, sizeof r->trouble, ": %.500s",
		    why.text);
		return 2;
	case UNREAD_STOP:
		break;
	}
	return ps_fail(err, why.code, "%s", why.text);
}

/* As reader_next, 2: go on waiting. */
static int
take_event(struct reader *r, struct consumer_record *out, struct ps_error *err)
{
	switch (rd_kafka_event_type(r->event)) {
	case RD_KAFKA_EVENT_FETCH:
		return take_record(r->event, out) == 1 ? 1 : 2;
	case RD_KAFKA_EVENT_LOG:
		conf_log(r->event);
		return 2;
	case RD_KAFKA_EVENT_ERROR:
		return take_error(r, err);
	default:
		return 2;
	}
}

int
reader_next(struct reader *r, int limit_ms, struct consumer_record *out,
    struct ps_error *err)
{
	struct clock_ms start = clock_now();
	int64_t left = limit_ms;
	int got = 2;

	do {
		release(r);
		r->event = rd_kafka_queue_poll(r->queue, (int)left);
		if (r->event != NULL)
			got = take_event(r, out, err);
		left = limit_ms - clock_since(start, clock_now());
	} while (got == 2 && left > 0);
	if (got == 2)
		return ps_fail(err, PS_E_RETRY,
		    "topic %s was not read within %d ms%s", r->topic, limit_ms,
		    r->trouble);
	return got;
}

int
reader_committed(struct reader *r, struct consumer_position *position,
    int limit_ms, struct ps_arena *a, const char **beside, struct ps_error *err)
{
	rd_kafka_topic_partition_list_t *l =
	    rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_t *tp = rd_kafka_topic_partition_list_add(l,
	    position->topic, position->partition);
	rd_kafka_resp_err_t e = rd_kafka_committed(r->rk, l, limit_ms);

	if (e == RD_KAFKA_RESP_ERR_NO_ERROR)
		e = tp->err;
	position->offset = tp->offset < 0 ? CONSUMER_NO_OFFSET : tp->offset;
	*beside = ps_strndup(a, tp->metadata == NULL ? "" : tp->metadata,
	    tp->metadata_size);
	rd_kafka_topic_partition_list_destroy(l);
	if (e == RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	return kerror_fail(err, e, "committed offset of %s-%d", position->topic,
	    (int)position->partition);
}
