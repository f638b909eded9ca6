/*
 * commit: a source's safe positions on their way to the offset topic.
 *
 * One round at a time: every position that became safe, under the key bytes
 * it is stored with; only after all their reports (and, exactly once, the
 * transaction's end) does the source hear of it. A round that fails gives its
 * positions back, for the next.
 */
#ifndef PENSTOCK_TASK_COMMIT_H
#define PENSTOCK_TASK_COMMIT_H

#include "kafka/producer.h"
#include "task/ack.h"
#include "task/task.h"

struct commit;

/* `p` is the task's producer, NULL: the worker stores them (standalone). */
struct commit *commit_new(struct task *t, struct ack *a, struct producer *p,
    struct ps_error *err);
void commit_free(struct commit **cp);
bool commit_is_busy(const struct commit *c);
/* Begins a round when there is something to commit and none runs. */
int commit_begin(struct commit *c, struct ps_error *err);
/* Sends what could not be sent yet, and ends the round when all of it is
 * durable. Every turn. */
int commit_turn(struct commit *c, struct ps_error *err);
/* The two halves of that. 1: all is sent and has its report; 0: not yet. */
int commit_send(struct commit *c, struct ps_error *err);
void commit_end(struct commit *c);
/* Why a position could not be sent; NULL: none failed. */
const struct ps_error *commit_failure(const struct commit *c);
/* Takes the report if it is one of a round. */
bool commit_report(struct commit *c, const struct producer_report *r);

#endif
