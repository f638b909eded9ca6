/*
 * clock: a wall clock that a test moves while a process runs (LD_PRELOAD).
 *
 * The file that PENSTOCK_TEST_CLOCK names holds a signed 64-bit number of
 * milliseconds; all who have it preloaded see the wall clock moved by it, from
 * the moment it is written. What waits until a time of the wall clock waits as
 * with the kernel: until that time has come by this clock. Other clocks are
 * not touched.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_MS 1000000
#define NS_PER_S  1000000000
#define SLICE_MS  20

static const _Atomic int64_t none, *moved_ms = &none;

__attribute__((constructor)) static void
attach(void)
{
	const char *path = getenv("PENSTOCK_TEST_CLOCK");
	int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	void *p = fd < 0
		      ? MAP_FAILED
		      : mmap(NULL, sizeof none, PROT_READ, MAP_SHARED, fd, 0);

	if (p != MAP_FAILED)
		moved_ms = (const _Atomic int64_t *)p;
	if (fd >= 0)
		(void)close(fd);
}

static int64_t
ns_of(const struct timespec *t)
{
	return (int64_t)t->tv_sec * NS_PER_S + t->tv_nsec;
}

static struct timespec
time_of(int64_t ns)
{
	return (struct timespec){ ns / NS_PER_S, ns % NS_PER_S };
}

static int64_t
wall_ns(void)
{
	struct timespec t;

	(void)syscall(SYS_clock_gettime, CLOCK_REALTIME, &t);
	return ns_of(&t) + *moved_ms * NS_PER_MS;
}

int
clock_gettime(clockid_t id, struct timespec *t)
{
	if (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE)
		return (int)syscall(SYS_clock_gettime, id, t);
	*t = time_of(wall_ns());
	return 0;
}

int
gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	int64_t ns = wall_ns();

	(void)zone;
	*tv = (struct timeval){ ns / NS_PER_S, ns % NS_PER_S / 1000 };
	return 0;
}

time_t
time(time_t *out)
{
	time_t now = wall_ns() / NS_PER_S;

	if (out != NULL)
		*out = now;
	return now;
}

int
timespec_get(struct timespec *t, int base)
{
	return clock_gettime(CLOCK_REALTIME, t) == 0 ? base : 0;
}

/* Woken now and then to see whether the clock was moved. */
int
cnd_timedwait(cnd_t *restrict cnd, mtx_t *restrict mtx,
    const struct timespec *restrict until)
{
	for (;;) {
		struct timespec slice;
		int64_t left = ns_of(until) - wall_ns();
		int got;

		if (left <= 0)
			return thrd_timedout;
		if (left > (int64_t)SLICE_MS * NS_PER_MS)
			left = (int64_t)SLICE_MS * NS_PER_MS;
		(void)syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &slice);
		slice = time_of(ns_of(&slice) + left);
		got = pthread_cond_clockwait((pthread_cond_t *)cnd,
		    (pthread_mutex_t *)mtx, CLOCK_MONOTONIC, &slice);
		if (got != ETIMEDOUT)
			return got == 0 ? thrd_success : thrd_error;
	}
}
