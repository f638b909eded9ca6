/*
 * admin_impl: what an admin client is made of; private to admin*.c.
 */
#ifndef PENSTOCK_KAFKA_ADMIN_IMPL_H
#define PENSTOCK_KAFKA_ADMIN_IMPL_H

#include <librdkafka/rdkafka.h>

#include "kafka/admin.h"

/* A call that waits for its answer: in the list, and librdkafka's opaque. */
struct admin_pending {
	struct admin_pending *next, **link;
	struct admin_call call;
};

struct admin {
	rd_kafka_t *rk;
	rd_kafka_t *own; /* the same when the client is ours, or NULL */
	rd_kafka_queue_t *queue, *main;
	int fd;
	struct admin_pending *pending;
	size_t waiting;
};

/* Reads an answer and gives it to the call's function. */
void admin_answer(struct admin_call call, rd_kafka_event_t *ev);

#endif
