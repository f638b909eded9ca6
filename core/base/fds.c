#include "base/fds.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>

const char *
fds_why(int why, char text[FDS_TEXT])
{
	struct rlimit limit;

	if (why == EMFILE && getrlimit(RLIMIT_NOFILE, &limit) == 0)
		(void)snprintf(text, FDS_TEXT,
		    "%s, the process may have %llu (ulimit -n)", strerror(why),
		    (unsigned long long)limit.rlim_cur);
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
