#include "kafka/producer.h"

#include <assert.h>
#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <penstock/record.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fds.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "kafka/conf.h"
#include "kafka/kerror.h"
#include "kafka/producer_impl.h"

/* What librdkafka keeps of a record beside its bytes. */
#define RECORD_COST 256u
#define CONF_CHUNK  ((size_t)64 * 1024)
#define BATCH_CHUNK 512
#define RECORD_MAX  1000000u /* librdkafka's default */

/* librdkafka has five requests, of one batch each, on their way to a broker
 * and spins on the processor while a sixth is ready. So it gets no more than
 * four and a half batches for each broker. */
#define WINDOW_HALVES 9u
#define WINDOW_MIN    ((size_t)2 * 1024 * 1024)

static int
arm(struct producer *p, struct ps_error *err)
{
	static const uint64_t one = 1;

	/* 1: what came before the queue is watched is looked at. */
	p->fd = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
	if (p->fd < 0)
		return fds_fail(err, errno, "cannot make a producer");
	p->queue = rd_kafka_queue_get_main(p->rk);
	rd_kafka_queue_io_event_enable(p->queue, p->fd, &one, sizeof one);
	return 0;
}

static size_t
number_of(const struct conf *c, const char *property, size_t otherwise)
{
	const char *s = ps_config_get(&c->properties, property);

	return s == NULL ? otherwise : (size_t)strtoull(s, NULL, 10);
}

static void
open_window(struct producer *p, int brokers)
{
	size_t size = p->batch_size / 2 * WINDOW_HALVES;

	if (brokers > 1)
		size *= (size_t)brokers;
	if (size < WINDOW_MIN)
		size = WINDOW_MIN;
	if (p->window < size)
		p->window = size;
}

struct producer *
producer_new(const struct ps_config *settings, producer_report_fn *fn,
    void *ctx, struct ps_error *err)
{
	struct ps_arena *a = arena_new(CONF_CHUNK);
	struct producer *p = xcalloc(1, sizeof *p);
	struct conf conf;

	p->fd = -1;
	p->fn = fn;
	p->ctx = ctx;
	if (conf_translate(a, CONF_PRODUCER, settings, &conf, err) == 0) {
		p->ceiling = conf.buffer_bytes;
		p->max_record =
		    number_of(&conf, "message.max.bytes", RECORD_MAX);
		p->batch_size = number_of(&conf, "batch.size", RECORD_MAX);
		open_window(p, 1);
		producer_partition_init(p, a, &conf);
		p->rk = conf_open(&conf, err);
	}
	arena_free(&a);
	if (p->rk == NULL || arm(p, err) != 0)
		producer_free(&p, 0);
	else
		p->chunk = xcalloc(BATCH_CHUNK, sizeof *p->chunk);
	return p;
}

/* Purged records get their reports while librdkafka answers. */
static void
drain(struct producer *p, int limit_ms)
{
	struct clock_ms start = clock_now();

	producer_purge(p);
	while (p->records > 0 && clock_since(start, clock_now()) < limit_ms)
		if (producer_serve(p, 10, NULL) < 0)
			break;
}

static void
free_topics(struct producer *p)
{
	for (size_t i = 0; i < p->topic_count; i++) {
		rd_kafka_topic_destroy(p->topics[i]->rkt);
		free(p->topics[i]->name);
		free(p->topics[i]);
	}
	free(p->topics);
}

void
producer_free(struct producer **pp, int limit_ms)
{
	struct producer *p = *pp;

	*pp = NULL;
	if (p == NULL)
		return;
	if (p->rk != NULL && p->queue != NULL)
		drain(p, limit_ms);
	free_topics(p);
	if (p->queue != NULL) {
		rd_kafka_queue_io_event_enable(p->queue, -1, NULL, 0);
		rd_kafka_queue_destroy(p->queue);
	}
	if (p->rk != NULL)
		rd_kafka_destroy_flags(p->rk,
		    RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	if (p->fd >= 0)
		(void)close(p->fd);
	free(p->chunk);
	free(p);
}

struct producer_topic *
producer_topic(struct producer *p, const char *name)
{
	struct producer_topic *t;

	for (size_t i = 0; i < p->topic_count; i++)
		if (strcmp(p->topics[i]->name, name) == 0)
			return p->topics[i];
	t = xcalloc(1, sizeof *t);
	t->name = xstrdup(name);
	t->rkt = producer_partition_topic(p, t);
	assert(t->rkt != NULL);
	p->topics =
	    xrealloc(p->topics, (p->topic_count + 1) * sizeof *p->topics);
	p->topics[p->topic_count++] = t;
	return t;
}

const char *
producer_topic_name(const struct producer_topic *t)
{
	return t->name;
}

int
producer_topic_ready(struct producer *p, struct producer_topic *t, int limit_ms,
    int *partitions, struct ps_error *err)
{
	const struct rd_kafka_metadata *md;
	rd_kafka_resp_err_t e =
	    rd_kafka_metadata(p->rk, 0, t->rkt, &md, limit_ms);

	if (e != RD_KAFKA_RESP_ERR_NO_ERROR)
		return kerror_fail(err, e, "topic %s%s%s", t->name,
		    p->trouble[0] == '\0' ? "" : ": ", p->trouble);
	*partitions = 0;
	open_window(p, md->broker_cnt);
	if (md->topic_cnt == 1) {
		e = md->topics[0].err;
		*partitions = md->topics[0].partition_cnt;
	}
	rd_kafka_metadata_destroy(md);
	if (e == RD_KAFKA_RESP_ERR_NO_ERROR && *partitions > 0)
		return 0;
	return kerror_fail(err,
	    e == RD_KAFKA_RESP_ERR_NO_ERROR
		? RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART
		: e,
	    "topic %s", t->name);
}

static void
charge(struct producer *p, const struct producer_record *r)
{
	if (p->records++ == 0)
		p->quiet = clock_now();
	p->bytes += r->key_len + r->value_len;
}

static size_t
used(const struct producer *p)
{
	return p->bytes + p->records * RECORD_COST;
}

static int
refuse(struct producer *p, struct producer_topic *t,
    const struct producer_record *r, rd_kafka_resp_err_t e,
    struct ps_error *err)
{
	/* The transaction failed already, and takes nothing more. */
	if (e == RD_KAFKA_RESP_ERR__STATE && p->txn == PRODUCER_TXN_OPEN)
		p->txn = PRODUCER_TXN_MUST_ABORT;
	/* It may have been fenced, which its event tells only later. */
	if (e == RD_KAFKA_RESP_ERR__FATAL && p->txn != PRODUCER_TXN_NONE)
		p->txn = producer_txn_after(p, e);
	if (e == RD_KAFKA_RESP_ERR__QUEUE_FULL)
		return ps_fail(err, PS_E_RETRY, "%zu records are on their way",
		    p->records);
	return kerror_fail(err, e,
	    "topic %s, record of %zu bytes for partition %d", t->name,
	    r->key_len + r->value_len, r->partition);
}

static int
full(struct producer *p, struct ps_error *err)
{
	return ps_fail(err, PS_E_RETRY,
	    "%zu bytes are on their way, of at most %zu", p->bytes,
	    p->window < p->ceiling ? p->window : p->ceiling);
}

/* One record is let in whatever its size. */
static bool
has_room(const struct producer *p, const struct producer_record *r)
{
	size_t bytes = r->key_len + r->value_len;

	return p->records == 0 ||
	       (p->bytes + bytes <= p->window &&
		   used(p) + bytes + RECORD_COST <= p->ceiling);
}

static rd_kafka_headers_t *
make_headers(const struct producer_record *r)
{
	rd_kafka_headers_t *h = rd_kafka_headers_new(r->header_count);

	for (size_t i = 0; i < r->header_count; i++)
		(void)rd_kafka_header_add(h, r->headers[i].name,
		    (ssize_t)r->headers[i].name_len, r->headers[i].value,
		    (ssize_t)r->headers[i].len);
	return h;
}

/* librdkafka takes what it does not change without const. */
static void *
bare(const void *p)
{
	union {
		const void *in;
		void *out;
	} u = { .in = p };

	return u.out;
}

static rd_kafka_resp_err_t
produce_one(struct producer *p, struct producer_topic *t,
    const struct producer_record *r)
{
	rd_kafka_headers_t *h = NULL;
	rd_kafka_resp_err_t e;
	rd_kafka_vu_t vus[8] = {
		{ .vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = t->rkt },
		{ .vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = r->partition },
		{ .vtype = RD_KAFKA_VTYPE_VALUE,
		    .u.mem = { bare(r->value), r->value_len } },
		{ .vtype = RD_KAFKA_VTYPE_KEY,
		    .u.mem = { bare(r->key), r->key_len } },
		{ .vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = r->opaque },
	};
	size_t n = 5;
	rd_kafka_error_t *error;

	if (producer_partition_is_open(p, r))
		vus[1].u.i32 = producer_partition_now(p, t);
	if (r->timestamp != PS_NO_TIMESTAMP) {
		vus[n].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
		vus[n++].u.i64 = r->timestamp;
	}
	if (r->header_count > 0) {
		h = make_headers(r);
		vus[n].vtype = RD_KAFKA_VTYPE_HEADERS;
		vus[n++].u.headers = h;
	}
	error = rd_kafka_produceva(p->rk, vus, n);
	if (error == NULL)
		return RD_KAFKA_RESP_ERR_NO_ERROR;
	e = rd_kafka_error_code(error);
	rd_kafka_error_destroy(error);
	if (h != NULL)
		rd_kafka_headers_destroy(h);
	return e;
}

int
producer_send(struct producer *p, struct producer_topic *t,
    const struct producer_record *r, struct ps_error *err)
{
	rd_kafka_resp_err_t e;

	if (!has_room(p, r))
		return full(p, err);
	e = produce_one(p, t, r);
	if (e != RD_KAFKA_RESP_ERR_NO_ERROR)
		return refuse(p, t, r, e, err);
	charge(p, r);
	return 0;
}

/* Can it go through produce_batch, behind the first of the chunk? */
static bool
fits_chunk(const struct producer *p, const struct producer_record *r,
    const struct producer_record *first)
{
	return r->partition == first->partition && r->header_count == 0 &&
	       r->timestamp == PS_NO_TIMESTAMP &&
	       r->key_len + r->value_len <= p->max_record &&
	       producer_partition_is_open(p, r) ==
		   producer_partition_is_open(p, first) &&
	       has_room(p, r);
}

/* The first records of one partition that librdkafka can take in one call,
 * and cannot refuse one by one. They are charged. */
static size_t
fill_chunk(struct producer *p, const struct producer_record *records,
    size_t count)
{
	size_t n = 0;

	for (; n < count && n < BATCH_CHUNK; n++) {
		const struct producer_record *r = &records[n];

		if (!fits_chunk(p, r, records))
			break;
		p->chunk[n] = (rd_kafka_message_t){
			.payload = bare(r->value),
			.len = r->value_len,
			.key = bare(r->key),
			.key_len = r->key_len,
			._private = r->opaque,
		};
		charge(p, r);
	}
	return n;
}

/* All of the chunk, or nothing. */
static rd_kafka_resp_err_t
produce_chunk(struct producer *p, struct producer_topic *t, int32_t partition,
    size_t n)
{
	int good =
	    rd_kafka_produce_batch(t->rkt, partition, 0, p->chunk, (int)n);

	assert(good == 0 || good == (int)n);
	if (good != 0)
		return RD_KAFKA_RESP_ERR_NO_ERROR;
	for (size_t i = 0; i < n; i++) {
		p->records--;
		p->bytes -= p->chunk[i].len + p->chunk[i].key_len;
	}
	return p->chunk->err;
}

/* How many were sent, 0: err says why none was. */
static size_t
send_chunk(struct producer *p, struct producer_topic *t,
    const struct producer_record *records, size_t count, struct ps_error *err)
{
	bool is_open = producer_partition_is_open(p, records);
	int32_t partition =
	    is_open ? producer_partition_now(p, t) : records->partition;
	size_t n = fill_chunk(p, records, is_open && partition < 0 ? 1 : count);
	rd_kafka_resp_err_t e;

	if (n == 0)
		return producer_send(p, t, records, err) == 0;
	e = produce_chunk(p, t, partition, n);
	if (e == RD_KAFKA_RESP_ERR_NO_ERROR)
		return n;
	/* The partition that was chosen may be gone: choose again. */
	if (is_open && partition >= 0 &&
	    e == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION) {
		atomic_store(&t->sticky, -1);
		return producer_send(p, t, records, err) == 0;
	}
	(void)refuse(p, t, records, e, err);
	return 0;
}

size_t
producer_send_batch(struct producer *p, struct producer_topic *t,
    const struct producer_record *records, size_t count, struct ps_error *err)
{
	size_t sent = 0, n;

	for (; sent < count; sent += n) {
		n = send_chunk(p, t, records + sent, count - sent, err);
		if (n == 0)
			break;
	}
	return sent;
}

int
producer_fd(const struct producer *p)
{
	return p->fd;
}

size_t
producer_in_flight(const struct producer *p)
{
	return p->records;
}

size_t
producer_in_flight_bytes(const struct producer *p)
{
	return p->bytes;
}

size_t
producer_record_max(const struct producer *p)
{
	return p->max_record;
}

size_t
producer_ceiling_bytes(const struct producer *p)
{
	return p->ceiling;
}

void
producer_purge(struct producer *p)
{
	(void)rd_kafka_purge(p->rk, RD_KAFKA_PURGE_F_QUEUE |
					RD_KAFKA_PURGE_F_INFLIGHT |
					RD_KAFKA_PURGE_F_NON_BLOCKING);
}

void
producer_purge_unsent(struct producer *p)
{
	(void)rd_kafka_purge(p->rk,
	    RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_NON_BLOCKING);
}

const char *
producer_trouble(const struct producer *p)
{
	if (p->records == 0)
		return "";
	return p->lack[0] != '\0' ? p->lack : p->trouble;
}
