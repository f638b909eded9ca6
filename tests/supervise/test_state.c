#include "supervise/state.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

Test(state, a_task_goes_from_its_start_to_its_stop)
{
	enum task_state s = TASK_UNASSIGNED;

	s = task_next(s, TASK_EV_START);
	cr_assert(eq(int, s, TASK_RESTARTING));
	s = task_next(s, TASK_EV_SPAWNED);
	s = task_next(s, TASK_EV_RUNS);
	cr_assert(eq(int, s, TASK_RUNNING));
	s = task_next(s, TASK_EV_PAUSES);
	s = task_next(s, TASK_EV_RUNS);
	s = task_next(s, TASK_EV_STOP);
	cr_assert(eq(int, s, TASK_STOPPING));
	s = task_next(s, TASK_EV_DIED);
	cr_assert(eq(int, s, TASK_STOPPED));
}

Test(state, death_fails_a_task_unless_it_was_asked_to_end)
{
	static const enum task_state alive[] = { TASK_STARTING, TASK_RUNNING,
		TASK_PAUSED, TASK_RESTARTING };

	for (size_t i = 0; i < sizeof alive / sizeof *alive; i++)
		cr_assert(
		    eq(int, task_next(alive[i], TASK_EV_DIED), TASK_FAILED));
	cr_assert(
	    eq(int, task_next(TASK_STOPPING, TASK_EV_DIED), TASK_STOPPED));
}

Test(state, every_state_can_be_stopped_and_every_end_started_again)
{
	static const enum task_state ends[] = { TASK_UNASSIGNED, TASK_STOPPED,
		TASK_FAILED, TASK_COMPLETED };

	for (int s = 0; s < TASK_STATES; s++)
		cr_assert(task_may((enum task_state)s, TASK_EV_STOP));
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		cr_assert(eq(int, task_next(ends[i], TASK_EV_START),
		    TASK_RESTARTING));
}

Test(state, an_empty_cell_is_our_mistake, .signal = SIGABRT)
{
	(void)task_next(TASK_STOPPED, TASK_EV_RUNS);
}

Test(state, an_empty_cell_says_both_names)
{
	char text[256] = "";
	int pipe_fd[2], status;
	pid_t pid;
	ssize_t n;

	cr_assert(zero(int, pipe(pipe_fd)));
	pid = fork();
	if (pid == 0) {
		(void)signal(SIGABRT, SIG_DFL);
		(void)dup2(pipe_fd[1], 2);
		(void)task_next(TASK_STOPPED, TASK_EV_RUNS);
		_exit(0);
	}
	(void)close(pipe_fd[1]);
	n = read(pipe_fd[0], text, sizeof text - 1);
	cr_assert(gt(long, n, 0));
	cr_assert(eq(int, waitpid(pid, &status, 0), pid));
	cr_assert(eq(int, WIFSIGNALED(status) ? WTERMSIG(status) : 0, SIGABRT));
	cr_assert(eq(str, text, "task state STOPPED has no event RUNS\n"));
}

Test(state, what_a_child_says_can_be_asked_before)
{
	cr_assert(not(task_may(TASK_STOPPED, TASK_EV_RUNS)));
	cr_assert(not(task_may(TASK_FAILED, TASK_EV_DONE)));
}

Test(state, connect_has_a_name_for_each)
{
	for (int s = 0; s < TASK_STATES; s++) {
		cr_assert(
		    ne(ptr, (void *)task_state_name((enum task_state)s), NULL));
		cr_assert(ne(ptr,
		    (void *)task_state_connect((enum task_state)s), NULL));
	}
}
