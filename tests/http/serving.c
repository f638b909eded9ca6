#include "serving.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct serving served;

/* What it does is in the path. */
static void
handle(struct exchange *x)
{
	const char *n = exchange_query(x, "n");

	served.handled++;
	(void)snprintf(served.path, sizeof served.path, "%s", x->path);
	(void)snprintf(served.query, sizeof served.query, "%s",
	    n == NULL ? "" : n);
	(void)snprintf(served.body, sizeof served.body, "%s",
	    buf_str(&x->body));
	if (x->too_large)
		exchange_error(x, 413, "too large");
	else if (server_is_draining(x->server))
		exchange_error(x, 503, "Worker is shutting down");
	else if (strcmp(x->path, "/keep") == 0)
		served.kept = x;
	else
		exchange_json(x, 200, json_pack("{s:s}", "path", x->path));
}

void
serving_expired(struct exchange *x)
{
	served.expired++;
	exchange_error(x, 500, "Request timed out");
}

void
serving_gone(struct exchange *x)
{
	served.gone++;
	if (served.kept == x)
		served.kept = NULL;
}

void
serving_answered(struct exchange *x)
{
	(void)x;
}

void
serving_sending(struct exchange *x)
{
	char byte;

	cr_assert(x->answered);
	served.sendings++;
	served.early +=
	    recv(served.client, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

const struct server_ops serving_ops = { handle, serving_expired,
	serving_answered, serving_sending, serving_gone };

static const struct listener any_port = { "listeners", "127.0.0.1", 0,
	SERVES_API, false };

void
serving_open(const struct server_ops *o, int64_t request_ms)
{
	struct server_options so = { .listener = &any_port,
		.body_max_bytes = BODY_MAX,
		.connections_max = 16,
		.per_address_max = 16,
		.idle_timeout_ms = served.idle_ms == 0 ? 5000 : served.idle_ms,
		.request_timeout_ms = request_ms };
	struct ps_error err = { 0 };

	(void)signal(SIGPIPE, SIG_IGN);
	(void)uv_loop_init(&served.loop);
	served.s = server_open(&served.loop, &so, o, NULL, &err);
	cr_assert(ne(ptr, served.s, NULL), "%s", err.text);
}

void
serving_close(void)
{
	server_close(&served.s);
	(void)uv_run(&served.loop, UV_RUN_DEFAULT);
	cr_assert(eq(int, uv_loop_close(&served.loop), 0));
}

int
serving_dial(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)server_port(served.s)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	cr_assert(
	    eq(int, connect(fd, (struct sockaddr *)&addr, sizeof addr), 0));
	cr_assert(eq(int, fcntl(fd, F_SETFL, O_NONBLOCK), 0));
	return fd;
}

void
serving_late(uv_timer_t *t)
{
	*(bool *)t->data = true;
}

/* Sends, turns the loop until the answer is whole (its end is the end of the
 * connection), gives it. */
const char *
serving_ask(const char *request, size_t len, bool (*stop)(void))
{
	static char answer[ANSWER_MAX];
	size_t got = 0, sent = 0;
	bool over = false;
	uv_timer_t limit;
	int fd = served.client = serving_dial();

	limit.data = &over;
	(void)uv_timer_init(&served.loop, &limit);
	(void)uv_timer_start(&limit, serving_late, LIMIT_MS, 0);
	while (!over && (stop == NULL || !stop())) {
		ssize_t n = sent < len ? send(fd, request + sent, len - sent,
					     MSG_NOSIGNAL)
				       : 0;

		sent += n > 0 ? (size_t)n : 0;
		(void)uv_run(&served.loop, UV_RUN_NOWAIT);
		n = recv(fd, answer + got, sizeof answer - got - 1, 0);
		if (n > 0)
			got += (size_t)n;
		if (n == 0)
			break;
	}
	answer[got] = '\0';
	(void)close(fd);
	uv_close((uv_handle_t *)&limit, NULL);
	(void)uv_run(&served.loop, UV_RUN_NOWAIT);
	cr_assert(not(over), "no answer to %.60s", request);
	return answer;
}

const char *
serving_get(const char *text)
{
	return serving_ask(text, strlen(text), NULL);
}

void
serving_answer_kept(uv_timer_t *t)
{
	if (served.kept != NULL) {
		exchange_empty(served.kept, 204);
		served.kept = NULL;
		(void)uv_timer_stop(t);
	}
}
