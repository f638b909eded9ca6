/*
 * yield: when a task is to have only the processor time that others leave.
 *
 * Who computes for seconds and has no record to show for it is in no hurry
 * that anybody could see, and each record of the others waits behind it for as
 * long as the kernel thinks fair. It yields, and no longer than there is enough
 * left for it: one that gets little has its ordinary share again, so that what
 * is merely slow ends some day on a machine that is full, and says in time that
 * it is alive.
 */
#ifndef PENSTOCK_SUPERVISE_YIELD_H
#define PENSTOCK_SUPERVISE_YIELD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

/* All zero: nothing is known yet. */
struct yield {
	struct clock_ms since;
	int64_t cpu_ms, shown; /* at that time */
	bool yields;
};

/* What its process has had of the processors until now, and what it has to show
 * for it, which changes with each record: is it to yield from now on? */
bool
yield_look(struct yield *y, struct clock_ms now, int64_t cpu_ms, int64_t shown);

#endif
