#include "child/control.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fds.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "child/lease.h"

/* A suspended task is looked at so often: is nothing on its way any more? */
enum { BEAT_MS = 1000, SUSPENDED_MS = 100 };

/* While the task yields the thread wakes so often, for nothing but that the
 * kernel looks then who is next on its processor, which is the plugin's, too.
 * An idle group has had its due within microseconds, but who waits behind it
 * waits for a look, and without one for the tick (4 ms with CONFIG_HZ=250). */
enum { YIELDS_MS = 1 };

struct control {
	pthread_t thread;
	struct channel *channel;
	struct msg_side side;
	struct gauges *gauges;
	struct lease lease;
	bool yields;
	int end_fd; /* readable: the thread shall end */
};

/* What the worker says ends here: nothing is flushed, nothing destroyed. */
static _Noreturn void
die(const char *why)
{
	(void)!write(STDERR_FILENO, why, strlen(why));
	(void)!write(STDERR_FILENO, "\n", 1);
	_exit(EXIT_FAILURE);
}

static void
do_lease(struct control *c, const struct msg *m)
{
	lease_renew(&c->lease, m->lease.ends_ms);
}

static void
do_stop(struct control *c, const struct msg *m)
{
	atomic_store(&c->gauges->stop_at_ms,
	    clock_after(clock_now(), m->stop.limit_ms).ms);
	atomic_store(&c->gauges->stop, true);
	gauges_wake(c->gauges);
}

static void
do_pause(struct control *c, const struct msg *m)
{
	(void)m;
	atomic_store(&c->gauges->pause, true);
	gauges_wake(c->gauges);
}

static void
do_resume(struct control *c, const struct msg *m)
{
	(void)m;
	atomic_store(&c->gauges->pause, false);
	gauges_wake(c->gauges);
}

static void
do_level(struct control *c, const struct msg *m)
{
	enum ps_level level;

	(void)c;
	if (log_level_parse(m->level.level, &level) == 0)
		log_set_level(m->level.area, level);
}

static void
do_yield(struct control *c, const struct msg *m)
{
	c->yields = m->yield.yields;
}

typedef void do_fn(struct control *c, const struct msg *m);

static do_fn *const actions[MSG_TYPE_COUNT] = {
	[MSG_TYPE_LEASE] = do_lease,
	[MSG_TYPE_STOP] = do_stop,
	[MSG_TYPE_PAUSE] = do_pause,
	[MSG_TYPE_RESUME] = do_resume,
	[MSG_TYPE_LEVEL] = do_level,
	[MSG_TYPE_YIELD] = do_yield,
};

static void
send_or_die(struct control *c, const struct msg *m)
{
	struct ps_error err = { 0 };

	if (msg_send(c->channel, m, &err) != 0)
		die(err.text);
}

static void
beat(struct control *c)
{
	struct gauges *g = c->gauges;
	int64_t seen = clock_now().ms;
	const char *call = atomic_load(&g->call);
	json_t *counters =
	    json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:b}",
		"records", (json_int_t)atomic_load(&g->records), "bytes",
		(json_int_t)atomic_load(&g->bytes), "errors",
		(json_int_t)atomic_load(&g->errors), "delivered",
		(json_int_t)atomic_load(&g->delivered), "delivered_ms",
		(json_int_t)atomic_load(&g->delivered_ms), "newest_ms",
		(json_int_t)atomic_load(&g->newest_ms), "pending",
		(json_int_t)atomic_load(&g->pending), "waits",
		(int)atomic_load(&g->waits), "unclaimed",
		(int)atomic_load(&g->unclaimed));
	struct msg m = { .type = MSG_TYPE_BEAT };

	m.beat.call = call;
	m.beat.since_ms = call == NULL ? 0 : atomic_load(&g->since_ms);
	m.beat.at_ms = call == NULL ? 0 : seen;
	m.beat.suspended = atomic_load(&g->suspend) && gauges_is_harmless(g);
	m.beat.counters = counters;
	/* A worker that does not read misses beats, it is not drowned. */
	if (!channel_is_waiting(c->channel))
		send_or_die(c, &m);
	json_decref(counters);
}

/* Suspends near the lease's end, goes on after a renewal. */
static void
keep_lease(struct control *c)
{
	struct gauges *g = c->gauges;
	bool was = atomic_load(&g->suspend);
	bool is = lease_should_suspend(&c->lease, clock_now().ms);

	if (is != was) {
		atomic_store(&g->idle, false);
		atomic_store(&g->suspend, is);
		gauges_wake(g);
	}
	if (is && gauges_is_harmless(g))
		lease_disarm(&c->lease);
}

static void
serve(struct control *c)
{
	struct ps_error err = { 0 };
	struct msg m;
	int open = channel_read(c->channel, &err), got;

	while ((got = msg_next(c->channel, &c->side, &m, &err)) == 1) {
		actions[m.type](c, &m);
		msg_fini(&m);
	}
	if (open < 0 || got < 0)
		die(err.text);
	if (open == 0)
		die("the worker is gone");
}

/* How long nothing is to be done if nothing comes. */
static int
until(const struct control *c, struct clock_ms next)
{
	struct clock_ms now = clock_now();
	int64_t beat = clock_since(now, next);
	int64_t lease = atomic_load(&c->gauges->suspend)
			    ? SUSPENDED_MS
			    : lease_suspends_at(&c->lease) - now.ms;
	int64_t ms = beat < lease ? beat : lease;

	if (c->yields && ms > YIELDS_MS)
		ms = YIELDS_MS;
	return ms < 0 ? 0 : (int)ms;
}

static void *
run(void *arg)
{
	struct control *c = (struct control *)arg;
	struct clock_ms next = clock_now();
	struct pollfd p[2] = { { .fd = channel_fd(c->channel) },
		{ .fd = c->end_fd, .events = POLLIN } };
	struct ps_error err = { 0 };

	while ((p[1].revents & POLLIN) == 0) {
		p[0].events =
		    channel_is_waiting(c->channel) ? POLLIN | POLLOUT : POLLIN;
		if (poll(p, 2, until(c, next)) < 0 && errno != EINTR)
			die(strerror(errno));
		if ((p[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
			serve(c);
		if (channel_write(c->channel, &err) != 0)
			die(err.text);
		keep_lease(c);
		if (clock_since(next, clock_now()) < 0)
			continue;
		beat(c);
		next = clock_after(clock_now(), BEAT_MS);
	}
	return NULL;
}

struct control *
control_start(int fd, enum msg_role role, struct gauges *g,
    struct ps_error *err)
{
	struct control *c = xcalloc(1, sizeof *c);
	struct msg ready = { .type = MSG_TYPE_READY };
	int code;

	c->channel = channel_new(fd);
	c->side = (struct msg_side){ role, MSG_DOWN, MSG_CONTROL };
	c->gauges = g;
	c->end_fd = xfd(eventfd(0, EFD_CLOEXEC));
	ready.ready.pid = getpid();
	send_or_die(c, &ready);
	code = pthread_create(&c->thread, NULL, run, c);
	if (code == 0)
		return c;
	(void)fds_fail(err, code, "control thread");
	channel_free(&c->channel);
	(void)close(c->end_fd);
	free(c);
	return NULL;
}

void
control_stop(struct control **cp)
{
	struct control *c = *cp;

	if (c == NULL)
		return;
	(void)eventfd_write(c->end_fd, 1);
	(void)pthread_join(c->thread, NULL);
	(void)close(c->end_fd);
	channel_free(&c->channel);
	free(c);
	*cp = NULL;
}
