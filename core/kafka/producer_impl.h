/*
 * producer_impl: what a producer is made of; private to producer*.c and to
 * the guest of its client, admin.c.
 */
#ifndef PENSTOCK_KAFKA_PRODUCER_IMPL_H
#define PENSTOCK_KAFKA_PRODUCER_IMPL_H

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "base/clock.h"
#include "kafka/conf.h"
#include "kafka/producer.h"

struct producer_topic {
	char *name;
	rd_kafka_topic_t *rkt;
	/* Where records without key and partition go for now, -1: the next
	 * one decides. Atomic: librdkafka's thread may be the one to choose. */
	_Atomic int32_t sticky;
	struct clock_ms chosen;
	bool ignores_keys;
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
	int64_t sticky_ms; /* 0: librdkafka chooses, record by record */
	bool ignores_keys;
	struct producer_topic **topics;
	size_t topic_count;
	rd_kafka_message_t *chunk;
	struct ps_error fatal;
	char trouble[256];
	char lack[256];        /* of replicas, see producer_look() */
	struct clock_ms quiet; /* since when nothing was taken; or looked at */
	enum producer_txn txn;
};

/* What a fatal error makes of the transactions: another has our id, or all
 * that is known is that this client can do no more. */
enum producer_txn
producer_txn_after(const struct producer *p, rd_kafka_resp_err_t code);

/* ---- producer_partition.c ---- */

/* Is this record's partition ours to choose? */
static inline bool
producer_partition_is_open(const struct producer *p,
    const struct producer_record *r)
{
	return r->partition < 0 && p->sticky_ms > 0 &&
	       (r->key == NULL || p->ignores_keys);
}

/* Before the client is opened with these. */
void
producer_partition_init(struct producer *p, struct ps_arena *a, struct conf *c);
rd_kafka_topic_t *
producer_partition_topic(struct producer *p, struct producer_topic *t);
/* The one for such records, -1: send one alone, it decides. */
int32_t producer_partition_now(struct producer *p, struct producer_topic *t);

#endif
