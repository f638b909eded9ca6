/*
 * own_offsets: a task that reads its stored offsets itself.
 *
 * A connector with an offset topic of its own (`offsets.storage.topic`): what
 * it holds wins over what the worker's topic holds. And all exactly-once
 * tasks: only what is read after the transactional id was taken over is what
 * the last owner left behind.
 */
#ifndef PENSTOCK_TASK_OWN_OFFSETS_H
#define PENSTOCK_TASK_OWN_OFFSETS_H

#include "kafka/hidden.h"
#include "task/task.h"

/* One record of the topic, of whatever connector; value NULL: null. */
typedef void own_offsets_fn(void *ctx, const char *key, const char *value);
/* Creates the topic if it is missing, reads what holds in it to its end, else
 * PS_E_RETRY. In a connector's process as well. */
int own_offsets_each(struct task *t, const char *topic, int64_t limit_ms,
    own_offsets_fn *fn, void *ctx, struct ps_error *err);
/* The same for a task's partitions. `hidden`, NULL: not asked, learns of the
 * connector's keys. */
int own_offsets_read(struct task *t, const char *topic, struct hidden *hidden,
    struct ps_error *err);
struct hidden *own_offsets_hidden(struct task *t);

#endif
