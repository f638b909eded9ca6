#include "http/server.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LIMIT_MS   10000
#define BODY_MAX   1000
#define ANSWER_MAX 65536
#define MUCH_BYTES ((size_t)32 * 1024 * 1024)

static struct world {
	uv_loop_t loop;
	struct server *s;
	struct exchange *kept;
	int handled, gone, expired;
	int client, early, sendings; /* who asks, and what it had by then */
	char body[4096], query[256], path[256];
} w;

/* What it does is in the path. */
static void
handle(struct exchange *x)
{
	const char *n = exchange_query(x, "n");

	w.handled++;
	(void)snprintf(w.path, sizeof w.path, "%s", x->path);
	(void)snprintf(w.query, sizeof w.query, "%s", n == NULL ? "" : n);
	(void)snprintf(w.body, sizeof w.body, "%s", buf_str(&x->body));
	if (x->too_large)
		exchange_error(x, 413, "too large");
	else if (server_is_draining(x->server))
		exchange_error(x, 503, "Worker is shutting down");
	else if (strcmp(x->path, "/keep") == 0)
		w.kept = x;
	else
		exchange_json(x, 200, json_pack("{s:s}", "path", x->path));
}

static void
object_handle(struct exchange *x)
{
	json_t *body = exchange_object(x);

	if (body != NULL)
		exchange_json(x, 200, body);
}

static void
expired(struct exchange *x)
{
	w.expired++;
	exchange_error(x, 500, "Request timed out");
}

static void
gone(struct exchange *x)
{
	w.gone++;
	if (w.kept == x)
		w.kept = NULL;
}

static void
answered(struct exchange *x)
{
	(void)x;
}

static void
sending(struct exchange *x)
{
	char byte;

	cr_assert(x->answered);
	w.sendings++;
	w.early += recv(w.client, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

static const struct server_ops ops = { handle, expired, answered, sending,
	gone };
static const struct server_ops object_ops = { object_handle, expired, answered,
	sending, gone };

static const struct listener any_port = { "listeners", "127.0.0.1", 0,
	SERVES_API, false };

static void
open_server(const struct server_ops *o, int64_t request_ms)
{
	struct server_options so = { .listener = &any_port,
		.body_max_bytes = BODY_MAX,
		.connections_max = 16,
		.per_address_max = 16,
		.idle_timeout_ms = 5000,
		.request_timeout_ms = request_ms };
	struct ps_error err = { 0 };

	(void)signal(SIGPIPE, SIG_IGN);
	(void)uv_loop_init(&w.loop);
	w.s = server_open(&w.loop, &so, o, NULL, &err);
	cr_assert(ne(ptr, w.s, NULL), "%s", err.text);
}

static void
close_server(void)
{
	server_close(&w.s);
	(void)uv_run(&w.loop, UV_RUN_DEFAULT);
	cr_assert(eq(int, uv_loop_close(&w.loop), 0));
}

static int
dial(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)server_port(w.s)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	cr_assert(
	    eq(int, connect(fd, (struct sockaddr *)&addr, sizeof addr), 0));
	cr_assert(eq(int, fcntl(fd, F_SETFL, O_NONBLOCK), 0));
	return fd;
}

static void
on_limit(uv_timer_t *t)
{
	*(bool *)t->data = true;
}

/* Sends, turns the loop until the answer is whole (its end is the end of the
 * connection), gives it. */
static const char *
ask(const char *request, size_t len, bool (*stop)(void))
{
	static char answer[ANSWER_MAX];
	size_t got = 0, sent = 0;
	bool over = false;
	uv_timer_t limit;
	int fd = w.client = dial();

	limit.data = &over;
	(void)uv_timer_init(&w.loop, &limit);
	(void)uv_timer_start(&limit, on_limit, LIMIT_MS, 0);
	while (!over && (stop == NULL || !stop())) {
		ssize_t n = sent < len ? send(fd, request + sent, len - sent,
					     MSG_NOSIGNAL)
				       : 0;

		sent += n > 0 ? (size_t)n : 0;
		(void)uv_run(&w.loop, UV_RUN_NOWAIT);
		n = recv(fd, answer + got, sizeof answer - got - 1, 0);
		if (n > 0)
			got += (size_t)n;
		if (n == 0)
			break;
	}
	answer[got] = '\0';
	(void)close(fd);
	uv_close((uv_handle_t *)&limit, NULL);
	(void)uv_run(&w.loop, UV_RUN_NOWAIT);
	cr_assert(not(over), "no answer to %.60s", request);
	return answer;
}

static const char *
get(const char *text)
{
	return ask(text, strlen(text), NULL);
}

static bool
has(const char *answer, const char *what)
{
	return strstr(answer, what) != NULL;
}

TestSuite(server, .timeout = 30);

Test(server, a_request_is_handled_and_answered)
{
	const char *a;

	open_server(&ops, 5000);
	a = get("GET /a%2Fb?n=x%20y HTTP/1.1\r\nHost: h\r\n"
		"Connection: close\r\n\r\n");
	cr_assert(has(a, "HTTP/1.1 200"));
	cr_assert(has(a, "Content-Type: application/json\r\n"));
	cr_assert(has(a, "{\"path\":\"/a%2Fb\"}"));
	cr_assert(eq(str, w.query, "x y"));
	close_server();
	cr_assert(eq(int, w.gone, 1));
}

Test(server, head_has_the_headers_of_get_and_no_body)
{
	const char *a;

	open_server(&ops, 5000);
	a = get("HEAD /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	cr_assert(has(a, "HTTP/1.1 200"));
	cr_assert(has(a, "Content-Length: 13"));
	cr_assert(not(has(a, "{\"path\"")));
	close_server();
}

Test(server, a_body_comes_whole_in_whatever_pieces)
{
	open_server(&ops, 5000);
	(void)get("POST /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
		  "Transfer-Encoding: chunked\r\n\r\n"
		  "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n");
	cr_assert(eq(str, w.body, "abcdefg"));
	close_server();
}

Test(server, a_body_over_the_limit_is_refused_before_it_is_read)
{
	const char *a;

	open_server(&ops, 5000);
	a = get("POST /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
		"Content-Length: 1000000000\r\n\r\n");
	cr_assert(has(a, "HTTP/1.1 413"));
	cr_assert(has(a, "{\"error_code\":413,\"message\":\"too large\"}"));
	close_server();
}

Test(server, a_chunked_body_over_the_limit_is_refused_and_not_kept)
{
	static char request[BODY_MAX + 512];
	int n = snprintf(request, sizeof request,
	    "POST /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n%x\r\n",
	    BODY_MAX + 1);

	memset(request + n, 'x', BODY_MAX + 1);
	(void)snprintf(request + n + BODY_MAX + 1, 16, "%s", "\r\n0\r\n\r\n");
	open_server(&ops, 5000);
	cr_assert(has(get(request), "HTTP/1.1 413"));
	close_server();
}

Test(server, a_parked_exchange_that_waits_too_long_is_answered)
{
	const char *a;

	open_server(&ops, 300);
	a = get("GET /keep HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	cr_assert(has(a, "HTTP/1.1 500"));
	cr_assert(has(a, "Request timed out"));
	cr_assert(eq(int, w.expired, 1));
	close_server();
}

static bool
is_kept(void)
{
	return w.kept != NULL;
}

static void
answer_kept(uv_timer_t *t)
{
	if (w.kept != NULL) {
		exchange_empty(w.kept, 204);
		w.kept = NULL;
		(void)uv_timer_stop(t);
	}
}

Test(server, a_parked_exchange_is_answered_from_the_loop)
{
	uv_timer_t later;

	open_server(&ops, 5000);
	(void)uv_timer_init(&w.loop, &later);
	(void)uv_timer_start(&later, answer_kept, 20, 20);
	cr_assert(has(get("GET /keep HTTP/1.1\r\nHost: h\r\n"
			  "Connection: close\r\n\r\n"),
	    "HTTP/1.1 204"));
	uv_close((uv_handle_t *)&later, NULL);
	close_server();
}

/* What must be on a disk by then is. */
Test(server, who_may_hold_an_answer_back_is_asked_before_its_first_byte)
{
	uv_timer_t later;

	open_server(&ops, 5000);
	(void)get("GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	cr_assert(eq(int, w.sendings, 1));
	(void)uv_timer_init(&w.loop, &later);
	(void)uv_timer_start(&later, answer_kept, 20, 20);
	(void)get("GET /keep HTTP/1.1\r\nHost: h\r\n"
		  "Connection: close\r\n\r\n");
	cr_assert(eq(int, w.sendings, 2));
	cr_assert(eq(int, w.early, 0));
	uv_close((uv_handle_t *)&later, NULL);
	close_server();
}

static int stage;

/* As the worker ends: what is on its way has its answer, others have none. */
static void
drain_kept(uv_timer_t *t)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)server_port(w.s)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd;

	if (w.kept == NULL)
		return;
	if (stage++ == 0) {
		cr_assert(server_is_busy(w.s));
		server_drain(w.s);
		fd = socket(AF_INET, SOCK_STREAM, 0);
		cr_assert(eq(int,
		    connect(fd, (struct sockaddr *)&addr, sizeof addr), -1));
		cr_assert(eq(int, errno, ECONNREFUSED));
		(void)close(fd);
		return;
	}
	answer_kept(t);
}

Test(server, what_is_on_its_way_is_answered_when_no_more_is_accepted)
{
	uv_timer_t later;

	open_server(&ops, 5000);
	cr_assert(not(server_is_busy(w.s)));
	(void)uv_timer_init(&w.loop, &later);
	(void)uv_timer_start(&later, drain_kept, 20, 20);
	/* That the connection ends is the server's wish. */
	cr_assert(
	    has(get("GET /keep HTTP/1.1\r\nHost: h\r\n\r\n"), "HTTP/1.1 204"));
	cr_assert(not(server_is_busy(w.s)));
	uv_close((uv_handle_t *)&later, NULL);
	close_server();
}

/* A connection that had an answer and is kept. */
static int
dial_kept_alive(void)
{
	static const char request[] = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";
	char answer[512];
	int fd = w.client = dial();

	cr_assert(gt(int, (int)send(fd, request, sizeof request - 1, 0), 0));
	while (recv(fd, answer, sizeof answer, MSG_DONTWAIT) <= 0)
		(void)uv_run(&w.loop, UV_RUN_ONCE);
	cr_assert(eq(int, w.handled, 1));
	return fd;
}

static void
send_put(int fd)
{
	static const char request[] =
	    "PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n";

	cr_assert(gt(int, (int)send(fd, request, sizeof request - 1, 0), 0));
}

static void
check_refused(int fd)
{
	static char answer[ANSWER_MAX];
	size_t got = 0;
	ssize_t n = 1;

	while (n != 0) {
		(void)uv_run(&w.loop, UV_RUN_NOWAIT);
		n = recv(fd, answer + got, sizeof answer - got - 1,
		    MSG_DONTWAIT);
		got += n > 0 ? (size_t)n : 0;
	}
	answer[got] = '\0';
	(void)close(fd);
	cr_assert(has(answer, "HTTP/1.1 503"), "%s", answer);
	cr_assert(has(answer, "\"Worker is shutting down\""), "%s", answer);
	cr_assert(has(answer, "Connection: close"), "%s", answer);
}

Test(server, who_handles_what_comes_on_an_old_connection_knows_the_end)
{
	int fd;

	open_server(&ops, 5000);
	fd = dial_kept_alive();
	server_drain(w.s);
	send_put(fd);
	check_refused(fd);
	close_server();
}

Test(server, who_handles_what_comes_while_it_closes_knows_the_end)
{
	int fd;

	open_server(&ops, 5000);
	fd = dial_kept_alive();
	send_put(fd);
	server_close(&w.s);
	check_refused(fd);
	(void)uv_run(&w.loop, UV_RUN_DEFAULT);
	cr_assert(eq(int, uv_loop_close(&w.loop), 0));
}

/* It is gone, and whoever asked has this. */
static void
close_kept(uv_timer_t *t)
{
	if (w.kept == NULL)
		return;
	(void)uv_timer_stop(t);
	server_close(&w.s);
}

static void
cut_off(const char *method, const char *wanted)
{
	char request[128], *a;
	uv_timer_t later;

	open_server(&ops, 5000);
	(void)uv_timer_init(&w.loop, &later);
	(void)uv_timer_start(&later, close_kept, 20, 20);
	(void)snprintf(request, sizeof request,
	    "%s /keep HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
	    method);
	a = (char *)(uintptr_t)get(request);
	cr_assert(has(a, "HTTP/1.1 503"), "%s", a);
	cr_assert(has(a, wanted), "%s", a);
	cr_assert(eq(int, w.early, 0));
	cr_assert(gt(int, w.sendings, 0));
	uv_close((uv_handle_t *)&later, NULL);
	(void)uv_run(&w.loop, UV_RUN_DEFAULT);
	cr_assert(eq(int, uv_loop_close(&w.loop), 0));
}

Test(server, what_is_cut_off_is_told_whether_it_may_have_been_done)
{
	cut_off("PUT", "is shutting down. Whether it does what was asked for "
		       "is not known");
	cut_off("GET", "\"Worker is shutting down\"");
}

Test(server, a_client_that_goes_away_while_parked_harms_nobody)
{
	static const char request[] = "GET /keep HTTP/1.1\r\nHost: h\r\n\r\n";

	open_server(&ops, 300);
	(void)ask(request, sizeof request - 1, is_kept);
	cr_assert(has(get("GET /x HTTP/1.1\r\nHost: h\r\n"
			  "Connection: close\r\n\r\n"),
	    "HTTP/1.1 200"));
	close_server();
}

static void
answer_much(struct exchange *x)
{
	char *text = ps_alloc(x->a, MUCH_BYTES);

	memset(text, 'x', MUCH_BYTES);
	exchange_text(x, 200, "text/plain", text, MUCH_BYTES);
}

static const struct server_ops much_ops = { answer_much, expired, answered,
	sending, gone };

/* The first bytes are the kernel's to keep; then nobody takes the rest. */
Test(server, who_does_not_read_the_answer_is_cut_off)
{
	static const char request[] = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";
	uv_timer_t limit;
	bool over = false;
	int fd;

	open_server(&much_ops, 5000);
	fd = dial();
	cr_assert(gt(int, send(fd, request, sizeof request - 1, 0), 0));
	limit.data = &over;
	(void)uv_timer_init(&w.loop, &limit);
	(void)uv_timer_start(&limit, on_limit, LIMIT_MS, 0);
	while (!over && w.gone == 0)
		(void)uv_run(&w.loop, UV_RUN_ONCE);
	cr_assert(eq(int, w.gone, 1));
	(void)close(fd);
	uv_close((uv_handle_t *)&limit, NULL);
	close_server();
}

static const struct {
	const char *body, *want;
} bodies[] = {
	{ "{\"a\":1}", "HTTP/1.1 200" },
	{ "{\"a\":", "HTTP/1.1 400" },
	{ "[1]", "not a JSON object" },
	{ "\"x\"", "HTTP/1.1 400" },
	{ "{\"a\":1}{", "HTTP/1.1 400" },
	{ "\xff\xfe", "HTTP/1.1 400" },
};

Test(server, what_is_no_json_object_is_400)
{
	char request[512];

	open_server(&object_ops, 5000);
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		(void)snprintf(request, sizeof request,
		    "POST /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
		    "Content-Length: %zu\r\n\r\n%s",
		    strlen(bodies[i].body), bodies[i].body);
		cr_assert(has(get(request), bodies[i].want), "%s",
		    bodies[i].body);
	}
	close_server();
}

Test(server, a_port_that_is_taken_is_an_error_that_names_it)
{
	struct listener taken = { "admin.listeners", "127.0.0.1", 0, 0, false };
	struct server_options so = { .listener = &taken };
	struct ps_error err = { 0 };
	char port[16];

	open_server(&ops, 5000);
	taken.port = server_port(w.s);
	(void)snprintf(port, sizeof port, "%d", taken.port);
	cr_assert(eq(ptr, server_open(&w.loop, &so, &ops, NULL, &err), NULL));
	cr_assert(has(err.text, port), "%s", err.text);
	cr_assert(has(err.text, taken.key), "%s", err.text);
	cr_assert(eq(int, err.code, PS_E_CONFIG));
	close_server();
}
