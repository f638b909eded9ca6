/*
 * source_gauges: what a source task counts, under Kafka Connect's names.
 */
#ifndef PENSTOCK_TASK_SOURCE_GAUGES_H
#define PENSTOCK_TASK_SOURCE_GAUGES_H

#include "task/ack.h"
#include "task/task.h"

struct source_gauges {
	uint64_t polled, written;
	uint64_t failed; /* Kafka did not take them */
	uint64_t gone;   /* filtered, tolerated, or to be polled again */
	uint64_t transactions, aborted;
	struct clock_ms next;
};

/* What poll() gave, without records that are positions alone; how many. */
size_t source_gauges_polled(struct source_gauges *n, struct gauges *g,
    const struct ps_batch *b);
/* So many of those that were polled are sent. */
void source_gauges_left(struct source_gauges *n, size_t polled,
    const struct ps_batch *b);
/* Into the host's registry, at most once a second. */
void source_gauges_publish(struct source_gauges *n, struct task *t,
    const struct ack *a);
/* errors.* in the same registry; sinks too. */
void tolerance_publish(struct task *t);

#endif
