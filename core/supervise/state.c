#include "supervise/state.h"

#include <stdio.h>
#include <stdlib.h>

/* State + 1, so that an empty cell is 0. */
#define TO(state) (TASK_##state + 1)

static const unsigned char moves[TASK_STATES][TASK_EVENTS] = {
	[TASK_UNASSIGNED] = {
		[TASK_EV_START] = TO(RESTARTING),
		[TASK_EV_STOP] = TO(STOPPED),
	},
	[TASK_RESTARTING] = {
		[TASK_EV_SPAWNED] = TO(STARTING),
		[TASK_EV_STOP] = TO(STOPPED),
		[TASK_EV_DIED] = TO(FAILED),
	},
	[TASK_STARTING] = {
		[TASK_EV_RUNS] = TO(RUNNING),
		[TASK_EV_PAUSES] = TO(PAUSED),
		[TASK_EV_STOP] = TO(STOPPING),
		[TASK_EV_DIED] = TO(FAILED),
		[TASK_EV_DONE] = TO(COMPLETED),
	},
	[TASK_RUNNING] = {
		[TASK_EV_RUNS] = TO(RUNNING),
		[TASK_EV_PAUSES] = TO(PAUSED),
		[TASK_EV_STOP] = TO(STOPPING),
		[TASK_EV_DIED] = TO(FAILED),
		[TASK_EV_DONE] = TO(COMPLETED),
	},
	[TASK_PAUSED] = {
		[TASK_EV_RUNS] = TO(RUNNING),
		[TASK_EV_PAUSES] = TO(PAUSED),
		[TASK_EV_STOP] = TO(STOPPING),
		[TASK_EV_DIED] = TO(FAILED),
		[TASK_EV_DONE] = TO(COMPLETED),
	},
	[TASK_STOPPING] = {
		/* Said before it heard of the stop. */
		[TASK_EV_RUNS] = TO(STOPPING),
		[TASK_EV_PAUSES] = TO(STOPPING),
		[TASK_EV_STOP] = TO(STOPPING),
		[TASK_EV_DIED] = TO(STOPPED),
		[TASK_EV_DONE] = TO(COMPLETED),
	},
	[TASK_STOPPED] = {
		[TASK_EV_START] = TO(RESTARTING),
		[TASK_EV_STOP] = TO(STOPPED),
	},
	[TASK_FAILED] = {
		[TASK_EV_START] = TO(RESTARTING),
		[TASK_EV_STOP] = TO(STOPPED),
	},
	[TASK_COMPLETED] = {
		[TASK_EV_START] = TO(RESTARTING),
		[TASK_EV_STOP] = TO(STOPPED),
	},
};

static const struct state_names {
	const char *ours, *connect;
} names[TASK_STATES] = {
	[TASK_UNASSIGNED] = { "UNASSIGNED", "UNASSIGNED" },
	[TASK_STARTING] = { "STARTING", "UNASSIGNED" },
	[TASK_RUNNING] = { "RUNNING", "RUNNING" },
	[TASK_PAUSED] = { "PAUSED", "PAUSED" },
	[TASK_STOPPING] = { "STOPPING", "UNASSIGNED" },
	[TASK_STOPPED] = { "STOPPED", "UNASSIGNED" },
	[TASK_FAILED] = { "FAILED", "FAILED" },
	[TASK_RESTARTING] = { "RESTARTING", "RESTARTING" },
	[TASK_COMPLETED] = { "COMPLETED", "RUNNING" },
};

static const char *const events[TASK_EVENTS] = {
	[TASK_EV_START] = "START",
	[TASK_EV_SPAWNED] = "SPAWNED",
	[TASK_EV_RUNS] = "RUNS",
	[TASK_EV_PAUSES] = "PAUSES",
	[TASK_EV_STOP] = "STOP",
	[TASK_EV_DIED] = "DIED",
	[TASK_EV_DONE] = "DONE",
};

bool
task_may(enum task_state s, enum task_event e)
{
	return moves[s][e] != 0;
}

enum task_state
task_next(enum task_state s, enum task_event e)
{
	if (!task_may(s, e)) {
		(void)fprintf(stderr, "task state %s has no event %s\n",
		    names[s].ours, events[e]);
		abort();
	}
	return (enum task_state)(moves[s][e] - 1);
}

const char *
task_state_name(enum task_state s)
{
	return names[s].ours;
}

const char *
task_state_connect(enum task_state s)
{
	return names[s].connect;
}
