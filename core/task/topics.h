/*
 * topics: the topics a source task writes to, each made ready once.
 *
 * With topic.creation.* a missing topic is created by the first group that
 * matches; otherwise the broker's auto-creation decides. The worker hears of
 * each name once.
 */
#ifndef PENSTOCK_TASK_TOPICS_H
#define PENSTOCK_TASK_TOPICS_H

#include "kafka/producer.h"
#include "task/task.h"

struct topics;

struct topics *
topics_new(struct task *t, struct producer *p, struct ps_error *err);
void topics_free(struct topics **tp);
/* The topic's handle. Waits while the cluster does not answer, with the cause
 * shown, and while the task is suspended; PS_E_RETRY when a stop ended it. */
struct producer_topic *
topics_get(struct topics *tp, const char *name, struct ps_error *err);

#endif
