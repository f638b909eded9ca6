/*
 * lease: a kernel timer that ends the process.
 *
 * CLOCK_BOOTTIME and SIGKILL: it fires on a stopped process too, and after
 * a sleep of the machine.
 */
#ifndef PENSTOCK_CHILD_LEASE_H
#define PENSTOCK_CHILD_LEASE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* So long before its end a lease suspends the task. */
#define LEASE_SUSPEND_MS 2000

struct lease {
	timer_t timer;
	bool is_made;
	int64_t ends_ms; /* CLOCK_BOOTTIME, 0: no lease */
};

/* 0 ends the lease without an end of the process. */
void lease_renew(struct lease *l, int64_t ends_ms);
/* The task is idle: the timer is off until the next renewal. */
void lease_disarm(struct lease *l);
/* INT64_MAX: there is no lease. */
int64_t lease_suspends_at(const struct lease *l);
bool lease_should_suspend(const struct lease *l, int64_t now_ms);

#endif
