#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <penstock/record.h>

#include "base/xalloc.h"
#include "kafka/consumer_impl.h"
#include "kafka/unread.h"

#define DEFAULT_RECORDS 10000u
#define CHUNK_MAX       1024u
#define CHUNK_MIN       16u
#define FIRST_AVERAGE   512u

static void
make_room(struct consumer *c, size_t more)
{
	if (c->count + more <= c->room)
		return;
	c->room = c->count + more < 2 * c->room ? 2 * c->room : c->count + more;
	c->messages = xrealloc(c->messages, c->room * sizeof *c->messages);
	c->batch = xrealloc(c->batch, c->room * sizeof *c->batch);
}

/* Of one run of records: where they belong. */
struct run {
	const rd_kafka_topic_t *rkt;
	int32_t partition;
	const char *topic;
	struct consumer_part *part;
};

static void
turn_to(struct consumer *c, struct run *run, const rd_kafka_message_t *m)
{
	if (run->rkt == m->rkt && run->partition == m->partition)
		return;
	run->rkt = m->rkt;
	run->partition = m->partition;
	run->topic = consumer_intern(c, rd_kafka_topic_name(m->rkt));
	run->part = consumer_part_find(c, run->topic, m->partition);
}

static void
fill(struct consumer_record *r, const struct run *run,
    const rd_kafka_message_t *m)
{
	rd_kafka_timestamp_type_t type;
	int64_t timestamp = rd_kafka_message_timestamp(m, &type);

	*r = (struct consumer_record){
		.topic = run->topic,
		.partition = m->partition,
		.offset = m->offset,
		.timestamp = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
				 ? PS_NO_TIMESTAMP
				 : timestamp,
		.key = m->key,
		.key_len = m->key_len,
		.value = m->payload,
		.value_len = m->len,
		.log_append_time = type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME,
		.impl = m,
	};
}

static void
note_unread(struct consumer *c, const struct run *run,
    const rd_kafka_message_t *m)
{
	const struct unread_at at = { run->topic, m->partition, m->offset,
		rd_kafka_message_errstr(m) };
	struct ps_error why = { PS_OK, "" };

	switch (unread_judge(m->err, &at, &why)) {
	case UNREAD_END:
		break;
	case UNREAD_RESET:
		consumer_note_reset(c, run->part, m);
		break;
	case UNREAD_WAIT:
		c->hitch = why;
		break;
	case UNREAD_STOP:
		run->part->is_unread = true;
		if (c->unread.code == PS_OK)
			c->unread = why;
		break;
	}
}

/* Not what is of a partition that is no longer ours, nor what comes behind
 * records that cannot be read. */
static bool
is_record(struct consumer *c, const struct run *run,
    const rd_kafka_message_t *m)
{
	if (run->part == NULL || run->part->is_unread)
		return false;
	if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR)
		return !run->part->is_unproved;
	note_unread(c, run, m);
	return false;
}

/* Keeps the records among the `n` new messages; their bytes. */
static size_t
sort_out(struct consumer *c, struct run *run, size_t n)
{
	rd_kafka_message_t **fresh = c->messages + c->count;
	size_t bytes = 0;

	for (size_t i = 0; i < n; i++) {
		rd_kafka_message_t *m = fresh[i];

		if (m->rkt != NULL)
			turn_to(c, run, m);
		if (m->rkt == NULL || !is_record(c, run, m)) {
			rd_kafka_message_destroy(m);
			continue;
		}
		fill(&c->batch[c->count], run, m);
		c->messages[c->count++] = m;
		run->part->position.offset = m->offset + 1;
		run->part->moved = true;
		run->part->epoch = rd_kafka_message_leader_epoch(m);
		bytes += m->len + m->key_len;
	}
	return bytes;
}

static size_t
chunk_of(const struct consumer *c, size_t bytes_left, size_t records_left)
{
	size_t average = c->average == 0 ? FIRST_AVERAGE : c->average;
	size_t n = bytes_left / average;

	n = n < CHUNK_MIN ? CHUNK_MIN : n > CHUNK_MAX ? CHUNK_MAX : n;
	return n < records_left ? n : records_left;
}

static size_t
records_of(const struct consumer *c, const struct consumer_limits *limits)
{
	size_t n =
	    limits->max_records == 0 ? DEFAULT_RECORDS : limits->max_records;

	return c->max_poll_records != 0 && c->max_poll_records < n
		   ? c->max_poll_records
		   : n;
}

size_t
consumer_take(struct consumer *c, const struct consumer_limits *limits,
    struct consumer_event *out)
{
	size_t most = records_of(c, limits), bytes = 0, want;
	struct run run = { NULL, 0, NULL, NULL };
	ssize_t n;

	while (c->count < most && bytes < limits->max_bytes &&
	       c->gap.position.topic == NULL && c->unread.code == PS_OK) {
		want = chunk_of(c, limits->max_bytes - bytes, most - c->count);
		make_room(c, want);
		n = rd_kafka_consume_batch_queue(c->records, 0,
		    c->messages + c->count, want);
		if (n <= 0)
			break;
		bytes += sort_out(c, &run, (size_t)n);
		if ((size_t)n < want)
			break;
	}
	if (c->count > 0)
		c->average = bytes / c->count + 1;
	out->what = c->count > 0 ? CONSUMER_RECORDS : CONSUMER_NOTHING;
	out->records = c->batch;
	out->record_count = c->count;
	out->record_bytes = bytes;
	return c->count;
}

/* Of a partition that went away meanwhile it is another's matter. */
static bool
has_unread(const struct consumer *c)
{
	for (size_t i = 0; i < c->part_count; i++)
		if (c->parts[i].is_unread)
			return true;
	return false;
}

int
consumer_tell_unread(struct consumer *c, struct consumer_event *out)
{
	if (c->unread.code != PS_OK && !has_unread(c))
		c->unread.code = PS_OK;
	if (c->unread.code != PS_OK) {
		out->what = CONSUMER_UNREAD;
		out->error = c->unread;
		return 1;
	}
	if (c->hitch.code == PS_OK)
		return 0;
	out->what = CONSUMER_TROUBLE;
	out->error = c->hitch;
	c->hitch.code = PS_OK;
	c->troubled = true;
	return 1;
}

size_t
consumer_headers(const struct consumer_record *r, struct consumer_header *out,
    size_t room)
{
	rd_kafka_headers_t *headers;
	size_t n = 0;

	if (rd_kafka_message_headers(r->impl, &headers) !=
	    RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	for (; n < room; n++)
		if (rd_kafka_header_get_all(headers, n, &out[n].name,
			&out[n].value,
			&out[n].len) != RD_KAFKA_RESP_ERR_NO_ERROR)
			return n;
	return rd_kafka_header_cnt(headers);
}
