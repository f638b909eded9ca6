#include "child/weight.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"

#define GROUP    "/proc/self/autogroup"
#define ENABLED  "/proc/sys/kernel/sched_autogroup_enabled"
#define PAUSE_MS 200
#define LIMIT_MS 10000

static bool
has_groups(void)
{
	int fd = open(ENABLED, O_RDONLY | O_CLOEXEC);
	char digit = '0';

	if (fd < 0)
		return false;
	if (read(fd, &digit, 1) != 1)
		digit = '0';
	(void)close(fd);
	return digit != '0';
}

struct weight
weight_begin(void)
{
	/* Somebody else's session is not ours to weigh. */
	bool leads = getsid(0) == getpid();

	return (struct weight){
		leads && has_groups() ? open(GROUP, O_WRONLY | O_CLOEXEC) : -1
	};
}

/* Each step of nice is a factor of 1.25 in the scheduler's weights. */
int
weight_nice(int64_t weight)
{
	enum { LOWEST = 19, HIGHEST = -20, USUAL = 100 };
	int nice = 0;
	double w = USUAL;

	for (; nice < LOWEST && w / 1.25 >= (double)weight; nice++)
		w /= 1.25;
	for (; nice > HIGHEST && w * 1.25 <= (double)weight; nice--)
		w *= 1.25;
	return nice;
}

static void
pause_for(int64_t ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	(void)nanosleep(&t, NULL);
}

/* EAGAIN: the kernel has served another one just now. */
static int
set_group(int fd, int nice, const struct gauges *g)
{
	struct clock_ms began = clock_now();
	struct backoff backoff;
	char text[16];
	int len = snprintf(text, sizeof text, "%d", nice);

	backoff_init(&backoff, PAUSE_MS, PAUSE_MS, (uint64_t)getpid());
	while (write(fd, text, (size_t)len) != len) {
		if (errno != EAGAIN || gauges_should_stop(g) ||
		    clock_since(began, clock_now()) >= LIMIT_MS)
			return -1;
		pause_for(backoff_next_ms(&backoff));
	}
	return 0;
}

/* The error of what `nice` asks for; 0: none. A session begins with 0 whatever
 * the worker was started with, and may have to stay so. */
static int
set_both(int fd, int nice, const struct gauges *g)
{
	int error = 0, all = getpriority(PRIO_PROCESS, 0) + nice;

	if (nice != 0 && setpriority(PRIO_PROCESS, 0, all) != 0)
		error = errno;
	all = getpriority(PRIO_PROCESS, 0);
	if (all != 0 && fd >= 0 && set_group(fd, all, g) != 0 && nice != 0)
		error = errno;
	return error;
}

void
weight_set(struct weight *w, int64_t weight, const struct gauges *g)
{
	int nice = weight > 0 ? weight_nice(weight) : 0;
	int error = set_both(w->group_fd, nice, g);

	if (error != 0)
		log_warn("task", "task.cpu.weight=%lld: %s", (long long)weight,
		    strerror(error));
	if (w->group_fd >= 0)
		(void)close(w->group_fd);
	w->group_fd = -1;
}
