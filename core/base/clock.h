/*
 * clock: times as types, so that a duration is no date.
 *
 * Waiting and leases use the boot clock, which goes on while the machine
 * sleeps; the wall clock only names moments for people and records.
 */
#ifndef PENSTOCK_BASE_CLOCK_H
#define PENSTOCK_BASE_CLOCK_H

#include <stdint.h>

#include <penstock/arena.h>

struct clock_ms {
	int64_t ms; /* CLOCK_BOOTTIME */
};

struct wall_ms {
	int64_t ms; /* since 1970-01-01 UTC */
};

struct clock_ms clock_now(void);
struct wall_ms wall_now(void);
/* later - earlier */
int64_t clock_since(struct clock_ms earlier, struct clock_ms later);
/* What would be after the end of time is at its end. */
struct clock_ms clock_after(struct clock_ms t, int64_t ms);
/* 2026-11-21T08:00:00.123Z */
char *wall_iso(struct ps_arena *a, struct wall_ms t);

#endif
