#include "tests/connectors/stub.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/xalloc.h"

#define CONNECTIONS 256
#define HEAD_MAX    16384

struct stub {
	stub_handler *handler;
	void *arg;
	int fd, port;
	pthread_t acceptor, threads[CONNECTIONS];
	int fds[CONNECTIONS];
	size_t count, requests;
	pthread_mutex_t lock, calls;
	bool ending;
};

struct connection {
	struct stub *stub;
	int fd;
	size_t index;
	char head[HEAD_MAX];
	size_t len;
};

void
stub_lock(struct stub *s)
{
	(void)pthread_mutex_lock(&s->calls);
}

void
stub_unlock(struct stub *s)
{
	(void)pthread_mutex_unlock(&s->calls);
}

const char *
stub_header(const struct stub_request *q, const char *name, char *out,
    size_t room)
{
	const char *p = q->headers;
	size_t n = strlen(name), len;

	out[0] = '\0';
	while (p != NULL && *p != '\0') {
		if (strncasecmp(p, name, n) == 0 && p[n] == ':') {
			p += n + 1 + strspn(p + n + 1, " ");
			len = strcspn(p, "\r\n");
			(void)snprintf(out, room, "%.*s", (int)len, p);
			return out;
		}
		p = strstr(p, "\r\n");
		p = p == NULL ? NULL : p + 2;
	}
	return out;
}

void
stub_body(struct stub_reply *a, const char *data, size_t len)
{
	free(a->body);
	a->body = xmalloc(len + 1);
	memcpy(a->body, data, len);
	a->len = len;
}

/* Head and body of the next request; false at the end of the connection. */
static bool
receive(struct connection *c, struct stub_request *q)
{
	char *end, value[64], *line;
	size_t have;
	ssize_t n;

	while ((end = memmem(c->head, c->len, "\r\n\r\n", 4)) == NULL) {
		n = recv(c->fd, c->head + c->len, sizeof c->head - c->len, 0);
		if (n <= 0)
			return false;
		c->len += (size_t)n;
	}
	end[2] = '\0';
	line = memmem(c->head, c->len, "\r\n", 2);
	if (sscanf(c->head, "%15s %4095s", q->method, q->target) != 2)
		return false;
	(void)snprintf(q->headers, sizeof q->headers, "%s", line + 2);
	(void)stub_header(q, "Content-Length", value, sizeof value);
	q->len = strtoull(value, NULL, 10);
	q->body = xmalloc(q->len + 1);
	have = c->len - (size_t)(end + 4 - c->head);
	have = have < q->len ? have : q->len;
	memcpy(q->body, end + 4, have);
	c->len -= (size_t)(end + 4 - c->head) + have;
	memmove(c->head, end + 4 + have, c->len);
	while (have < q->len) {
		n = recv(c->fd, q->body + have, q->len - have, 0);
		if (n <= 0)
			return false;
		have += (size_t)n;
	}
	q->body[q->len] = '\0';
	return true;
}

static bool
send_all(int fd, const char *data, size_t len)
{
	ssize_t n;

	for (; len > 0; data += n, len -= (size_t)n) {
		n = send(fd, data, len, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
	}
	return true;
}

static bool
answer(struct connection *c, const struct stub_request *q, struct stub_reply *a)
{
	char head[2048];
	int n;

	if (a->delay_ms > 0)
		(void)usleep((useconds_t)a->delay_ms * 1000);
	while (a->hang && recv(c->fd, head, sizeof head, 0) > 0)
		continue;
	if (a->cut || a->hang)
		return false;
	n = snprintf(head, sizeof head,
	    "HTTP/1.1 %d Status\r\n%sContent-Length: %ld\r\n\r\n", a->status,
	    a->headers, a->claim != 0 ? a->claim : (long)a->len);
	if (!send_all(c->fd, head, (size_t)n))
		return false;
	return strcmp(q->method, "HEAD") == 0 || a->len == 0 ||
	       send_all(c->fd, a->body, a->len);
}

static void *
serve(void *arg)
{
	struct connection *c = arg;
	struct stub *s = c->stub;
	struct stub_request *q = xcalloc(1, sizeof *q);
	struct stub_reply a;
	bool more = true;

	while (more && receive(c, q)) {
		memset(&a, 0, sizeof a);
		a.status = 200;
		stub_lock(s);
		q->index = s->requests++;
		s->handler(s->arg, q, &a);
		stub_unlock(s);
		more = answer(c, q, &a);
		free(a.body);
		free(q->body);
		q->body = NULL;
	}
	(void)shutdown(c->fd, SHUT_RDWR);
	free(q->body);
	free(q);
	free(c);
	return NULL;
}

static void *
accept_all(void *arg)
{
	struct stub *s = arg;
	struct connection *c;
	int fd;

	while ((fd = accept(s->fd, NULL, NULL)) >= 0) {
		(void)pthread_mutex_lock(&s->lock);
		if (s->ending || s->count == CONNECTIONS) {
			(void)close(fd);
		} else {
			c = xcalloc(1, sizeof *c);
			c->stub = s;
			c->fd = s->fds[s->count] = fd;
			if (pthread_create(&s->threads[s->count], NULL, serve,
				c) != 0)
				abort();
			s->count++;
		}
		(void)pthread_mutex_unlock(&s->lock);
	}
	return NULL;
}

struct stub *
stub_new(stub_handler *handler, void *arg)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	struct stub *s = xcalloc(1, sizeof *s);
	socklen_t len = sizeof at;

	s->handler = handler;
	s->arg = arg;
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_mutex_init(&s->calls, NULL);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&at, len) != 0 ||
	    listen(s->fd, 64) != 0 ||
	    getsockname(s->fd, (struct sockaddr *)&at, &len) != 0 ||
	    pthread_create(&s->acceptor, NULL, accept_all, s) != 0)
		abort();
	s->port = ntohs(at.sin_port);
	return s;
}

int
stub_port(const struct stub *s)
{
	return s->port;
}

size_t
stub_requests(struct stub *s)
{
	size_t n;

	stub_lock(s);
	n = s->requests;
	stub_unlock(s);
	return n;
}

/* Of each connection the thread and the descriptor. */
static void
end_connections(struct stub *s)
{
	for (size_t i = 0; i < s->count; i++)
		(void)shutdown(s->fds[i], SHUT_RDWR);
	for (size_t i = 0; i < s->count; i++) {
		(void)pthread_join(s->threads[i], NULL);
		(void)close(s->fds[i]);
	}
	s->count = 0;
}

void
stub_hang_up(struct stub *s)
{
	(void)pthread_mutex_lock(&s->lock);
	end_connections(s);
	(void)pthread_mutex_unlock(&s->lock);
}

void
stub_free(struct stub **sp)
{
	struct stub *s = *sp;

	if (s == NULL)
		return;
	(void)pthread_mutex_lock(&s->lock);
	s->ending = true;
	for (size_t i = 0; i < s->count; i++)
		(void)shutdown(s->fds[i], SHUT_RDWR);
	(void)pthread_mutex_unlock(&s->lock);
	(void)shutdown(s->fd, SHUT_RDWR);
	(void)pthread_join(s->acceptor, NULL);
	end_connections(s);
	(void)close(s->fd);
	free(s);
	*sp = NULL;
}
