/*
 * own_offsets: a connector with an offset topic of its own reads it itself.
 *
 * `offsets.storage.topic` of the connector's configuration. What it holds
 * wins over what the worker's topic holds.
 */
#ifndef PENSTOCK_TASK_OWN_OFFSETS_H
#define PENSTOCK_TASK_OWN_OFFSETS_H

#include "task/task.h"

/* Nothing to do without such a topic. Reads to the end, else PS_E_RETRY. */
int own_offsets_read(struct task *t, struct ps_error *err);

#endif
