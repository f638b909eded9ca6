/*
 * waits: librdkafka's timed waits, by a clock that nobody sets.
 *
 * It waits by C11's cnd_timedwait, until a time of the wall clock. When that
 * is set back by an hour, whoever had a second to wait has an hour more: a
 * client that tries to connect at that time does so an hour later. This stands
 * in the place of the C library's function in every program of ours, and counts
 * what was left when a wait began by the monotonic clock.
 */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <threads.h>
#include <time.h>

#define NS_PER_S 1000000000

/* What they are in the C library. */
static_assert(sizeof(cnd_t) == sizeof(pthread_cond_t), "cnd_t");
static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t), "mtx_t");

static int64_t
ns_of(const struct timespec *t)
{
	return (int64_t)t->tv_sec * NS_PER_S + t->tv_nsec;
}

static int64_t
now_ns(clockid_t id)
{
	struct timespec t;

	(void)clock_gettime(id, &t);
	return ns_of(&t);
}

/* The monotonic time of a wall time. Who is woken before it and waits on asks
 * for the same wall time, which by then may be another's. */
static struct timespec
until_of(const struct timespec *until)
{
	static _Thread_local int64_t wall, monotonic;
	int64_t asked = ns_of(until);

	if (asked != wall) {
		wall = asked;
		monotonic =
		    now_ns(CLOCK_MONOTONIC) + asked - now_ns(CLOCK_REALTIME);
	}
	if (monotonic < 0)
		return (struct timespec){ 0 };
	return (struct timespec){ monotonic / NS_PER_S, monotonic % NS_PER_S };
}

int
cnd_timedwait(cnd_t *restrict cond, mtx_t *restrict mutex,
    const struct timespec *restrict time_point)
{
	struct timespec t = until_of(time_point);
	int e = pthread_cond_clockwait((pthread_cond_t *)cond,
	    (pthread_mutex_t *)mutex, CLOCK_MONOTONIC, &t);

	return e == 0           ? thrd_success
	       : e == ETIMEDOUT ? thrd_timedout
				: thrd_error;
}
