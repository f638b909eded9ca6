/*
 * overlays: task configurations on their way to the worker.
 *
 * An overlay may not carry what a config provider answered: it would be
 * stored in a topic. A value that only repeats the connector's own goes back
 * to the reference it came from.
 */
#ifndef PENSTOCK_TASK_OVERLAYS_H
#define PENSTOCK_TASK_OVERLAYS_H

#include <jansson.h>

#include "plugin/instance.h"
#include "task/task.h"

/* tasks.max.enforce. */
int overlays_check_count(const struct settings *s, size_t count, size_t max,
    struct ps_error *err);
/* {"tasks": [...], "class": ..., "type": ..., "version": ...} */
json_t *overlays_json(const struct settings *s,
    const struct ps_task_configs *tasks, struct ps_error *err);
/* An operator's new offsets, before they are written: {"handled": bool}. */
json_t *overlays_alter_offsets(struct task *t, const struct instance *ops,
    const struct ps_config *c, const json_t *items, struct ps_error *err);

#endif
