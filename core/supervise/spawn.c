#include "supervise/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fds.h"
#include "ipc/msg.h"

#define SELF             "/proc/self/exe"
#define FIRST_CLOSED     (SPAWN_NAME_FD + 1)
#define EXIT_EXEC_FAILED 127
/* Above all that dup2 writes to, so that no source is overwritten. */
#define SAFE_FD 10

struct ends {
	int ours, theirs;
};

struct plumbing {
	struct ends control, data, output;
};

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static void
close_theirs(struct plumbing *p)
{
	close_fd(&p->control.theirs);
	close_fd(&p->data.theirs);
	close_fd(&p->output.theirs);
}

static void
close_all(struct plumbing *p)
{
	close_theirs(p);
	close_fd(&p->control.ours);
	close_fd(&p->data.ours);
	close_fd(&p->output.ours);
}

/* The child's end goes above the descriptors it will be moved to. */
static int
move_up(struct ends *e)
{
	int fd = fcntl(e->theirs, F_DUPFD_CLOEXEC, SAFE_FD);

	if (fd < 0)
		return -1;
	(void)close(e->theirs);
	e->theirs = fd;
	return 0;
}

static int
open_socket(struct ends *e)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
		return -1;
	*e = (struct ends){ fds[0], fds[1] };
	return move_up(e);
}

static int
open_pipe(struct ends *e)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) != 0)
		return -1;
	*e = (struct ends){ fds[0], fds[1] };
	if (fcntl(e->ours, F_SETFL, O_NONBLOCK) != 0)
		return -1;
	return move_up(e);
}

static int
open_all(struct plumbing *p)
{
	*p = (struct plumbing){ { -1, -1 }, { -1, -1 }, { -1, -1 } };
	return open_socket(&p->control) == 0 && open_socket(&p->data) == 0 &&
		       open_pipe(&p->output) == 0
		   ? 0
		   : -1;
}

/* ---- between fork and exec: only what is safe there -------------------- */

static void
reset_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < SIGRTMIN; sig++)
		(void)signal(sig, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool
place_descriptors(const struct plumbing *p, int keep_fd)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	bool kept = true;

	if (null < 0 || dup2(null, STDIN_FILENO) < 0)
		return false;
	if (keep_fd >= 0)
		kept = dup2(keep_fd, SPAWN_NAME_FD) >= 0;
	if (dup2(p->output.theirs, STDOUT_FILENO) < 0 ||
	    dup2(p->output.theirs, STDERR_FILENO) < 0 ||
	    dup2(p->control.theirs, MSG_CONTROL_FD) < 0 ||
	    dup2(p->data.theirs, MSG_DATA_FD) < 0 || !kept)
		return false;
	if (keep_fd < 0)
		(void)close(SPAWN_NAME_FD);
	return close_range(FIRST_CLOSED, ~0U, 0) == 0;
}

_Noreturn static void
become(const struct spawn_spec *s, const struct plumbing *p, pid_t parent,
    char *const *argv, char *const *env)
{
	reset_signals();
	/* Of the worker's terminal it hears nothing, and where the kernel
	 * schedules sessions it has the share of one, however many threads
	 * compute in it (sched(7), autogroup). */
	(void)setsid();
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
		_exit(EXIT_EXEC_FAILED);
	if (!place_descriptors(p, s->keep_fd))
		_exit(EXIT_EXEC_FAILED);
	(void)execve(s->program == NULL ? SELF : s->program, argv, env);
	_exit(EXIT_EXEC_FAILED);
}

/* ---- the parent -------------------------------------------------------- */

static pid_t
fork_child(const struct spawn_spec *s, const struct plumbing *p)
{
	union {
		const char *const *in;
		char *const *out; /* exec does not write to them */
	} argv = { .in = s->argv };
	pid_t parent = getpid(), pid;
	sigset_t all, old;

	/* A handler of ours must not run in the child. */
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &old);
	pid = fork();
	if (pid == 0)
		become(s, p, parent, argv.out, environ);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	return pid;
}

static int
cannot_start(const struct spawn_spec *s, int number, struct ps_error *err)
{
	const char *who = s->argv[2] == NULL ? "" : s->argv[2];
	char why[FDS_TEXT];

	return ps_fail(err, PS_E_RETRY, "cannot start %s%s%s: %s", s->argv[1],
	    who[0] == '\0' ? "" : " ", who, fds_why(number, why));
}

int
spawn(const struct spawn_spec *s, struct spawned *out, struct ps_error *err)
{
	struct plumbing p;

	out->pid = open_all(&p) == 0 ? fork_child(s, &p) : -1;
	if (out->pid < 0) {
		(void)cannot_start(s, errno, err);
		close_all(&p);
		return -1;
	}
	close_theirs(&p);
	out->pidfd = pidfd_open(out->pid, 0);
	out->control = p.control.ours;
	out->data = p.data.ours;
	out->output = p.output.ours;
	if (out->pidfd >= 0)
		return 0;
	(void)cannot_start(s, errno, err);
	(void)kill(out->pid, SIGKILL);
	(void)waitpid(out->pid, NULL, 0);
	close_all(&p);
	return -1;
}
