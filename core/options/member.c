#include "options/member.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define AREA        "member"
#define NAME_TRY_MS 20
/* Above the descriptors that a child's are moved to. */
#define NAME_FD_MIN 10

static socklen_t
name_address(struct sockaddr_un *addr, const char *group, const char *id)
{
	int n;

	*addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	n = snprintf(addr->sun_path + 1, sizeof addr->sun_path - 1,
	    "penstock/%s/%s", group, id);
	if (n < 0 || (size_t)n > sizeof addr->sun_path - 1)
		n = (int)sizeof addr->sun_path - 1;
	return (
	    socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
}

static int
open_high(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), high;

	if (fd < 0)
		return -1;
	high = fcntl(fd, F_DUPFD_CLOEXEC, NAME_FD_MIN);
	(void)close(fd);
	return high;
}

int
member_take_name(const char *group, const char *id, int64_t limit_ms,
    struct ps_error *err)
{
	struct sockaddr_un addr;
	socklen_t len = name_address(&addr, group, id);
	struct clock_ms began = clock_now();
	struct timespec pause = { 0, NAME_TRY_MS * 1000000L };
	int fd = open_high();
	bool said = false;

	if (fd < 0)
		return ps_fail(err, PS_E_FATAL, "socket: %s", strerror(errno));
	while (bind(fd, (struct sockaddr *)&addr, len) != 0) {
		if (errno != EADDRINUSE ||
		    clock_since(began, clock_now()) >= limit_ms) {
			(void)close(fd);
			return ps_fail(err, PS_E_RETRY,
			    "another worker %s of group %s runs on this "
			    "machine, or a process of its last start",
			    id, group);
		}
		if (!said)
			log_warn(AREA,
			    "waiting for the last start of %s to end", id);
		said = true;
		(void)nanosleep(&pause, NULL);
	}
	return fd;
}
