#include "child/uplink.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/js.h"
#include "base/log.h"

/* More than the socket between them holds. */
enum { LARGE = 1 << 20, LIMIT_MS = 10000 };
#define SECRET "s3cr3t-of-the-bucket"

static struct uplink *u;
static struct channel *worker;
static struct ps_error err;

static void
setup(void)
{
	int fds[2];

	cr_assert(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	u = uplink_new(fds[0], MSG_CONNECTOR);
	worker = channel_new(fds[1]);
}

static void
teardown(void)
{
	uplink_free(&u);
	channel_free(&worker);
}

TestSuite(uplink, .init = setup, .fini = teardown, .timeout = 30);

static bool
is_ready(int ms)
{
	struct pollfd p = { .fd = uplink_fd(u), .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

static void
send_large(void)
{
	static char text[LARGE];
	struct msg m = { .type = MSG_TYPE_REPLY };

	memset(text, 'x', sizeof text - 1);
	m.reply.result = json_string(text);
	cr_assert(eq(int, uplink_send(u, &m, &err), 0), "%s", err.text);
	json_decref(m.reply.result);
}

static int
heard(struct msg *m)
{
	static const struct msg_side side = { MSG_CONNECTOR, MSG_UP, MSG_DATA };

	(void)channel_read(worker, &err);
	return msg_next(worker, &side, m, &err);
}

Test(uplink, what_is_left_of_a_message_goes_as_soon_as_there_is_room)
{
	struct msg m;
	int got = 0;

	send_large();
	cr_assert_not(is_ready(0), "the worker reads nothing yet");
	while ((got = heard(&m)) == 0) {
		cr_assert(is_ready(LIMIT_MS));
		cr_assert(eq(int, uplink_serve(u, &err), 1), "%s", err.text);
	}
	cr_assert(eq(int, got, 1), "%s", err.text);
	cr_expect(eq(sz, json_string_length(m.reply.result), LARGE - 1));
	msg_fini(&m);
	cr_expect_not(is_ready(0), "nothing is left");
}

Test(uplink, is_ready_for_what_the_worker_says)
{
	struct msg m = { .type = MSG_TYPE_REQUEST,
		.request = { .id = 7, .op = "x" } };

	m.request.args = json_object();
	cr_assert_not(is_ready(0));
	cr_assert(eq(int, msg_send(worker, &m, &err), 0), "%s", err.text);
	json_decref(m.request.args);
	cr_assert(is_ready(LIMIT_MS));
	cr_assert(eq(int, uplink_serve(u, &err), 1));
	cr_assert(eq(int, uplink_next(u, &m, &err), 1));
	cr_expect(eq(i64, m.request.id, 7));
	msg_fini(&m);
	cr_expect_not(is_ready(0));
}

Test(uplink, is_ready_when_the_worker_is_gone)
{
	send_large();
	channel_free(&worker);
	cr_assert(is_ready(LIMIT_MS));
	cr_expect(ne(int, uplink_serve(u, &err), 1));
}

/* Wherever the cut falls: no part of the secret is left before it. */
Test(uplink, a_line_is_cut_after_its_secrets_are_hidden)
{
	char text[LOG_TEXT_MAX + sizeof SECRET];
	struct msg m;

	redact_add(uplink_redact(u), SECRET);
	uplink_take_logs(u);
	for (size_t at = LOG_TEXT_MAX - 30; at < LOG_TEXT_MAX; at++) {
		memset(text, 'x', at);
		memcpy(text + at, SECRET, sizeof SECRET);
		log_info("a", "%s", text);
		cr_assert(eq(int, uplink_serve(u, &err), 1), "%s", err.text);
		cr_assert(eq(int, heard(&m), 1), "%s", err.text);
		cr_expect(eq(ptr, strstr(m.log.text, "s3"), NULL), "%s",
		    m.log.text + at - 1);
		cr_expect(lt(sz, strlen(m.log.text), LOG_TEXT_MAX));
		msg_fini(&m);
	}
}
