#include "http/spare.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fds.h"
#include "base/log.h"

#define AREA     "rest"
#define AT_ONCE  16
#define TOLD_MS  10000
#define HEAD_MAX 16384

static const char full[] =
    "HTTP/1.1 503 Service Unavailable\r\n"
    "Content-Type: application/json\r\n"
    "Connection: close\r\n"
    "\r\n"
    "{\"error_code\":503,\"message\":\"Too many open files: the worker "
    "cannot take another connection now\"}";

static void
keep_one(struct spare *sp)
{
	if (sp->fd < 0)
		sp->fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

bool
spare_is_awaited(int listen_fd)
{
	struct pollfd p = { .fd = listen_fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

void
spare_init(struct spare *sp)
{
	sp->fd = -1;
	keep_one(sp);
}

void
spare_fini(struct spare *sp)
{
	if (sp->fd >= 0)
		(void)close(sp->fd);
	sp->fd = -1;
}

static bool
none_is_left(int listen_fd)
{
	int fd = fcntl(listen_fd, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return errno == EMFILE || errno == ENFILE;
	(void)close(fd);
	return false;
}

static void
tell(struct spare *sp)
{
	struct clock_ms now = clock_now();
	char why[FDS_TEXT];

	if (sp->told.ms != 0 && clock_since(sp->told, now) < TOLD_MS)
		return;
	sp->told = now;
	log_error(AREA, "connections are turned away: %s",
	    fds_why(EMFILE, why));
}

/* What was sent is read first: closing would take the answer back. */
static void
turn_away(const struct spare *sp, int fd)
{
	char head[HEAD_MAX];

	(void)recv(fd, head, sizeof head, MSG_DONTWAIT);
	if (sp->plain)
		(void)send(fd, full, sizeof full - 1,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)shutdown(fd, SHUT_WR);
	(void)close(fd);
}

void
spare_turn_away(struct spare *sp, int listen_fd)
{
	int fd;

	keep_one(sp);
	for (int i = 0; i < AT_ONCE && sp->fd >= 0; i++) {
		if (!spare_is_awaited(listen_fd) || !none_is_left(listen_fd))
			return;
		tell(sp);
		spare_fini(sp);
		fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			turn_away(sp, fd);
		keep_one(sp);
	}
}
