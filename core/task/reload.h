/*
 * reload: what config providers answered changes while a task runs.
 *
 * Now and then, and when an answer's time is over, the references are
 * answered anew. What has changed, and is the same at two looks, goes to
 * reconfigure of the connector and of its own converters, to all or to none;
 * when that cannot use it, or other parts of the task depend on it, the task
 * starts again. What is refused or cannot be read
 * changes nothing but the cause that people see, and is tried again.
 */
#ifndef PENSTOCK_TASK_RELOAD_H
#define PENSTOCK_TASK_RELOAD_H

#include <penstock/config.h>

#include "base/clock.h"

struct task;

struct reload {
	int64_t every_ms; /* 0: never */
	struct clock_ms next;
	bool is_unsettled; /* something new was seen once */
	struct reload_config {
		struct ps_arena *arena; /* NULL: the settings', or none */
		struct ps_config config;
	} seen,   /* at the last look */
	    used, /* by the connector and its converters */
	    refused;
};

/* Once the configuration is resolved. */
void reload_init(struct reload *r, const struct task *t);
void reload_fini(struct reload *r);
/* What a connector is to be made of now, in `a`. */
struct ps_config
reload_config(const struct reload *r, const struct task *t, struct ps_arena *a);
/* When it is time. -1: the task is to start again. */
int reload_turn(struct reload *r, struct task *t, struct ps_error *err);

#endif
