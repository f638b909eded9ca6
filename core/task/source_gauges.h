/*
 * source_gauges: what a source task counts, under Kafka Connect's names.
 */
#ifndef PENSTOCK_TASK_SOURCE_GAUGES_H
#define PENSTOCK_TASK_SOURCE_GAUGES_H

#include "task/ack.h"
#include "task/task.h"

struct source_gauges {
	uint64_t polled, written, batches;
	uint64_t transactions, aborted, committed; /* the last: records */
	size_t smallest, largest;                  /* transaction, in records */
	struct clock_ms next;
};

void source_gauges_polled(struct source_gauges *n, struct gauges *g,
    const struct ps_batch *b);
/* A transaction of so many records. */
void source_gauges_committed(struct source_gauges *n, size_t records);
/* Into the host's registry, at most once a second. */
void source_gauges_publish(struct source_gauges *n, struct task *t,
    const struct ack *a);
/* errors.* in the same registry; sinks too. */
void tolerance_publish(struct task *t);

#endif
