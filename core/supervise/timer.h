/*
 * timer: a time from now.
 *
 * libuv counts a timer's time from when the turn of its loop began. After a
 * turn that took long, much of a short time is over before it begins: a
 * restart would come before its back-off ends, a SIGKILL before its grace.
 */
#ifndef PENSTOCK_SUPERVISE_TIMER_H
#define PENSTOCK_SUPERVISE_TIMER_H

#include <stdint.h>
#include <uv.h>

/* Calls `fn` once, not before `ms` milliseconds from now, in place of what the
 * timer was set to. */
static inline void
timer_in(uv_timer_t *t, uv_timer_cb fn, int64_t ms)
{
	uv_update_time(t->loop);
	(void)uv_timer_start(t, fn, ms < 0 ? 0 : (uint64_t)ms, 0);
}

#endif
