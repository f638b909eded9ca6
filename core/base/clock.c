#include "base/clock.h"

#include <time.h>

static int64_t
read_ms(clockid_t id)
{
	struct timespec t;

	(void)clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct clock_ms
clock_now(void)
{
	return (struct clock_ms){ read_ms(CLOCK_BOOTTIME) };
}

struct wall_ms
wall_now(void)
{
	return (struct wall_ms){ read_ms(CLOCK_REALTIME) };
}

int64_t
clock_since(struct clock_ms earlier, struct clock_ms later)
{
	return later.ms - earlier.ms;
}

struct clock_ms
clock_after(struct clock_ms t, int64_t ms)
{
	struct clock_ms then;

	if (__builtin_add_overflow(t.ms, ms, &then.ms))
		then.ms = ms < 0 ? INT64_MIN : INT64_MAX;
	return then;
}

char *
wall_iso(struct ps_arena *a, struct wall_ms t)
{
	int64_t ms = t.ms % 1000;
	time_t s = (time_t)(t.ms / 1000);
	struct tm tm = { 0 };

	if (ms < 0) {
		ms += 1000;
		s--;
	}
	(void)gmtime_r(&s, &tm);
	return ps_printf(a, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
	    tm.tm_sec, (int)ms);
}
