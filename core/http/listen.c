#include "http/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "options/options.h"

#define LISTEN_BACKLOG 128

static int
bind_one(const struct addrinfo *ai)
{
	int fd = socket(ai->ai_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1, off = 0;

	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (ai->ai_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off,
		    sizeof off);
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
	    listen(fd, LISTEN_BACKLOG) == 0)
		return fd;
	on = errno;
	(void)close(fd);
	errno = on;
	return -1;
}

static int
bind_first(const struct addrinfo *list)
{
	int fd = -1;

	for (; list != NULL && fd < 0; list = list->ai_next)
		fd = bind_one(list);
	return fd;
}

/* "" is all interfaces: one socket for both families if there are both. */
static int
open_host(const char *key, const char *host, int port, struct ps_error *err)
{
	bool all = host[0] == '\0';
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_family = all ? AF_INET6 : AF_UNSPEC,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	struct addrinfo *list = NULL;
	char service[16];
	int fd, got;

	(void)snprintf(service, sizeof service, "%d", port);
	got = getaddrinfo(all ? NULL : host, service, &hints, &list);
	if (got != 0)
		return ps_fail(err, PS_E_CONFIG, "%s: host %s: %s", key, host,
		    gai_strerror(got));
	fd = bind_first(list);
	freeaddrinfo(list);
	if (fd >= 0)
		return fd;
	if (all && errno == EAFNOSUPPORT)
		return open_host(key, "0.0.0.0", port, err);
	return ps_fail(err, PS_E_CONFIG, "%s: cannot listen on %s port %d: %s",
	    key, all ? "all interfaces" : host, port, strerror(errno));
}

int
listen_open(const struct listener *l, struct ps_error *err)
{
	return open_host(l->key, l->host, l->port, err);
}

bool
listen_is_local(int fd)
{
	union {
		struct sockaddr_storage any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} addr = { 0 };
	socklen_t len = sizeof addr;

	if (getsockname(fd, (struct sockaddr *)&addr.any, &len) != 0)
		return false;
	if (addr.any.ss_family == AF_INET)
		return ntohl(addr.v4.sin_addr.s_addr) >> IN_CLASSA_NSHIFT ==
		       IN_LOOPBACKNET;
	return IN6_IS_ADDR_LOOPBACK(&addr.v6.sin6_addr);
}

int
listen_port(int fd)
{
	struct sockaddr_storage addr = { 0 };
	socklen_t len = sizeof addr;
	in_port_t port;

	if (getsockname(fd, (struct sockaddr *)&addr, &len) != 0)
		return 0;
	/* Both families have it at the same place. */
	memcpy(&port, (char *)&addr + offsetof(struct sockaddr_in, sin_port),
	    sizeof port);
	return ntohs(port);
}
