/*
 * clients: what a task's Kafka client does with each topic, under the names
 * that Kafka Connect's exporter gives what Java's clients count.
 *
 * Beyond the ceiling topics are not told apart. What was given back lags 0.
 */
#ifndef PENSTOCK_TASK_CLIENTS_H
#define PENSTOCK_TASK_CLIENTS_H

#include <stddef.h>

#include <penstock/arena.h>

#include "base/metric.h"
#include "kafka/consumer.h"

struct clients_place;

struct clients {
	struct ps_arena *a;
	const char *labels; /* of the client; NULL: there is none yet */
	struct clients_place *places; /* by topic and partition */
	size_t count, room;
};

/* `labels` are the task's; all lasts as long as the arena. Again for a client
 * that takes the place of another. */
void clients_begin(struct clients *c, struct ps_arena *a, const char *labels,
    const char *client_id);
/* Records of a producer came to their end. */
void clients_sent(struct clients *c, const char *topic, size_t count);
void clients_failed(struct clients *c, const char *topic, size_t count);
/* How far each partition's end is; the largest. */
int64_t clients_lags(struct clients *c, const struct consumer *from);
void clients_publish(const struct clients *c, struct metric_registry *to);

#endif
