/*
 * group_others: is a group in use for something else?
 *
 * Members that read other topics are of another cluster or application that
 * was given the same name. The broker lets both in, and each takes the
 * other's rebalances, and its transactional ids, for its own. So the group is
 * looked at before it is joined; whoever was there first stays.
 */
#ifndef PENSTOCK_KAFKA_GROUP_OTHERS_H
#define PENSTOCK_KAFKA_GROUP_OTHERS_H

#include <librdkafka/rdkafka.h>

#include <penstock/error.h>

/* The answer is an event of the queue, with that opaque, in limit_ms at the
 * latest. */
void group_others_ask(rd_kafka_t *rk, const char *group,
    rd_kafka_queue_t *queue, int limit_ms, void *opaque);
/* PS_E_CONFIG names the first member that has a partition of a topic other
 * than `topic`. What could not be found out is no error. */
int group_others_check(rd_kafka_event_t *answer, const char *topic,
    struct ps_error *err);

#endif
