#include "plugin/probe.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fds.h"
#include "plugin/load.h"

/* The child's answer is its error; nothing when all is well. */
static _Noreturn void
answer(const char *path, int fd)
{
	struct ps_error err = { 0 };

	if (load_plugin(path, &err) == NULL)
		(void)!write(fd, &err, sizeof err);
	/* Not exit(): what the plugin registered does not run either. */
	_exit(0);
}

int
probe_judge(const char *path, int status, bool late, struct ps_error *err)
{
	if (late)
		return ps_fail(err, PS_E_CONFIG,
		    "%s: loading it takes longer than %d ms", path,
		    PROBE_LIMIT_MS);
	if (WIFSIGNALED(status))
		return ps_fail(err, PS_E_CONFIG,
		    "%s: loading it ends the process by SIG%s", path,
		    sigabbrev_np(WTERMSIG(status)));
	if (WEXITSTATUS(status) != 0)
		return ps_fail(err, PS_E_CONFIG,
		    "%s: loading it ends the process with code %d", path,
		    WEXITSTATUS(status));
	return 0;
}

int
probe_file(const char *path, struct ps_error *err)
{
	struct ps_error said = { 0 };
	struct pollfd p = { .events = POLLIN };
	int pipes[2], status = 0, ready, why;
	pid_t pid;

	if (pipe(pipes) != 0)
		return fds_fail(err, errno, "no pipe to load it");
	pid = fork();
	why = errno;
	if (pid == 0)
		answer(path, pipes[1]);
	(void)close(pipes[1]);
	p.fd = pipes[0];
	ready = pid < 0 ? -1 : poll(&p, 1, PROBE_LIMIT_MS);
	if (ready > 0)
		(void)!read(pipes[0], &said, sizeof said);
	(void)close(pipes[0]);
	if (pid < 0)
		return fds_fail(err, why, "no process to load it in");
	if (ready == 0)
		(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	said.text[sizeof said.text - 1] = '\0';
	if (said.code != PS_OK)
		return ps_fail(err, said.code, "%s", said.text);
	return probe_judge(path, status, ready == 0, err);
}
