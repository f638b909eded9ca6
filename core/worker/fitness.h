/*
 * fitness: does what a pipeline declares run, as far as that can be proven?
 *
 * A status says RUNNING as long as nobody writes another: what is believed
 * is only what its worker, alive now, was told to run. Whether a task was
 * started anew is told by the time of its state, as its own worker has it.
 */
#ifndef PENSTOCK_WORKER_FITNESS_H
#define PENSTOCK_WORKER_FITNESS_H

#include <stdint.h>

#include <jansson.h>

#include "store/statuses.h"

struct flow_plan;
struct worker;

/* The state to believe of a task (-1: the connector itself). */
const char *fitness_state(struct worker *w, const char *connector, int task,
    const struct status *st);

/* The times of the tasks that the plan will start anew; new reference. */
json_t *fitness_marks(struct worker *w, const struct flow_plan *p);

struct fitness {
	const char *fault; /* in the arena; NULL: all is well */
	int64_t sum;       /* another one: something was started again */
};

/* `marks`, NULL: none. */
struct fitness fitness_of(struct worker *w, struct ps_arena *a,
    const char *pipeline, const json_t *marks);

#endif
