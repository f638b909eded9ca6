#include "serving.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <unistd.h>

#define MUCH_BYTES ((size_t)32 * 1024 * 1024)

static void
object_handle(struct exchange *x)
{
	json_t *body = exchange_object(x);

	if (body != NULL)
		exchange_json(x, 200, body);
}

static const struct server_ops object_ops = { object_handle, serving_expired,
	serving_answered, serving_sending, serving_gone };

TestSuite(server, .timeout = 30);

Test(server, a_request_is_handled_and_answered)
{
	const char *a;

	serving_open(&serving_ops, 5000);
	a = serving_get("GET /a%2Fb?n=x%20y HTTP/1.1\r\nHost: h\r\n"
			"Connection: close\r\n\r\n");
	cr_assert(has(a, "HTTP/1.1 200"));
	cr_assert(has(a, "Content-Type: application/json\r\n"));
	cr_assert(has(a, "{\"path\":\"/a%2Fb\"}"));
	cr_assert(eq(str, served.query, "x y"));
	serving_close();
	cr_assert(eq(int, served.gone, 1));
}

Test(server, head_has_the_headers_of_get_and_no_body)
{
	const char *a;

	serving_open(&serving_ops, 5000);
	a = serving_get(
	    "HEAD /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	cr_assert(has(a, "HTTP/1.1 200"));
	cr_assert(has(a, "Content-Length: 13"));
	cr_assert(not(has(a, "{\"path\"")));
	serving_close();
}

Test(server, a_body_comes_whole_in_whatever_pieces)
{
	serving_open(&serving_ops, 5000);
	(void)serving_get("POST /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
			  "Transfer-Encoding: chunked\r\n\r\n"
			  "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n");
	cr_assert(eq(str, served.body, "abcdefg"));
	serving_close();
}

Test(server, a_body_over_the_limit_is_refused_before_it_is_read)
{
	const char *a;

	serving_open(&serving_ops, 5000);
	a = serving_get("POST /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
			"Content-Length: 1000000000\r\n\r\n");
	cr_assert(has(a, "HTTP/1.1 413"));
	cr_assert(has(a, "{\"error_code\":413,\"message\":\"too large\"}"));
	serving_close();
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
	serving_open(&serving_ops, 5000);
	cr_assert(has(serving_get(request), "HTTP/1.1 413"));
	serving_close();
}

Test(server, a_parked_exchange_that_waits_too_long_is_answered)
{
	const char *a;

	serving_open(&serving_ops, 300);
	a = serving_get(
	    "GET /keep HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	cr_assert(has(a, "HTTP/1.1 500"));
	cr_assert(has(a, "Request timed out"));
	cr_assert(eq(int, served.expired, 1));
	serving_close();
}

static bool
is_kept(void)
{
	return served.kept != NULL;
}

Test(server, a_parked_exchange_is_answered_from_the_loop)
{
	uv_timer_t later;

	serving_open(&serving_ops, 5000);
	(void)uv_timer_init(&served.loop, &later);
	(void)uv_timer_start(&later, serving_answer_kept, 20, 20);
	cr_assert(has(serving_get("GET /keep HTTP/1.1\r\nHost: h\r\n"
				  "Connection: close\r\n\r\n"),
	    "HTTP/1.1 204"));
	uv_close((uv_handle_t *)&later, NULL);
	serving_close();
}

/* What must be on a disk by then is. */
Test(server, who_may_hold_an_answer_back_is_asked_before_its_first_byte)
{
	uv_timer_t later;

	serving_open(&serving_ops, 5000);
	(void)serving_get(
	    "GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	cr_assert(eq(int, served.sendings, 1));
	(void)uv_timer_init(&served.loop, &later);
	(void)uv_timer_start(&later, serving_answer_kept, 20, 20);
	(void)serving_get("GET /keep HTTP/1.1\r\nHost: h\r\n"
			  "Connection: close\r\n\r\n");
	cr_assert(eq(int, served.sendings, 2));
	cr_assert(eq(int, served.early, 0));
	uv_close((uv_handle_t *)&later, NULL);
	serving_close();
}

Test(server, a_client_that_goes_away_while_parked_harms_nobody)
{
	static const char request[] = "GET /keep HTTP/1.1\r\nHost: h\r\n\r\n";

	serving_open(&serving_ops, 300);
	(void)serving_ask(request, sizeof request - 1, is_kept);
	cr_assert(has(serving_get("GET /x HTTP/1.1\r\nHost: h\r\n"
				  "Connection: close\r\n\r\n"),
	    "HTTP/1.1 200"));
	serving_close();
}

static void
answer_buf(struct exchange *x)
{
	const char *at;
	struct buf b;

	buf_init(&b, BODY_MAX);
	cr_assert(eq(int, buf_puts(&b, "what was written"), 0));
	at = b.data;
	exchange_buf(x, 200, "text/plain", &b);
	cr_assert(x->answer == at);
	cr_assert(eq(sz, b.len, 0));
	buf_fini(&b);
}

static const struct server_ops buf_ops = { answer_buf, serving_expired,
	serving_answered, serving_sending, serving_gone };

Test(server, what_was_written_into_a_buffer_is_sent_from_there)
{
	const char *a;

	serving_open(&buf_ops, 5000);
	a = serving_get(
	    "GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	cr_assert(has(a, "\r\n\r\nwhat was written"), "%s", a);
	serving_close();
}

static void
answer_much(struct exchange *x)
{
	char *text = ps_alloc(x->a, MUCH_BYTES);

	memset(text, 'x', MUCH_BYTES);
	exchange_text(x, 200, "text/plain", text, MUCH_BYTES);
}

static const struct server_ops much_ops = { answer_much, serving_expired,
	serving_answered, serving_sending, serving_gone };

/* The first bytes are the kernel's to keep; then nobody takes the rest. */
Test(server, who_does_not_read_the_answer_is_cut_off)
{
	static const char request[] = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";
	uv_timer_t limit;
	bool over = false;
	int fd;

	serving_open(&much_ops, 5000);
	fd = serving_dial();
	cr_assert(gt(int, send(fd, request, sizeof request - 1, 0), 0));
	limit.data = &over;
	(void)uv_timer_init(&served.loop, &limit);
	(void)uv_timer_start(&limit, serving_late, LIMIT_MS, 0);
	while (!over && served.gone == 0)
		(void)uv_run(&served.loop, UV_RUN_ONCE);
	cr_assert(eq(int, served.gone, 1));
	(void)close(fd);
	uv_close((uv_handle_t *)&limit, NULL);
	serving_close();
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

	serving_open(&object_ops, 5000);
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		(void)snprintf(request, sizeof request,
		    "POST /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
		    "Content-Length: %zu\r\n\r\n%s",
		    strlen(bodies[i].body), bodies[i].body);
		cr_assert(has(serving_get(request), bodies[i].want), "%s",
		    bodies[i].body);
	}
	serving_close();
}

Test(server, a_port_that_is_taken_is_an_error_that_names_it)
{
	struct listener taken = { "admin.listeners", "127.0.0.1", 0, 0, false };
	struct server_options so = { .listener = &taken };
	struct ps_error err = { 0 };
	char port[16];

	serving_open(&serving_ops, 5000);
	taken.port = server_port(served.s);
	(void)snprintf(port, sizeof port, "%d", taken.port);
	cr_assert(eq(ptr,
	    server_open(&served.loop, &so, &serving_ops, NULL, &err), NULL));
	cr_assert(has(err.text, port), "%s", err.text);
	cr_assert(has(err.text, taken.key), "%s", err.text);
	cr_assert(eq(int, err.code, PS_E_CONFIG));
	serving_close();
}
