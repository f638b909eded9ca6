/*
 * clean: a plugin removes what it made outside of Kafka for itself, before its
 * connector is deleted with all that belongs to it.
 */
#ifndef PENSTOCK_TASK_CLEAN_H
#define PENSTOCK_TASK_CLEAN_H

#include <jansson.h>

#include "plugin/instance.h"
#include "task/task.h"

/* `seen`: topics that it was seen to read. {"cleaned": it says that nothing
 * is left} */
json_t *clean_outside(struct task *t, const struct instance *ops,
    const struct ps_config *c, const json_t *seen, struct ps_error *err);

#endif
