#include "resolve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <time.h>

/* The three comma lists libpq wants, grown together. */
struct lists {
	struct ps_arena *a;
	const char *host, *addr, *port;
	size_t count;
};

static void
add(struct lists *l, const char *host, const char *addr, const char *port)
{
	const char *comma = l->count++ == 0 ? "" : ",";

	l->host = ps_printf(l->a, "%s%s%s", l->host, comma, host);
	l->addr = ps_printf(l->a, "%s%s%s", l->addr, comma, addr);
	l->port = ps_printf(l->a, "%s%s%s", l->port, comma, port);
}

static void
add_all(struct lists *l, const char *host, const char *port,
    const struct addrinfo *found)
{
	for (; found != NULL; found = found->ai_next) {
		char text[INET6_ADDRSTRLEN + 20];

		if (getnameinfo(found->ai_addr, found->ai_addrlen, text,
			sizeof text, NULL, 0, NI_NUMERICHOST) == 0)
			add(l, host, text, port);
	}
}

static int
look_up(struct lists *l, const char *host, const char *port, int limit_ms,
    struct ps_error *err)
{
	static const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct gaicb request = { .ar_name = host, .ar_request = &hints };
	struct gaicb *list[] = { &request };
	const struct gaicb *const waiting[] = { &request };
	struct timespec limit = { limit_ms / 1000, limit_ms % 1000 * 1000000L };
	int r = getaddrinfo_a(GAI_NOWAIT, list, 1, NULL);

	if (r == 0)
		do
			r = gai_suspend(waiting, 1, &limit);
		while (r == EAI_INTR);
	if (r == EAI_AGAIN) {
		/* The resolver may still write to the request: wait for it
		 * unless it lets itself be cancelled. */
		if (gai_cancel(&request) == EAI_NOTCANCELED)
			(void)gai_suspend(waiting, 1, NULL);
		if (gai_error(&request) != 0)
			return ps_fail(err, PS_E_RETRY,
			    "host %s: no answer from the resolver in %d ms",
			    host, limit_ms);
	}
	r = gai_error(&request);
	if (r != 0)
		return ps_fail(err, PS_E_RETRY, "host %s: %s", host,
		    gai_strerror(r));
	add_all(l, host, port, request.ar_result);
	freeaddrinfo(request.ar_result);
	return 0;
}

static bool
is_numeric(const char *host)
{
	struct in6_addr addr;

	return inet_pton(AF_INET, host, &addr) == 1 ||
	       inet_pton(AF_INET6, host, &addr) == 1;
}

/* The next entry of a comma list; the last one repeats. */
static const char *
next(struct ps_arena *a, const char **list)
{
	size_t n = strcspn(*list, ",");
	const char *item = ps_strndup(a, *list, n);

	if ((*list)[n] == ',')
		*list += n + 1;
	return item;
}

int
resolve_hosts(struct ps_arena *a, struct conninfo *c, int limit_ms,
    struct ps_error *err)
{
	const char *hosts = conninfo_get(c, "host");
	const char *ports = conninfo_get(c, "port");
	struct lists l = { .a = a, .host = "", .addr = "", .port = "" };
	bool more = true;

	if (conninfo_get(c, "hostaddr") != NULL || hosts[0] == '/' ||
	    hosts[0] == '@' || hosts[0] == '\0')
		return 0;
	while (more) {
		const char *port = next(a, &ports), *host;

		more = strchr(hosts, ',') != NULL;
		host = next(a, &hosts);
		if (is_numeric(host))
			add(&l, host, host, port);
		else if (look_up(&l, host, port, limit_ms, err) != 0)
			return -1;
	}
	if (conninfo_set(c, "host", l.host, err) != 0 ||
	    conninfo_set(c, "port", l.port, err) != 0)
		return -1;
	return conninfo_set(c, "hostaddr", l.addr, err);
}
