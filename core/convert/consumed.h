/*
 * consumed: a consumer's records as those of a batch. Keys, values and
 * headers stay where they are, in the consumer's memory.
 */
#ifndef PENSTOCK_CONVERT_CONSUMED_H
#define PENSTOCK_CONVERT_CONSUMED_H

#include <penstock/record.h>

#include "kafka/consumer.h"

/* What is wanted of them, or'ed. Headers cost as much as all else. */
enum consumed_parts {
	CONSUMED_PLAIN = 0,
	CONSUMED_HEADERS = 1,
	/* What a dead letter needs, whatever becomes of the record. */
	CONSUMED_ORIGINALS = 2,
};

/* Into an empty batch. */
void consumed_fill(struct ps_batch *b, const struct consumer_event *e,
    unsigned parts);

#endif
