#include "supervise/pin.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* How many of its threads have gone from here to there. */
static size_t
move_once(pid_t pid, const cpu_set_t *from, const cpu_set_t *to)
{
	char path[48];
	DIR *dir;
	size_t count = 0;
	cpu_set_t is;

	(void)snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	dir = opendir(path);
	for (const struct dirent *e;
	     dir != NULL && (e = readdir(dir)) != NULL;) {
		pid_t tid = (pid_t)strtol(e->d_name, NULL, 10);

		count += tid > 0 &&
			 sched_getaffinity(tid, sizeof is, &is) == 0 &&
			 CPU_EQUAL(&is, from) &&
			 sched_setaffinity(tid, sizeof *to, to) == 0;
	}
	if (dir != NULL)
		(void)closedir(dir);
	return count;
}

static void
move(pid_t pid, const cpu_set_t *from, const cpu_set_t *to)
{
	for (int i = 0; i < PASSES && move_once(pid, from, to) > 0; i++)
		;
}

static cpu_set_t
only(size_t cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return set;
}

void
pin_set(struct pins *p, struct pin *one, pid_t pid)
{
	cpu_set_t to;

	if (CPU_COUNT(&one->all) > 0)
		return;
	if (sched_getaffinity(pid, sizeof one->all, &one->all) != 0 ||
	    CPU_COUNT(&one->all) < 2) {
		CPU_ZERO(&one->all);
		return;
	}
	one->cpu = pins_choose(p, &one->all);
	p->counts[one->cpu]++;
	to = only(one->cpu);
	move(pid, &one->all, &to);
}

void
pin_clear(struct pins *p, struct pin *one, pid_t pid)
{
	cpu_set_t from;

	if (CPU_COUNT(&one->all) == 0)
		return;
	from = only(one->cpu);
	move(pid, &from, &one->all);
	pin_forget(p, one);
}

void
pin_forget(struct pins *p, struct pin *one)
{
	if (CPU_COUNT(&one->all) == 0)
		return;
	p->counts[one->cpu]--;
	CPU_ZERO(&one->all);
}
