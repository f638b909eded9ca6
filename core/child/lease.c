#include "child/lease.h"

#include <assert.h>
#include <signal.h>

static void
set_timer(struct lease *l, int64_t ends_ms)
{
	struct itimerspec when = { .it_value = { .tv_sec = ends_ms / 1000,
				       .tv_nsec = ends_ms % 1000 * 1000000 } };
	struct sigevent kill = { .sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGKILL };
	int result = 0;

	if (!l->is_made && ends_ms == 0)
		return;
	if (!l->is_made)
		result = timer_create(CLOCK_BOOTTIME, &kill, &l->timer);
	assert(result == 0);
	l->is_made = true;
	result = timer_settime(l->timer, TIMER_ABSTIME, &when, NULL);
	assert(result == 0);
}

void
lease_renew(struct lease *l, int64_t ends_ms)
{
	l->ends_ms = ends_ms < 0 ? 1 : ends_ms;
	set_timer(l, l->ends_ms);
}

void
lease_disarm(struct lease *l)
{
	set_timer(l, 0);
}

int64_t
lease_suspends_at(const struct lease *l)
{
	return l->ends_ms == 0 ? INT64_MAX : l->ends_ms - LEASE_SUSPEND_MS;
}

bool
lease_should_suspend(const struct lease *l, int64_t now_ms)
{
	return now_ms >= lease_suspends_at(l);
}
