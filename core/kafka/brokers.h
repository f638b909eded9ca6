/*
 * brokers: a client that was left without any broker finds the cluster again.
 *
 * librdkafka forgets the brokers that metadata do not name. A broker that is
 * just coming back names none, and the client's own way back to
 * bootstrap.servers is at times cut off by that very answer: it would ask
 * nobody for ever. So after an error of the client its cluster is asked, and
 * while nobody answers in time the client is told bootstrap.servers again.
 */
#ifndef PENSTOCK_KAFKA_BROKERS_H
#define PENSTOCK_KAFKA_BROKERS_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

#include "base/backoff.h"

struct brokers {
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	struct backoff limit; /* of the next question */
	bool asking;
	bool again; /* an error came since it was asked */
};

/* Answers come to that queue, which the client's loop serves. */
void brokers_init(struct brokers *b, rd_kafka_t *rk, rd_kafka_queue_t *queue);
/* Of every event of the queue: true when it was an answer of ours, which the
 * client is not to look at. */
bool brokers_take(struct brokers *b, rd_kafka_event_t *ev);

#endif
