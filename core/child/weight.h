/*
 * weight: a task's share of the processors against what else runs.
 *
 * By nice values, which need no control group. Where the kernel schedules each
 * session as a whole (autogroup, sched(7)) a nice value counts inside of it
 * only, and the session has another one of its own: a task, which leads a
 * session, sets both. What the worker was started with is added.
 */
#ifndef PENSTOCK_CHILD_WEIGHT_H
#define PENSTOCK_CHILD_WEIGHT_H

#include <stdint.h>

#include "child/gauges.h"

struct weight {
	int group_fd; /* -1: no session of its own to be weighted */
};

/* Before the fences are up, behind which that file is not opened. */
struct weight weight_begin(void);
/* Once; 100 is the usual share, half of it gets half when processors are
 * short. More than 100 is only for who may raise priorities; what is refused is
 * logged. Of who has no privileges, as a task behind its fences, the kernel
 * takes one session's weight in 100 ms: many at once wait for their turn, for
 * ten seconds at most and until they are to stop. */
void weight_set(struct weight *w, int64_t weight, const struct gauges *g);
/* The nice value that has this weight where 100 has 0. */
int weight_nice(int64_t weight);

#endif
