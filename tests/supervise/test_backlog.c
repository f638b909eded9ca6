#include "supervise/backlog.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define FRAME ((size_t)256 << 10)
#define MANY  ((int)(2 * CHANNEL_WAITING_MAX / FRAME))

static struct channel *ours, *theirs;
static struct backlog b;
static struct ps_error err;
static char *text;

static void
setup(void)
{
	int fds[2];

	cr_assert(eq(int,
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0));
	ours = channel_new(fds[0]);
	theirs = channel_new(fds[1]);
	b = (struct backlog){ 0 };
	ps_error_clear(&err);
	text = calloc(1, FRAME);
	cr_assert(text != NULL);
}

static void
teardown(void)
{
	backlog_clear(&b);
	channel_free(&ours);
	channel_free(&theirs);
	free(text);
}

TestSuite(backlog, .init = setup, .fini = teardown, .timeout = 30);

/* The number is what the frame begins with. */
static int
send_one(enum backlog_kind kind, int number)
{
	const struct backlog_text t = { text, FRAME };

	memcpy(text, &number, sizeof number);
	return backlog_send(&b, ours, kind, &t, &err);
}

/* The peer reads what there is: how many frames, in order from `next` on. */
static int
read_some(int next)
{
	const char *frame;
	size_t len;
	int number, count = 0;

	cr_assert(eq(int, channel_read(theirs, &err), 1), "%s", err.text);
	while (channel_next(theirs, &frame, &len, &err) == 1) {
		cr_assert(eq(sz, len, FRAME));
		memcpy(&number, frame, sizeof number);
		cr_assert(eq(int, number, next + count));
		count++;
	}
	return count;
}

Test(backlog, more_than_the_channel_holds_comes_in_order)
{
	int read = 0;

	for (int i = 0; i < MANY; i++)
		cr_assert(eq(int, send_one(BACKLOG_MANY, i), 0), "%s",
		    err.text);
	cr_assert(eq(int, send_one(BACKLOG_BOUND, MANY), 0), "%s", err.text);
	cr_expect(channel_waiting(ours) < CHANNEL_WAITING_MAX / 2);
	for (int turn = 0; read <= MANY && turn < 1000 * MANY; turn++) {
		cr_assert(eq(int, channel_write(ours, &err), 0));
		cr_assert(eq(int, backlog_move(&b, ours, &err), 0));
		read += read_some(read);
	}
	cr_expect(eq(int, read, MANY + 1));
	cr_expect(backlog_is_empty(&b));
}

/* How many of them were taken. */
static int
send_until_refused(enum backlog_kind kind)
{
	int sent = 0;

	while (sent < MANY && send_one(kind, sent) == 0)
		sent++;
	return sent;
}

Test(backlog, what_is_bounded_is_refused_beyond_its_bound)
{
	cr_expect(send_until_refused(BACKLOG_BOUND) < MANY);
	cr_expect(eq(int, err.code, PS_E_RETRY));
}

Test(backlog, behind_what_is_many_it_is_bounded_too)
{
	cr_expect(eq(int, send_until_refused(BACKLOG_MANY), MANY));
	cr_expect(eq(int, err.code, PS_OK));
	cr_expect(send_until_refused(BACKLOG_BOUND) < MANY);
	cr_expect(eq(int, err.code, PS_E_RETRY));
}
