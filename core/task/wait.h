/*
 * wait: the data thread waits for an answer of Kafka.
 *
 * Never longer than the limit, and never deaf: a stop ends it, and while the
 * task is suspended it rests and the loop's owner looks after what is on its
 * way.
 */
#ifndef PENSTOCK_TASK_WAIT_H
#define PENSTOCK_TASK_WAIT_H

#include "task/task.h"

struct wait {
	const char *what; /* is waited for, for the error */
	int64_t limit_ms; /* a suspension does not count */
	/* Serves for so long: 1 when it is over, 0 not yet, -1. */
	int (*turn)(void *ctx, int slice_ms, struct ps_error *err);
	void *ctx;
};

/* Rests while the task is suspended; the owner is told once more when it is
 * not. -1: PS_E_RETRY when a stop ended it, or what the owner said. */
int wait_for_lease(struct task *t, struct ps_error *err);
/* Not longer than that: PS_E_RETRY. */
int
wait_for_lease_within(struct task *t, int64_t limit_ms, struct ps_error *err);
/* -1: PS_E_RETRY when a stop or the limit ended it, or what a function said. */
int wait_until(struct task *t, const struct wait *w, struct ps_error *err);

#endif
