#include "serving.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

TestSuite(server_end, .timeout = 30);

static int stage;

/* As the worker ends: what is on its way has its answer, others have none. */
static void
drain_kept(uv_timer_t *t)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)server_port(served.s)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd;

	if (served.kept == NULL)
		return;
	if (stage++ == 0) {
		cr_assert(server_is_busy(served.s));
		server_drain(served.s);
		fd = socket(AF_INET, SOCK_STREAM, 0);
		cr_assert(eq(int,
		    connect(fd, (struct sockaddr *)&addr, sizeof addr), -1));
		cr_assert(eq(int, errno, ECONNREFUSED));
		(void)close(fd);
		return;
	}
	serving_answer_kept(t);
}

Test(server_end, what_is_on_its_way_is_answered_when_no_more_is_accepted)
{
	uv_timer_t later;

	serving_open(&serving_ops, 5000);
	cr_assert(not(server_is_busy(served.s)));
	(void)uv_timer_init(&served.loop, &later);
	(void)uv_timer_start(&later, drain_kept, 20, 20);
	/* That the connection ends is the server's wish. */
	cr_assert(has(serving_get("GET /keep HTTP/1.1\r\nHost: h\r\n\r\n"),
	    "HTTP/1.1 204"));
	cr_assert(not(server_is_busy(served.s)));
	uv_close((uv_handle_t *)&later, NULL);
	serving_close();
}

/* A connection that had an answer and is kept. */
static int
dial_kept_alive(void)
{
	static const char request[] = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";
	char answer[512];
	int fd = served.client = serving_dial();

	cr_assert(gt(int, (int)send(fd, request, sizeof request - 1, 0), 0));
	while (recv(fd, answer, sizeof answer, MSG_DONTWAIT) <= 0)
		(void)uv_run(&served.loop, UV_RUN_ONCE);
	cr_assert(eq(int, served.handled, 1));
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
		(void)uv_run(&served.loop, UV_RUN_NOWAIT);
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

Test(server_end, who_handles_what_comes_on_an_old_connection_knows_the_end)
{
	int fd;

	serving_open(&serving_ops, 5000);
	fd = dial_kept_alive();
	server_drain(served.s);
	send_put(fd);
	check_refused(fd);
	serving_close();
}

Test(server_end, who_handles_what_comes_while_it_closes_knows_the_end)
{
	int fd;

	serving_open(&serving_ops, 5000);
	fd = dial_kept_alive();
	send_put(fd);
	server_close(&served.s);
	check_refused(fd);
	(void)uv_run(&served.loop, UV_RUN_DEFAULT);
	cr_assert(eq(int, uv_loop_close(&served.loop), 0));
}

/* It is gone, and whoever asked has this. */
static void
close_kept(uv_timer_t *t)
{
	if (served.kept == NULL)
		return;
	(void)uv_timer_stop(t);
	server_close(&served.s);
}

static void
cut_off(const char *method, const char *wanted)
{
	char request[128], *a;
	uv_timer_t later;

	serving_open(&serving_ops, 5000);
	(void)uv_timer_init(&served.loop, &later);
	(void)uv_timer_start(&later, close_kept, 20, 20);
	(void)snprintf(request, sizeof request,
	    "%s /keep HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
	    method);
	a = (char *)(uintptr_t)serving_get(request);
	cr_assert(has(a, "HTTP/1.1 503"), "%s", a);
	cr_assert(has(a, wanted), "%s", a);
	cr_assert(eq(int, served.early, 0));
	cr_assert(gt(int, served.sendings, 0));
	uv_close((uv_handle_t *)&later, NULL);
	(void)uv_run(&served.loop, UV_RUN_DEFAULT);
	cr_assert(eq(int, uv_loop_close(&served.loop), 0));
}

Test(server_end, what_is_cut_off_is_told_whether_it_may_have_been_done)
{
	cut_off("PUT", "is shutting down. Whether it does what was asked for "
		       "is not known");
	cut_off("GET", "\"Worker is shutting down\"");
}

/* Turns the loop until something came; its first line. */
static const char *
answer_on(int fd)
{
	static char answer[ANSWER_MAX];
	uv_timer_t limit;
	bool over = false;
	ssize_t n = -1;

	limit.data = &over;
	(void)uv_timer_init(&served.loop, &limit);
	(void)uv_timer_start(&limit, serving_late, LIMIT_MS, 0);
	while (!over && n < 0) {
		(void)uv_run(&served.loop, UV_RUN_ONCE);
		n = recv(fd, answer, sizeof answer - 1, MSG_DONTWAIT);
	}
	uv_close((uv_handle_t *)&limit, NULL);
	(void)uv_run(&served.loop, UV_RUN_NOWAIT);
	cr_assert(ge(long, n, 0), "no answer");
	answer[n] = '\0';
	return answer;
}

static rlim_t
limit_files(rlim_t count)
{
	struct rlimit limit;
	rlim_t before;

	cr_assert(eq(int, getrlimit(RLIMIT_NOFILE, &limit), 0));
	before = limit.rlim_cur;
	limit.rlim_cur = count;
	cr_assert(eq(int, setrlimit(RLIMIT_NOFILE, &limit), 0));
	return before;
}

static int
dial_asking(void)
{
	static const char request[] = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";
	int fd = serving_dial();

	cr_assert(gt(int, (int)send(fd, request, sizeof request - 1, 0), 0));
	return fd;
}

/* Two come at once when there is one descriptor. The library then listens to
 * nobody until a connection ends, and the one there is is kept alive. */
Test(server_end, who_comes_after_the_last_descriptor_is_heard)
{
	int first, second, third, last;
	rlim_t before;

	served.idle_ms = 60000;
	serving_open(&serving_ops, 60000);
	first = dial_asking();
	second = dial_asking();
	last = dup(first);
	(void)close(last);
	before = limit_files((rlim_t)last + 1);
	cr_assert(has(answer_on(first), "HTTP/1.1 200"));
	cr_assert(has(answer_on(second), "HTTP/1.1 503"));
	(void)limit_files(before);
	third = dial_asking();
	cr_assert(has(answer_on(third), "HTTP/1.1 200"));
	(void)close(first);
	(void)close(second);
	(void)close(third);
	serving_close();
}
