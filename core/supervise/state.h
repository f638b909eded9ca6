/*
 * state: the states of a task and the moves between them.
 *
 * One table of what each event makes of each state. What a child says is
 * asked first (task_may): an empty cell is its fault. What we do is asserted.
 */
#ifndef PENSTOCK_SUPERVISE_STATE_H
#define PENSTOCK_SUPERVISE_STATE_H

#include <stdbool.h>

enum task_state {
	TASK_UNASSIGNED, /* never started here */
	TASK_STARTING,   /* its process is there, it has not said RUNNING */
	TASK_RUNNING,
	TASK_PAUSED,
	TASK_STOPPING, /* asked to end, not reaped */
	TASK_STOPPED,
	TASK_FAILED,
	TASK_RESTARTING, /* will be started: in line, or waits for its turn */
	TASK_COMPLETED,
	TASK_STATES
};

enum task_event {
	TASK_EV_START,   /* get in line */
	TASK_EV_SPAWNED, /* forked */
	TASK_EV_RUNS,    /* it says so */
	TASK_EV_PAUSES,  /* it says so */
	TASK_EV_STOP,    /* we want it to end */
	TASK_EV_DIED,    /* reaped, or never came to life */
	TASK_EV_DONE,    /* reaped after it said COMPLETED */
	TASK_EVENTS
};

/* Is the event allowed in that state? */
bool task_may(enum task_state s, enum task_event e);
/* What comes of it; asserts that it is allowed. */
enum task_state task_next(enum task_state s, enum task_event e);
const char *task_state_name(enum task_state s);
/* The name that Connect has for it. */
const char *task_state_connect(enum task_state s);

#endif
