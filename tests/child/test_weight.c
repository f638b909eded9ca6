#include "child/weight.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

Test(weight, is_a_nice_value)
{
	static const struct {
		int64_t weight;
		int nice;
	} cases[] = { { 100, 0 }, { 99, 0 }, { 80, 1 }, { 50, 3 }, { 1, 19 },
		{ 124, 0 }, { 125, -1 }, { 10000, -20 } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		cr_expect(eq(int, weight_nice(cases[i].weight), cases[i].nice),
		    "weight %d", (int)cases[i].weight);
}

/* Of the session that the caller leads; `none` where sessions have none. */
static int
group_nice(int none)
{
	FILE *f = fopen("/proc/self/autogroup", "re");
	int nice = none;

	if (f == NULL)
		return none;
	if (fscanf(f, "/autogroup-%*d nice %d", &nice) != 1)
		nice = none;
	(void)fclose(f);
	return nice;
}

static void
check(int started_with, int64_t weight, int expected)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		struct weight w;

		(void)setsid();
		(void)setpriority(PRIO_PROCESS, 0, started_with);
		w = weight_begin();
		weight_set(&w, weight);
		if (getpriority(PRIO_PROCESS, 0) != expected)
			_exit(1);
		if (group_nice(expected) != expected)
			_exit(2);
		_exit(w.group_fd == -1 ? 0 : 3);
	}
	cr_assert(waitpid(pid, &status, 0) == pid);
	cr_expect(status == 0, "weight %d of one that had %d: status %x",
	    (int)weight, started_with, (unsigned)status);
}

Test(weight, is_the_process_and_its_sessions)
{
	check(0, 100, 0);
	check(0, 10, 10);
	check(5, 10, 15);
	check(5, 100, 5);
	check(15, 1, 19);
}
