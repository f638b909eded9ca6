/*
 * gauges: all that the data thread and the control thread share.
 *
 * A block of atomics and one descriptor that wakes the data thread. Each
 * member has one writer: what is wanted comes from the control thread, what
 * is going on from the data thread.
 */
#ifndef PENSTOCK_CHILD_GAUGES_H
#define PENSTOCK_CHILD_GAUGES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gauges {
	/* The control thread's. */
	atomic_bool stop;
	atomic_bool pause;
	atomic_bool suspend;        /* the lease is about to end */
	_Atomic int64_t stop_at_ms; /* CLOCK_BOOTTIME, once stop is set */

	/* The data thread's. */
	_Atomic(const char *) call; /* a literal, NULL: in no plugin */
	_Atomic int64_t since_ms;
	atomic_bool idle; /* nothing is on its way to any target */
	/* In a call that waits for what the target itself refuses once another
	 * has taken over (a transaction's end): as good as idle. */
	atomic_bool guarded;
	_Atomic uint64_t records, bytes, errors;
	/* What the target has taken: how many, when the last time (wall ms),
	 * and the youngest record's own time; 0: none yet. */
	_Atomic uint64_t delivered;
	_Atomic int64_t delivered_ms, newest_ms;
	_Atomic uint64_t pending; /* taken, and not there yet */
	/* The connector says that it waits for its target: what it takes
	 * meanwhile is no progress. */
	atomic_bool waits;
	atomic_bool unclaimed; /* partitions of a sink's topics are nobody's */

	int wake_fd; /* an eventfd, set before the threads start */
};

void gauges_init(struct gauges *g);
void gauges_fini(struct gauges *g);
/* The data thread's next wait ends at once. */
void gauges_wake(struct gauges *g);
/* Forgets earlier wakes. */
void gauges_rest(struct gauges *g);
/* The data thread enters a plugin, and leaves it again. */
void gauges_enter(struct gauges *g, const char *call);
void gauges_leave(struct gauges *g);
/* The target has so many more; the last of them is of that time (ms since
 * 1970, or PS_NO_TIMESTAMP and the like: of now). */
void gauges_delivered(struct gauges *g, size_t count, int64_t record_ms);
/* Nothing of ours can get to a target after the lease has ended. */
bool gauges_is_harmless(const struct gauges *g);
bool gauges_should_stop(const struct gauges *g);
bool gauges_should_suspend(const struct gauges *g);
bool gauges_should_pause(const struct gauges *g); /* or suspend */
/* Ms until a stop must be done; -1: no stop is wanted. */
int64_t gauges_stop_left_ms(const struct gauges *g);

#endif
