/*
 * producer_impl: what a producer is made of; private to producer*.c and to
 * the guests of its client (admin, topiclog).
 */
#ifndef PENSTOCK_KAFKA_PRODUCER_IMPL_H
#define PENSTOCK_KAFKA_PRODUCER_IMPL_H

#include <librdkafka/rdkafka.h>

#include "kafka/producer.h"

struct producer_topic {
	char *name;
	rd_kafka_topic_t *rkt;
};

struct producer {
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	int fd;
	producer_report_fn *fn;
	void *ctx;
	size_t ceiling, bytes, records; /* on their way */
	size_t window;                  /* of bytes, see open_window() */
	size_t max_record, batch_size;
	struct producer_topic **topics;
	size_t topic_count;
	rd_kafka_message_t *chunk;
	struct ps_error fatal;
	char trouble[256];
	enum producer_txn txn;
};

/* What a fatal error makes of the transactions: another has our id, or all
 * that is known is that this client can do no more. */
enum producer_txn
producer_txn_after(const struct producer *p, rd_kafka_resp_err_t code);

#endif
