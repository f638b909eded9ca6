#include "base/threads.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child/limits.h"

#define LIMIT  4
#define ROUNDS 300

/* What `check` says in a process of one thread that may have LIMIT of them, as
 * a user that nobody else is: root has no such limit. */
static int
limited(int (*check)(void))
{
	struct rlimit limit = { LIMIT, LIMIT };
	uid_t user = 1500000000U + (uid_t)getpid();
	int status = -1;
	pid_t pid;

	if (geteuid() != 0)
		cr_skip("only root is another user");
	pid = fork();
	if (pid == 0)
		_exit(setresuid(user, user, user) == 0 &&
			      setrlimit(RLIMIT_NPROC, &limit) == 0
			  ? check()
			  : 99);
	cr_assert(eq(int, waitpid(pid, &status, 0), pid));
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Again and again: none of them is left. */
static int
has_room(void)
{
	struct ps_error err = { 0 };

	for (int i = 0; i < ROUNDS; i++)
		if (threads_room(LIMIT - 1, &err) != 0)
			return 1;
	return 42;
}

Test(threads, there_is_room_for_as_many_as_may_be, .timeout = 60)
{
	cr_expect(eq(int, limited(has_room), 42));
}

static int
says_why(void)
{
	struct ps_error err = { 0 };

	if (threads_room(LIMIT, &err) != -1 || err.code != PS_E_RETRY)
		return 1;
	if (strstr(err.text, "4 threads") == NULL ||
	    strstr(err.text, "ulimit -u 4") == NULL)
		return 2;
	return has_room();
}

Test(threads, what_is_refused_is_said_and_leaves_nothing, .timeout = 60)
{
	cr_expect(eq(int, limited(says_why), 42));
}

/* Its own memory is the limit, not what others run. */
Test(threads, who_may_have_no_more_memory_is_told_that, .timeout = 60)
{
	struct rlimit limit = { 0, 0 };
	struct ps_error err = { 0 };

	if (limits_are_off())
		cr_skip("a sanitized process has other memory");
	cr_assert(eq(int, setrlimit(RLIMIT_DATA, &limit), 0));
	cr_assert(eq(int, threads_room(THREADS_MAX, &err), -1));
	cr_expect(eq(int, err.code, PS_E_RETRY));
	cr_expect(strstr(err.text, "1024 threads: Cannot allocate memory") !=
		      NULL,
	    "%s", err.text);
}

Test(threads, none_is_no_question, .signal = SIGABRT)
{
	struct ps_error err = { 0 };

	(void)threads_room(0, &err);
}
