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

struct weight {
	int group_fd; /* -1: sessions have no groups */
};

/* Before the fences are up, behind which that file is not opened. */
struct weight weight_begin(void);
/* Once; 100 is the usual share, half of it gets half when processors are
 * short. More than 100 is only for who may raise priorities; what is refused is
 * logged. Waits for up to WEIGHT_LIMIT_MS where many ask at once: the kernel
 * serves one process without privileges in 100 ms. */
void weight_set(struct weight *w, int64_t weight);
/* The nice value that has this weight where 100 has 0. */
int weight_nice(int64_t weight);

#define WEIGHT_LIMIT_MS 10000

#endif
