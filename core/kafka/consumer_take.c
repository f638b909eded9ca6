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
#define WATERMARK_MS    5000

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

/* A start at the beginning that the log's retention overtook begins again;
 * anything else is a gap. */
static void
note_reset(struct consumer *c, const struct run *run)
{
	struct consumer_position start;

	if (run->part == NULL)
		return;
	if (run->part->moved || run->part->position.offset >= 0) {
		c->gap = *run->part;
		return;
	}
	start = run->part->position;
	(void)consumer_seek(c, &start, 1, WATERMARK_MS, NULL);
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
		note_reset(c, run);
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
		return true;
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

/* Says which records are gone, from the first to the last that is known. */
static void
explain_gap(const struct consumer *c, const struct consumer_position *p,
    const int64_t log[2], struct ps_error *why)
{
	const char *topic = p->topic;
	long long wanted = p->offset, low = log[0], high = log[1];
	int part = p->partition;

	if (c->created_again)
		(void)ps_fail(why, PS_E_GAP,
		    "GAP: topic %s was deleted and created again: what was in "
		    "partition %d from offset %lld on is gone",
		    topic, part, wanted);
	else if (low < 0)
		(void)ps_fail(why, PS_E_GAP,
		    "GAP: topic %s, partition %d has no offset %lld any more",
		    topic, part, wanted);
	else if (wanted < low)
		(void)ps_fail(why, PS_E_GAP,
		    "GAP: offsets %lld to %lld of topic %s, partition %d are "
		    "gone: the log begins at %lld",
		    wanted, low - 1, topic, part, low);
	else
		(void)ps_fail(why, PS_E_GAP,
		    "GAP: offsets %lld to %lld of topic %s, partition %d, read "
		    "before, are gone: the log ends at %lld",
		    high, wanted - 1, topic, part, high);
}

int
consumer_tell_gap(struct consumer *c, struct consumer_event *out)
{
	struct consumer_position *p;
	int64_t log[2] = { -1, -1 };

	c->told = xrealloc(c->told, sizeof *c->told);
	p = c->told;
	*p = c->gap.position;
	c->gap.position.topic = NULL;
	if (!c->created_again)
		(void)rd_kafka_query_watermark_offsets(c->rk, p->topic,
		    p->partition, &log[0], &log[1], WATERMARK_MS);
	out->what = CONSUMER_GAP;
	out->positions = p;
	out->position_count = 1;
	out->gap_end = p->offset < log[0] ? log[0] : log[1];
	explain_gap(c, p, log, &out->error);
	c->created_again = false;
	return 1;
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
