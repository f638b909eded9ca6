/*
 * floor: what the floor programs share. A floor program does one leg of a path
 * with nothing around it and prints one line of JSON, from the moment on when
 * all was ready and the first row moved:
 *
 *   {"rows": N, "bytes": N, "seconds": S, "cpu": S}
 */
#ifndef PENSTOCK_BENCH_FLOOR_H
#define PENSTOCK_BENCH_FLOOR_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

struct floor {
	double started, cpu;
	unsigned long long rows, bytes;
};

static inline double
floor_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Of all threads, user and system. */
static inline double
floor_cpu(void)
{
	struct rusage u;

	(void)getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static inline struct floor
floor_start(void)
{
	return (struct floor){ .started = floor_now(), .cpu = floor_cpu() };
}

static inline int
floor_end(const struct floor *f)
{
	return printf("{\"rows\": %llu, \"bytes\": %llu, \"seconds\": %.3f, "
		      "\"cpu\": %.3f}\n",
		   f->rows, f->bytes, floor_now() - f->started,
		   floor_cpu() - f->cpu) < 0;
}

static inline void
floor_need(int ok, const char *what)
{
	if (ok)
		return;
	(void)fprintf(stderr, "%s\n", what);
	exit(1);
}

#endif
