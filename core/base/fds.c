#include "base/fds.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#define LIMIT_TEXT 32

/* "" where there is none. */
static const char *
limit_of(int what, char text[LIMIT_TEXT])
{
	struct rlimit limit;

	text[0] = '\0';
	if (getrlimit((__rlimit_resource_t)what, &limit) == 0 &&
	    limit.rlim_cur != RLIM_INFINITY)
		(void)snprintf(text, LIMIT_TEXT, " %llu",
		    (unsigned long long)limit.rlim_cur);
	return text;
}

const char *
fds_why(int why, char text[FDS_TEXT])
{
	char limit[LIMIT_TEXT];

	if (why == EMFILE)
		(void)snprintf(text, FDS_TEXT,
		    "%s, the process may have%s (ulimit -n)", strerror(why),
		    limit_of(RLIMIT_NOFILE, limit));
	else if (why == EAGAIN)
		(void)snprintf(text, FDS_TEXT,
		    "%s: there is no room for more processes and threads; "
		    "raise the user's limit (ulimit -u%s) or that of the "
		    "service or container (TasksMax, pids.max)",
		    strerror(why), limit_of(RLIMIT_NPROC, limit));
	else
		(void)snprintf(text, FDS_TEXT, "%s", strerror(why));
	return text;
}

int
fds_fail(struct ps_error *err, int why, const char *what)
{
	char text[FDS_TEXT];

	return ps_fail(err, PS_E_RETRY, "%s: %s", what, fds_why(why, text));
}

int
fds_watch(int all_fd, int fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(all_fd, EPOLL_CTL_ADD, fd, &e);
}

int
xfd(int fd)
{
	char text[FDS_TEXT];

	if (fd < 0) {
		(void)fprintf(stderr, "no descriptor: %s\n",
		    fds_why(errno, text));
		abort();
	}
	return fd;
}
