#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <penstock/record.h>

#include "base/xalloc.h"
#include "kafka/conf.h"
#include "kafka/kerror.h"
#include "kafka/topiclog_impl.h"

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

static void
take_message(struct topiclog_hub *h, const rd_kafka_message_t *m)
{
	struct topiclog *l =
	    m->rkt == NULL ? NULL : rd_kafka_topic_opaque(m->rkt);

	if (l == NULL || m->partition < 0 || m->partition >= l->partitions)
		return;
	switch (m->err) {
	case RD_KAFKA_RESP_ERR_NO_ERROR:
		h->trouble[0] = '\0';
		take_record(l, m);
		break;
	case RD_KAFKA_RESP_ERR__PARTITION_EOF:
		h->trouble[0] = '\0';
		move_to(l, m->partition, m->offset);
		break;
	default:
		topiclog_note(h, m->err, rd_kafka_message_errstr(m));
		break;
	}
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
	for (struct topiclog *l = h->logs; l != NULL; l = l->next) {
		if (l->barriers != NULL)
			topiclog_look(l);
		topiclog_check(l);
	}
	topiclog_arm(h);
	if (h->fatal.code == PS_OK)
		return 0;
	return ps_fail(err, PS_E_FATAL, "%s", h->fatal.text);
}
