#include "child/uplink.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fds.h"
#include "base/log.h"
#include "base/xalloc.h"

/* What may be lost is not sent when so much waits already. */
enum {
	DROP_BYTES = 1 << 20,
	TEXT_BYTES = 16 << 10,
	LINE_BYTES = 1 << 10,
	FLUSH_MS = 2000
};

struct uplink {
	struct channel *channel;
	int fd; /* an epoll of the channel's */
	bool wants_room;
	struct msg_side side;
	struct redact *redact;
	pthread_t owner;
	uint64_t dropped;
	char state[32], cause[PS_ERROR_TEXT];
};

/* A message may be larger than what the socket holds. */
static void
watch(struct uplink *u)
{
	bool waits = channel_is_waiting(u->channel);
	struct epoll_event e = { .events =
				     waits ? EPOLLIN | EPOLLOUT : EPOLLIN };
	int result;

	if (waits == u->wants_room)
		return;
	u->wants_room = waits;
	result = epoll_ctl(u->fd, EPOLL_CTL_MOD, channel_fd(u->channel), &e);
	assert(result == 0);
}

static int
send_message(struct uplink *u, const struct msg *m, struct ps_error *err)
{
	int result = msg_send(u->channel, m, err);

	watch(u);
	return result;
}

struct uplink *
uplink_new(int fd, enum msg_role role)
{
	struct uplink *u = xcalloc(1, sizeof *u);
	int result;

	u->channel = channel_new(fd);
	u->fd = xfd(epoll_create1(EPOLL_CLOEXEC));
	result = fds_watch(u->fd, fd);
	assert(result == 0);
	u->side = (struct msg_side){ role, MSG_DOWN, MSG_DATA };
	u->redact = redact_new();
	u->owner = pthread_self();
	return u;
}

void
uplink_free(struct uplink **up)
{
	struct uplink *u = *up;

	if (u == NULL)
		return;
	log_set_sink(NULL, NULL);
	(void)close(u->fd);
	channel_free(&u->channel);
	redact_free(&u->redact);
	free(u);
	*up = NULL;
}

int
uplink_fd(const struct uplink *u)
{
	return u->fd;
}

struct redact *
uplink_redact(struct uplink *u)
{
	return u->redact;
}

/* What is too long is cut after it was redacted: a cut makes a secret one
 * that is not known. */
static const char *
cleaned(const struct uplink *u, struct ps_arena *a, const char *text)
{
	const char *copy;

	if (text == NULL)
		return NULL;
	copy = redact_copy(u->redact, a, text);
	return ps_strndup(a, copy, strnlen(copy, TEXT_BYTES - 1));
}

static void
send_log(struct uplink *u, enum ps_level level, const char *area,
    const char *line)
{
	struct msg m = { .type = MSG_TYPE_LOG };

	m.log.level = log_level_name(level);
	m.log.area = area;
	m.log.text = line;
	if (channel_waiting(u->channel) > DROP_BYTES ||
	    send_message(u, &m, NULL) != 0)
		u->dropped++;
}

static void
take_log(void *ctx, enum ps_level level, const char *area, const char *text)
{
	struct uplink *u = (struct uplink *)ctx;
	struct ps_arena *a = arena_new(LINE_BYTES);
	char *line = ps_strdup(a, redact_copy(u->redact, a, text));

	log_cut(line);
	if (pthread_equal(pthread_self(), u->owner))
		send_log(u, level, area, line);
	else
		(void)fprintf(stderr, "%s %s: %s\n", log_level_name(level),
		    area, line);
	arena_free(&a);
}

void
uplink_take_logs(struct uplink *u)
{
	log_set_sink(take_log, u);
}

int
uplink_serve(struct uplink *u, struct ps_error *err)
{
	if (channel_write(u->channel, err) != 0)
		return -1;
	watch(u);
	return channel_read(u->channel, err);
}

int
uplink_next(struct uplink *u, struct msg *m, struct ps_error *err)
{
	return msg_next(u->channel, &u->side, m, err);
}

int
uplink_wait(struct uplink *u, int limit_ms, struct msg *m, struct ps_error *err)
{
	struct clock_ms start = clock_now();
	int64_t left = limit_ms;
	int open = 1;

	while (open == 1 && left >= 0) {
		struct pollfd p = { .fd = uplink_fd(u), .events = POLLIN };
		int got = uplink_next(u, m, err);

		if (got != 0)
			return got;
		if (poll(&p, 1, (int)left) < 0 && errno != EINTR)
			return ps_fail(err, PS_E_FATAL, "poll: %s",
			    strerror(errno));
		open = uplink_serve(u, err);
		left = limit_ms - clock_since(start, clock_now());
	}
	if (open == 1)
		return ps_fail(err, PS_E_RETRY,
		    "nothing came from the worker for %d ms", limit_ms);
	if (open == 0 && uplink_next(u, m, err) == 1)
		return 1;
	return ps_fail(err, PS_E_FATAL, "the worker is gone");
}

int
uplink_send(struct uplink *u, const struct msg *given, struct ps_error *err)
{
	struct ps_arena *a = arena_new(TEXT_BYTES);
	struct msg m = *given;
	int result;

	if (m.type == MSG_TYPE_FAILED) {
		m.failed.text = cleaned(u, a, m.failed.text);
		m.failed.trace = cleaned(u, a, m.failed.trace);
		m.failed.next = cleaned(u, a, m.failed.next);
	}
	if (m.type == MSG_TYPE_STATUS) {
		m.status.cause = cleaned(u, a, m.status.cause);
		m.status.trace = cleaned(u, a, m.status.trace);
		m.status.next = cleaned(u, a, m.status.next);
	}
	if (m.type == MSG_TYPE_REPLY)
		m.reply.error = cleaned(u, a, m.reply.error);
	result = send_message(u, &m, err);
	arena_free(&a);
	return result;
}

int
uplink_status(struct uplink *u, const char *state, const char *cause,
    struct ps_error *err)
{
	struct msg m = { .type = MSG_TYPE_STATUS };
	const char *shown = cause == NULL ? "" : cause;

	if (strcmp(u->state, state) == 0 && strcmp(u->cause, shown) == 0)
		return 0;
	(void)snprintf(u->state, sizeof u->state, "%s", state);
	(void)snprintf(u->cause, sizeof u->cause, "%s", shown);
	m.status.state = state;
	m.status.cause = cause;
	return uplink_send(u, &m, err);
}

static void
add_metric(void *ctx, enum metric_kind kind, const char *name,
    const char *labels, double value)
{
	json_t *items = (json_t *)ctx;

	(void)json_array_append_new(items,
	    json_pack("[s, s, s, f]", kind == METRIC_COUNTER ? "c" : "g", name,
		labels, value));
}

void
uplink_metrics(struct uplink *u, const struct metric_registry *metrics)
{
	struct msg m = { .type = MSG_TYPE_METRICS };

	if (channel_waiting(u->channel) > DROP_BYTES)
		return;
	m.metrics.items = json_array();
	metric_each(metrics, add_metric, m.metrics.items);
	(void)send_message(u, &m, NULL);
	json_decref(m.metrics.items);
}

const char *
uplink_code_name(enum ps_code code)
{
	switch (code) {
	case PS_OK:
		return "OK";
	case PS_E_CONFIG:
		return "CONFIG";
	case PS_E_DATA:
		return "DATA";
	case PS_E_RETRY:
		return "RETRY";
	case PS_E_FATAL:
		return "FATAL";
	case PS_E_GAP:
		return "GAP";
	}
	return "FATAL";
}

void
uplink_failed(struct uplink *u, const struct ps_error *why)
{
	struct msg m = { .type = MSG_TYPE_FAILED };

	m.failed.code = uplink_code_name(why->code);
	m.failed.text = why->text;
	m.failed.retriable = why->code == PS_E_RETRY || why->code == PS_E_FATAL;
	if (uplink_send(u, &m, NULL) == 0)
		uplink_flush(u, FLUSH_MS);
}

void
uplink_flush(struct uplink *u, int limit_ms)
{
	(void)channel_flush(u->channel, limit_ms, NULL);
	watch(u);
}
