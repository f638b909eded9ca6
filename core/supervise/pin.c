#include "supervise/pin.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* A thread that one of them starts meanwhile is where that one was. */
#define PASSES 8

size_t
pins_choose(const struct pins *p, const cpu_set_t *all)
{
	size_t best = CPU_SETSIZE;

	for (size_t i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, all) &&
		    (best == CPU_SETSIZE || p->counts[i] <= p->counts[best]))
			best = i;
	return best;
}

/* Has one of the threads gone from here to there? */
static bool
move_once(DIR *dir, const cpu_set_t *from, const cpu_set_t *to)
{
	bool any = false;
	cpu_set_t is;

	rewinddir(dir);
	for (const struct dirent *e; (e = readdir(dir)) != NULL;) {
		pid_t tid = (pid_t)strtol(e->d_name, NULL, 10);

		any |= tid > 0 && sched_getaffinity(tid, sizeof is, &is) == 0 &&
		       CPU_EQUAL(&is, from) &&
		       sched_setaffinity(tid, sizeof *to, to) == 0;
	}
	return any;
}

/* -1: its threads cannot be listed, and none has gone. */
static int
move(pid_t pid, const cpu_set_t *from, const cpu_set_t *to)
{
	char path[48];
	DIR *dir;

	(void)snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (dir == NULL)
		return -1;
	for (int i = 0; i < PASSES && move_once(dir, from, to); i++)
		;
	(void)closedir(dir);
	return 0;
}

static cpu_set_t
only(size_t cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return set;
}

static bool
is_set(const struct pin *one)
{
	return CPU_COUNT(&one->all) > 0;
}

void
pin_set(struct pins *p, struct pin *one, pid_t pid)
{
	bool was = is_set(one);
	cpu_set_t all = one->all, from, to;
	size_t cpu;

	if (!was && (sched_getaffinity(pid, sizeof all, &all) != 0 ||
			CPU_COUNT(&all) < 2))
		return;
	cpu = pins_choose(p, &all);
	if (was && p->counts[one->cpu] <= p->counts[cpu] + 1)
		return;
	from = was ? only(one->cpu) : all;
	to = only(cpu);
	if (move(pid, &from, &to) != 0)
		return;
	pin_forget(p, one);
	*one = (struct pin){ all, cpu };
	p->counts[cpu]++;
}

int
pin_clear(struct pins *p, struct pin *one, pid_t pid)
{
	cpu_set_t from;

	if (!is_set(one))
		return 0;
	from = only(one->cpu);
	if (move(pid, &from, &one->all) != 0)
		return -1;
	pin_forget(p, one);
	return 0;
}

void
pin_forget(struct pins *p, struct pin *one)
{
	if (!is_set(one))
		return;
	p->counts[one->cpu]--;
	CPU_ZERO(&one->all);
}
