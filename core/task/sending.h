/*
 * sending: a few records go into one topic, and all are durable.
 *
 * For what the data thread waits for, beside the flow of batches: no longer
 * than its limit, and neither beyond a stop nor beyond the lease. Key and
 * value stay the caller's until the end; after a failure the producer may
 * still have some, so it goes first.
 */
#ifndef PENSTOCK_TASK_SENDING_H
#define PENSTOCK_TASK_SENDING_H

#include "base/clock.h"
#include "kafka/producer.h"
#include "task/task.h"

struct sending {
	struct task *task;
	struct producer *producer;
	struct producer_topic *topic;
	struct clock_ms began;
	int64_t limit_ms;
	struct ps_error failed; /* of a record */
};

void sending_begin(struct sending *s, struct task *t, struct producer *p,
    const char *topic, int64_t limit_ms);
/* The record's opaque is not used. */
int sending_put(struct sending *s, const struct producer_record *r,
    struct ps_error *err);
/* Nothing else may be on its way. */
int sending_end(struct sending *s, struct ps_error *err);
/* For the producer's producer_report_fn: takes the report if it is one of
 * these. */
bool sending_report(struct sending *s, const struct producer_report *r);

#endif
