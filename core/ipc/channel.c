#include "ipc/channel.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/xalloc.h"

enum { HEADER = 4, READ_STEP = 64 << 10 };
#define OUT_MAX (CHANNEL_WAITING_MAX + HEADER + CHANNEL_FRAME_MAX)

struct channel {
	int fd;
	struct buf in, out;
	size_t taken;   /* bytes of `in` given by channel_next */
	size_t written; /* bytes of `out` the kernel has */
};

struct channel *
channel_new(int fd)
{
	struct channel *c = xcalloc(1, sizeof *c);
	int flags = fcntl(fd, F_GETFL);

	assert(flags >= 0);
	(void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	c->fd = fd;
	buf_init(&c->in, HEADER + CHANNEL_FRAME_MAX + READ_STEP);
	buf_init(&c->out, OUT_MAX);
	return c;
}

void
channel_free(struct channel **cp)
{
	struct channel *c = *cp;

	if (c == NULL)
		return;
	(void)close(c->fd);
	buf_fini(&c->in);
	buf_fini(&c->out);
	free(c);
	*cp = NULL;
}

int
channel_fd(const struct channel *c)
{
	return c->fd;
}

size_t
channel_waiting(const struct channel *c)
{
	return c->out.len - c->written;
}

bool
channel_is_waiting(const struct channel *c)
{
	return channel_waiting(c) > 0;
}

/* Moves the rest to the front once half of the buffer is done with. */
static void
drop_front(struct buf *b, size_t *done)
{
	if (*done < b->len && *done < b->len / 2)
		return;
	buf_consume(b, *done);
	*done = 0;
}

int
channel_write(struct channel *c, struct ps_error *err)
{
	while (channel_is_waiting(c)) {
		ssize_t n = send(c->fd, c->out.data + c->written,
		    channel_waiting(c), MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			return ps_fail(err, PS_E_FATAL, "channel: %s",
			    strerror(errno));
		c->written += (size_t)n;
	}
	drop_front(&c->out, &c->written);
	return 0;
}

int
channel_send(struct channel *c, const char *data, size_t len,
    struct ps_error *err)
{
	uint8_t header[HEADER] = { (uint8_t)(len >> 24), (uint8_t)(len >> 16),
		(uint8_t)(len >> 8), (uint8_t)len };

	if (len > CHANNEL_FRAME_MAX)
		return ps_fail(err, PS_E_DATA,
		    "a message of %zu bytes is larger than the limit of %zu",
		    len, CHANNEL_FRAME_MAX);
	if (channel_waiting(c) + HEADER + len > CHANNEL_WAITING_MAX)
		return ps_fail(err, PS_E_RETRY,
		    "%zu bytes wait for the peer to read, the limit is %zu",
		    channel_waiting(c), CHANNEL_WAITING_MAX);
	if (c->out.len + HEADER + len > OUT_MAX) {
		buf_consume(&c->out, c->written);
		c->written = 0;
	}
	(void)buf_append(&c->out, header, sizeof header);
	(void)buf_append(&c->out, data, len);
	assert(!c->out.overflow);
	return channel_write(c, err);
}

int
channel_read(struct channel *c, struct ps_error *err)
{
	drop_front(&c->in, &c->taken);
	while (c->in.len - c->taken < HEADER + CHANNEL_FRAME_MAX) {
		char *room = buf_reserve(&c->in, READ_STEP);
		ssize_t n;

		if (room == NULL)
			break;
		n = recv(c->fd, room, READ_STEP, 0);
		if (n == 0)
			return 0;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		/* A peer that died with unread input resets the socket. */
		if (n < 0 && errno == ECONNRESET)
			return 0;
		if (n < 0)
			return ps_fail(err, PS_E_FATAL, "channel: %s",
			    strerror(errno));
		c->in.len += (size_t)n;
	}
	return 1;
}

static size_t
frame_length(const char *header)
{
	const uint8_t *h = (const uint8_t *)header;

	return (size_t)h[0] << 24 | (size_t)h[1] << 16 | (size_t)h[2] << 8 |
	       h[3];
}

int
channel_next(struct channel *c, const char **data, size_t *len,
    struct ps_error *err)
{
	size_t have = c->in.len - c->taken;

	if (have < HEADER)
		return 0;
	*len = frame_length(c->in.data + c->taken);
	if (*len > CHANNEL_FRAME_MAX)
		return ps_fail(err, PS_E_DATA,
		    "a message of %zu bytes is larger than the limit of %zu",
		    *len, CHANNEL_FRAME_MAX);
	if (have < HEADER + *len)
		return 0;
	*data = c->in.data + c->taken + HEADER;
	c->taken += HEADER + *len;
	return 1;
}

int
channel_flush(struct channel *c, int limit_ms, struct ps_error *err)
{
	struct clock_ms start = clock_now();

	while (channel_is_waiting(c)) {
		struct pollfd p = { .fd = c->fd, .events = POLLOUT };
		int64_t left = limit_ms - clock_since(start, clock_now());

		if (left <= 0)
			return ps_fail(err, PS_E_RETRY,
			    "%zu bytes were not read within %d ms",
			    channel_waiting(c), limit_ms);
		if (poll(&p, 1, (int)left) < 0 && errno != EINTR)
			return ps_fail(err, PS_E_FATAL, "poll: %s",
			    strerror(errno));
		if (channel_write(c, err) != 0)
			return -1;
	}
	return 0;
}
