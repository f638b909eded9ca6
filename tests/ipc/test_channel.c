#include "ipc/channel.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct channel *left, *right;
static struct ps_error err;

static void
setup(void)
{
	int fds[2];

	cr_assert(zero(int, socketpair(AF_UNIX, SOCK_STREAM, 0, fds)));
	left = channel_new(fds[0]);
	right = channel_new(fds[1]);
}

static void
teardown(void)
{
	channel_free(&left);
	channel_free(&right);
}

TestSuite(channel, .init = setup, .fini = teardown, .timeout = 20);

static char *
next_text(void)
{
	const char *data;
	size_t len;
	int got = channel_next(right, &data, &len, &err);

	return got == 1 ? strndup(data, len) : NULL;
}

Test(channel, gives_frames_in_the_order_they_were_sent)
{
	char *text;

	cr_assert(zero(int, channel_send(left, "one", 3, &err)));
	cr_assert(zero(int, channel_send(left, "", 0, &err)));
	cr_assert(zero(int, channel_send(left, "three", 5, &err)));
	cr_assert(eq(int, channel_read(right, &err), 1));
	static const char *const expected[] = { "one", "", "three" };
	for (size_t i = 0; i < 3; i++) {
		text = next_text();
		cr_assert(eq(str, text, (char *)expected[i]));
		free(text);
	}
	cr_assert_null(next_text());
}

Test(channel, waits_for_the_rest_of_a_frame)
{
	int fd = channel_fd(left);

	cr_assert(eq(long, write(fd, "\0\0\0\5he", 6), 6));
	cr_assert(eq(int, channel_read(right, &err), 1));
	cr_assert_null(next_text());
	cr_assert(eq(long, write(fd, "llo", 3), 3));
	cr_assert(eq(int, channel_read(right, &err), 1));
	char *text = next_text();
	cr_assert(eq(str, text, "hello"));
	free(text);
}

Test(channel, refuses_a_frame_beyond_the_limit)
{
	cr_assert(eq(long, write(channel_fd(left), "\xff\0\0\0", 4), 4));
	cr_assert(eq(int, channel_read(right, &err), 1));
	const char *data;
	size_t len;
	cr_assert(eq(int, channel_next(right, &data, &len, &err), -1));
	cr_assert(eq(int, err.code, PS_E_DATA));
	cr_assert_not_null(strstr(err.text, "4278190080"));
}

Test(channel, does_not_take_a_frame_beyond_the_limit)
{
	char *big = calloc(1, CHANNEL_FRAME_MAX + 1);

	cr_assert(
	    eq(int, channel_send(left, big, CHANNEL_FRAME_MAX + 1, &err), -1));
	cr_assert(not(channel_is_waiting(left)));
	free(big);
}

Test(channel, refuses_more_when_the_peer_does_not_read)
{
	char *big = calloc(1, 1 << 20);
	int sent = 0;

	while (channel_send(left, big, 1 << 20, &err) == 0)
		sent++;
	cr_assert(eq(int, err.code, PS_E_RETRY));
	cr_assert(ge(int, sent, 31));
	cr_assert(le(sz, channel_waiting(left), CHANNEL_WAITING_MAX));
	free(big);
}

/* A frame larger than the socket's buffer moves in turns. */
Test(channel, moves_the_largest_frame)
{
	char *big = malloc(CHANNEL_FRAME_MAX);
	const char *data;
	size_t len;
	int got;

	memset(big, 'z', CHANNEL_FRAME_MAX);
	cr_assert(zero(int, channel_send(left, big, CHANNEL_FRAME_MAX, &err)));
	do {
		cr_assert(zero(int, channel_write(left, &err)));
		cr_assert(eq(int, channel_read(right, &err), 1));
		got = channel_next(right, &data, &len, &err);
	} while (got == 0);
	cr_assert(eq(int, got, 1));
	cr_assert(eq(sz, len, CHANNEL_FRAME_MAX));
	cr_assert(zero(int, memcmp(data, big, len)));
	cr_assert(not(channel_is_waiting(left)));
	free(big);
}

Test(channel, says_that_the_peer_closed_and_still_gives_what_came)
{
	char *text;

	cr_assert(zero(int, channel_send(left, "last", 4, &err)));
	channel_free(&left);
	cr_assert(eq(int, channel_read(right, &err), 0));
	text = next_text();
	cr_assert(eq(str, text, "last"));
	free(text);
}

Test(channel, sending_to_a_closed_peer_is_an_error_and_no_signal)
{
	channel_free(&right);
	cr_assert(eq(int, channel_send(left, "x", 1, &err), -1));
	cr_assert(eq(int, err.code, PS_E_FATAL));
}

Test(channel, flush_gives_up_when_its_time_is_over)
{
	char *big = calloc(1, CHANNEL_FRAME_MAX);

	cr_assert(zero(int, channel_send(left, big, CHANNEL_FRAME_MAX, &err)));
	cr_assert(eq(int, channel_flush(left, 20, &err), -1));
	cr_assert(eq(int, err.code, PS_E_RETRY));
	free(big);
}

/* Some of it was written, less than half: that is room too. */
Test(channel, what_is_written_takes_no_room)
{
	enum { FRAME = 1 << 20 };
	char *text = calloc(1, FRAME);
	size_t read = 0, len;
	const char *data;

	cr_assert_not_null(text);
	while (channel_waiting(left) < CHANNEL_WAITING_MAX / 3 * 2)
		cr_assert(zero(int, channel_send(left, text, FRAME, &err)));
	for (int i = 0; i < 1000 && read < CHANNEL_WAITING_MAX / 4; i++) {
		cr_assert(eq(int, channel_read(right, &err), 1));
		while (channel_next(right, &data, &len, &err) == 1)
			read += len;
		cr_assert(zero(int, channel_write(left, &err)));
	}
	while (channel_send(left, text, FRAME, &err) == 0)
		;
	cr_expect(eq(int, err.code, PS_E_RETRY));
	cr_expect(channel_waiting(left) > CHANNEL_WAITING_MAX - 2 * FRAME);
	free(text);
}
