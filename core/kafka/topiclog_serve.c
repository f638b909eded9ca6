#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <penstock/record.h>

#include "base/xalloc.h"
#include "kafka/conf.h"
#include "kafka/topiclog_impl.h"
#include "kafka/unread.h"

#define BATCH_RECORDS 512
#define BATCHES_MAX   4 /* of one call */

static void
move_to(struct topiclog *l, int32_t partition, int64_t offset)
{
	assert(partition >= 0 && partition < l->partitions);
	if (l->positions[partition] < offset)
		l->positions[partition] = offset;
}

static void
take_record(struct topiclog *l, const rd_kafka_message_t *m)
{
	rd_kafka_timestamp_type_t type;
	struct topiclog_record r = { .partition = m->partition,
		.offset = m->offset,
		.timestamp = rd_kafka_message_timestamp(m, &type),
		.key = m->key,
		.key_len = m->key_len,
		.value = m->payload,
		.value_len = m->len };

	/* Read again after a lost connection: not told twice. */
	if (m->offset < l->positions[m->partition])
		return;
	l->reader.on_record(l->reader.ctx, &r);
	move_to(l, m->partition, m->offset + 1);
}

/* A partition that goes on is readable again. */
static void
note_read(struct topiclog *l, int32_t partition)
{
	l->hub->trouble[0] = '\0';
	if (l->unread_part == partition)
		l->unread[0] = '\0';
}

/* What is damaged ends the hub: a log with a hole is no log. What someone may
 * mend is told until it is: librdkafka says it once. */
static void
take_unread(struct topiclog *l, const rd_kafka_message_t *m)
{
	const struct unread_at at = { l->topic, m->partition, m->offset,
		rd_kafka_message_errstr(m) };
	struct ps_error why = { PS_OK, "" };

	switch (unread_judge(m->err, &at, &why)) {
	case UNREAD_END:
		note_read(l, m->partition);
		move_to(l, m->partition, m->offset);
		return;
	case UNREAD_RESET:
	case UNREAD_WAIT:
		topiclog_note(l->hub, m->err, at.text);
		return;
	case UNREAD_STOP:
		break;
	}
	if (why.code != PS_E_RETRY) {
		(void)ps_fail(&l->hub->fatal, why.code, "%s", why.text);
		return;
	}
	(void)snprintf(l->unread, sizeof l->unread, "%.511s", why.text);
	l->unread_part = m->partition;
}

static void
take_message(struct topiclog_hub *h, const rd_kafka_message_t *m)
{
	struct topiclog *l =
	    m->rkt == NULL ? NULL : rd_kafka_topic_opaque(m->rkt);

	if (l == NULL || m->partition < 0 || m->partition >= l->partitions ||
	    h->fatal.code != PS_OK)
		return;
	if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
		take_unread(l, m);
		return;
	}
	note_read(l, m->partition);
	take_record(l, m);
}

/* True when there may be more. */
static bool
take_batch(struct topiclog_hub *h)
{
	ssize_t n = rd_kafka_consume_batch_queue(h->records, 0, h->batch,
	    BATCH_RECORDS);

	for (ssize_t i = 0; i < n; i++) {
		take_message(h, h->batch[i]);
		rd_kafka_message_destroy(h->batch[i]);
	}
	return n == BATCH_RECORDS;
}

void
topiclog_look(struct topiclog *l)
{
	rd_kafka_topic_partition_list_t *list;

	if (l->state != TOPICLOG_READING)
		return;
	list = rd_kafka_topic_partition_list_new(l->partitions);
	rd_kafka_topic_partition_list_add_range(list, l->topic, 0,
	    l->partitions - 1);
	if (rd_kafka_position(l->hub->rk, list) == RD_KAFKA_RESP_ERR_NO_ERROR)
		for (int i = 0; i < list->cnt; i++)
			if (list->elems[i].err == RD_KAFKA_RESP_ERR_NO_ERROR)
				move_to(l, list->elems[i].partition,
				    list->elems[i].offset);
	rd_kafka_topic_partition_list_destroy(list);
}

static void
serve_events(struct topiclog_hub *h)
{
	rd_kafka_event_t *ev;

	while ((ev = rd_kafka_queue_poll(h->events, 0)) != NULL) {
		switch (rd_kafka_event_type(ev)) {
		case RD_KAFKA_EVENT_LOG:
			conf_log(ev);
			break;
		case RD_KAFKA_EVENT_ERROR:
			topiclog_note(h, rd_kafka_event_error(ev),
			    rd_kafka_event_error_string(ev));
			if (rd_kafka_event_error_is_fatal(ev))
				(void)ps_fail(&h->fatal, PS_E_FATAL,
				    "consumer: %s",
				    rd_kafka_event_error_string(ev));
			break;
		default:
			break;
		}
		rd_kafka_event_destroy(ev);
	}
}

static void
drain(int fd)
{
	uint64_t count;

	while (read(fd, &count, sizeof count) > 0)
		;
}

/* A bounded share, so that one long log does not starve the loop. */
static void
take_records(struct topiclog_hub *h)
{
	static const uint64_t one = 1;
	int batches = 0;

	while (take_batch(h))
		if (++batches == BATCHES_MAX) {
			if (write(h->fd, &one, sizeof one) < 0)
				abort();
			break;
		}
}

static void
check_logs(struct topiclog_hub *h)
{
	for (struct topiclog *l = h->logs; l != NULL; l = l->next) {
		if (l->barriers != NULL)
			topiclog_look(l);
		topiclog_check(l);
	}
}

int
topiclog_serve(struct topiclog_hub *h, struct ps_error *err)
{
	drain(h->fd);
	drain(h->timer_fd);
	serve_events(h);
	take_records(h);
	(void)admin_serve(h->admin, 0);
	if (producer_serve(h->producer, 0, &h->fatal) < 0)
		h->fatal.code = PS_E_FATAL;
	topiclog_ask(h);
	/* No end is reached past what could not be read. */
	if (h->fatal.code == PS_OK)
		check_logs(h);
	topiclog_arm(h);
	if (h->fatal.code == PS_OK)
		return 0;
	return ps_fail(err, h->fatal.code == PS_E_DATA ? PS_E_DATA : PS_E_FATAL,
	    "%s", h->fatal.text);
}
