/*
 * consumed: a consumer's records as those of a batch. Keys, values and
 * headers stay where they are, in the consumer's memory.
 */
#ifndef PENSTOCK_TASK_CONSUMED_H
#define PENSTOCK_TASK_CONSUMED_H

#include <penstock/record.h>

#include "kafka/consumer.h"

/* Into an empty batch. Headers cost as much as all else: only when they are
 * wanted. */
void consumed_fill(struct ps_batch *b, const struct consumer_event *e,
    bool with_headers);

#endif
