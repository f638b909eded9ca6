/*
 * group_close: the end of a group's client, in a thread of its own.
 *
 * A client that closes waits for the answer to each rebalance. One that is
 * destroyed in the middle of one never ends, and the answer to one that has
 * closed by then never comes (librdkafka 2.14): who waits has a limit, and
 * leaves the client behind.
 */
#ifndef PENSTOCK_KAFKA_GROUP_CLOSE_H
#define PENSTOCK_KAFKA_GROUP_CLOSE_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

#include <penstock/error.h>

struct group_close;

/* The group is answered, but the client is given nothing to read: what it
 * owns in the group and what it fetches are two lists of librdkafka's. NULL:
 * done. */
rd_kafka_error_t *group_answer(rd_kafka_t *rk, rd_kafka_event_t *rebalance);

/* Both are its own from then on. `done_fd` is an eventfd, it is written to when
 * the client is closed, and stays the caller's until group_close_end. */
struct group_close *
group_close_new(rd_kafka_t *rk, rd_kafka_queue_t *queue, int done_fd);
/* Or never will be. */
bool group_close_is_done(const struct group_close *c);
/* Destroys the client when it is closed. -1, PS_E_RETRY: it was not within
 * limit_s, or there was no thread for it; then it, its queue and done_fd are
 * left behind. */
int group_close_end(struct group_close **cp, int limit_s, struct ps_error *err);

#endif
