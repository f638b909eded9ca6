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

#define PAUSE_MS 200

struct weight
weight_begin(void)
{
	return (struct weight){ open("/proc/self/autogroup",
	    O_WRONLY | O_CLOEXEC) };
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
set_group(int fd, int nice)
{
	struct clock_ms began = clock_now();
	struct backoff backoff;
	char text[16];
	int len = snprintf(text, sizeof text, "%d", nice);

	backoff_init(&backoff, PAUSE_MS, PAUSE_MS, (uint64_t)getpid());
	while (write(fd, text, (size_t)len) != len) {
		if (errno != EAGAIN ||
		    clock_since(began, clock_now()) >= WEIGHT_LIMIT_MS)
			return -1;
		pause_for(backoff_next_ms(&backoff));
	}
	return 0;
}

static int
set_both(int fd, int nice)
{
	int all = getpriority(PRIO_PROCESS, 0) + nice;

	if (nice != 0 && setpriority(PRIO_PROCESS, 0, all) != 0)
		return -1;
	return all == 0 || fd < 0 ? 0
				  : set_group(fd, getpriority(PRIO_PROCESS, 0));
}

void
weight_set(struct weight *w, int64_t weight)
{
	if (set_both(w->group_fd, weight > 0 ? weight_nice(weight) : 0) != 0)
		log_warn("task", "task.cpu.weight=%lld: %s", (long long)weight,
		    strerror(errno));
	if (w->group_fd >= 0)
		(void)close(w->group_fd);
	w->group_fd = -1;
}
