#include "child/gauges.h"

#include <assert.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fds.h"
#include "base/xalloc.h"

void
gauges_init(struct gauges *g)
{
	*g = (struct gauges){ 0 };
	g->wake_fd = xfd(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
}

void
gauges_fini(struct gauges *g)
{
	(void)close(g->wake_fd);
}

void
gauges_wake(struct gauges *g)
{
	(void)eventfd_write(g->wake_fd, 1);
}

void
gauges_rest(struct gauges *g)
{
	eventfd_t seen;

	(void)eventfd_read(g->wake_fd, &seen);
}

void
gauges_enter(struct gauges *g, const char *call)
{
	atomic_store(&g->since_ms, clock_now().ms);
	atomic_store(&g->call, call);
}

void
gauges_leave(struct gauges *g)
{
	atomic_store(&g->call, NULL);
}

void
gauges_delivered(struct gauges *g, size_t count, int64_t record_ms)
{
	int64_t now = wall_now().ms;

	if (record_ms <= 0)
		record_ms = now;
	if (record_ms > atomic_load(&g->newest_ms))
		atomic_store(&g->newest_ms, record_ms);
	atomic_store(&g->delivered_ms, now);
	atomic_fetch_add(&g->delivered, count);
}

bool
gauges_is_harmless(const struct gauges *g)
{
	return atomic_load(&g->idle) || atomic_load(&g->guarded);
}

bool
gauges_should_stop(const struct gauges *g)
{
	return atomic_load(&g->stop);
}

bool
gauges_should_suspend(const struct gauges *g)
{
	return atomic_load(&g->suspend);
}

bool
gauges_should_pause(const struct gauges *g)
{
	return atomic_load(&g->pause) || gauges_should_suspend(g);
}

int64_t
gauges_stop_left_ms(const struct gauges *g)
{
	int64_t left;

	if (!gauges_should_stop(g))
		return -1;
	left = atomic_load(&g->stop_at_ms) - clock_now().ms;
	return left < 0 ? 0 : left;
}
