#include "child/weight.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOBODY = 65534, LOWEST = 19 };

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

/* As a task is: the leader of a session, without privileges. */
static bool
become_task(int nice)
{
	if (setsid() < 0 || setpriority(PRIO_PROCESS, 0, nice) != 0)
		return false;
	return geteuid() != 0 || (setresuid(NOBODY, NOBODY, NOBODY) == 0 &&
				     prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0);
}

static void
weigh(int nice, int64_t weight, int expected)
{
	struct gauges g;
	struct weight w;

	gauges_init(&g);
	if (!become_task(nice))
		_exit(1);
	w = weight_begin();
	weight_set(&w, weight, &g);
	if (w.group_fd != -1)
		_exit(2);
	if (getpriority(PRIO_PROCESS, 0) != expected)
		_exit(3);
	_exit(group_nice(expected) == expected ? 0 : 4);
}

/* `expected`: where the caller itself is not nice. */
static void
check(int more, int64_t weight, int expected)
{
	int own = getpriority(PRIO_PROCESS, 0), status = -1;
	pid_t pid = fork();

	expected = own + expected > LOWEST ? LOWEST : own + expected;
	if (pid == 0)
		weigh(own + more, weight, expected);
	cr_assert(waitpid(pid, &status, 0) == pid);
	cr_expect(status == 0, "weight %d of one that had %d: status %x",
	    (int)weight, more, (unsigned)status);
}

/* One after the other: the kernel lets the next one wait. */
Test(weight, is_the_process_and_its_sessions)
{
	check(0, 100, 0);
	check(0, 10, 10);
	check(5, 10, 15);
	check(5, 100, 5);
	check(15, 1, 19);
	/* It may not, and is no more than it was. */
	if (getpriority(PRIO_PROCESS, 0) == 0)
		check(5, 200, 5);
}

static int
status_of(void (*run)(void))
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0)
		run();
	cr_assert(waitpid(pid, &status, 0) == pid);
	return status;
}

static void
follow(void)
{
	_exit(weight_begin().group_fd == -1 ? 0 : 1);
}

Test(weight, of_somebody_elses_session_is_left_alone)
{
	cr_expect(eq(int, status_of(follow), 0));
}

enum { IS_SET = 1, CANNOT_TELL };

/* Two at once, the second of which is to stop: 0 if it did not wait. */
static void
weigh_twice(void)
{
	struct gauges g;
	struct weight w;
	int first;

	gauges_init(&g);
	if (!become_task(getpriority(PRIO_PROCESS, 0)))
		_exit(CANNOT_TELL);
	w = weight_begin();
	weight_set(&w, 10, &g);
	first = group_nice(LOWEST);
	if (first == LOWEST)
		_exit(CANNOT_TELL);
	w = weight_begin();
	atomic_store(&g.stop, true);
	weight_set(&w, 10, &g);
	_exit(group_nice(LOWEST) == first ? 0 : IS_SET);
}

/* Once is enough: on a busy machine the kernel's pause can be over before. */
Test(weight, is_not_waited_for_by_one_that_is_to_stop)
{
	enum { TRIES = 20 };
	int status = status_of(weigh_twice);

	for (int i = 1; i < TRIES && WEXITSTATUS(status) == IS_SET; i++)
		status = status_of(weigh_twice);
	if (WIFEXITED(status) && WEXITSTATUS(status) == CANNOT_TELL)
		cr_skip_test("sessions have no weights, or the least");
	cr_expect(eq(int, status, 0));
}
