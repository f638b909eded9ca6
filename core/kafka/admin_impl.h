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
	rd_kafka_t *asker; /* admin_group.c; NULL: nobody asked */
	rd_kafka_queue_t *answers;
	int fd;
	struct admin_pending *pending;
	size_t waiting;
};

rd_kafka_AdminOptions_t *admin_options(struct admin *ad, rd_kafka_admin_op_t op,
    const struct admin_call *call);
void admin_answer_error(struct admin_call call, rd_kafka_resp_err_t code);
void admin_group_end(struct admin *ad);

/* Reads an answer and gives it to the call's function. */
void admin_answer(struct admin_call call, rd_kafka_event_t *ev);

#endif
