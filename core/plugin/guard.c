#include "plugin/guard.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fds.h"
#include "plugin/probe.h"

/* The child writes the number of each file before it loads it, then this. */
#define ALL_LOADED UINT32_MAX
#define NOTHING    (UINT32_MAX - 1)

static void
say(void *ctx, size_t file)
{
	const int *fd = ctx;
	uint32_t number = (uint32_t)file;

	(void)!write(*fd, &number, sizeof number);
}

static void
go_on(struct catalog *c, pid_t guard, int fd, guard_alone_fn *alone, void *ctx)
{
	struct ps_error why = { 0 };

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != guard)
		_exit(EXIT_FAILURE);
	if (alone != NULL && alone(ctx, &why) != 0)
		catalog_refuse_all(c, &why);
	catalog_load_unprobed(c, say, &fd);
	say(&fd, ALL_LOADED);
	(void)close(fd);
}

/* The last that the child said before it ended or its time was over. */
static uint32_t
listen_to(int fd, bool *late)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint32_t said = NOTHING, next;

	*late = false;
	while (said != ALL_LOADED) {
		int ready = poll(&p, 1, PROBE_LIMIT_MS);

		if (ready < 0 && errno == EINTR)
			continue;
		*late = ready == 0;
		if (ready <= 0 || read(fd, &next, sizeof next) != sizeof next)
			break;
		said = next;
	}
	return said;
}

static _Noreturn void
end_like(int status)
{
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE);
}

static void
stand_by(struct catalog *c, pid_t child, int fd)
{
	struct ps_error why = { 0 };
	int status = 0;
	bool late;
	uint32_t file = listen_to(fd, &late);

	(void)close(fd);
	if (late)
		(void)kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (file == ALL_LOADED || file == NOTHING)
		end_like(status);
	if (probe_judge(catalog_file(c, file), status, late, &why) == 0)
		(void)ps_fail(&why, PS_E_CONFIG,
		    "%s: loading it ends the process", catalog_file(c, file));
	catalog_refuse(c, file, &why);
}

int
guard_load_all(struct catalog *c, guard_alone_fn *alone, void *ctx,
    struct ps_error *err)
{
	pid_t own = getpid(), child;
	int pipes[2], why;

	for (;;) {
		if (pipe(pipes) != 0)
			return fds_fail(err, errno, "no pipe to plugins");
		child = fork();
		why = errno;
		if (child == 0) {
			(void)close(pipes[0]);
			go_on(c, own, pipes[1], alone, ctx);
			return 0;
		}
		(void)close(pipes[1]);
		if (child < 0) {
			(void)close(pipes[0]);
			return fds_fail(err, why, "no process for plugins");
		}
		stand_by(c, child, pipes[0]);
	}
}
