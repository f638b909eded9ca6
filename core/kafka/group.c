#include "kafka/group.h"

#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fds.h"
#include "base/log.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "config/map.h"
#include "kafka/conf.h"
#include "kafka/group_close.h"
#include "kafka/group_others.h"
#include "kafka/kerror.h"

#define CONF_CHUNK ((size_t)16 * 1024)
#define EVENTS_MAX 32 /* of a call */
#define OTHERS_MS  10000
/* A client's end is waited for: of one that has left, and of another. */
#define LEFT_S  1
#define CLOSE_S 3

struct group {
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	struct group_close *close; /* has both from then on */
	int event_fd, timer_fd, all_fd;
	const struct group_ops *ops;
	void *ctx;
	char *name, *topic;
	int session_ms;
	bool is_owner, is_broken, leaving, left;
	struct clock_ms give_up; /* of giving back, then of closing */
	char trouble[256];
};

/* ---- joining ----------------------------------------------------------- */

/* With `range` the partition would move at every join, and a blocked member
 * would stall the election. */
static struct ps_config
properties_of(struct ps_arena *a, const struct ps_config *translated,
    const struct group_spec *spec)
{
	char *session = ps_printf(a, "%d", spec->session_ms);
	struct ps_setting own[] = {
		{ "enable.auto.commit", "false" },
		{ "enable.partition.eof", "false" },
		{ "group.id", spec->group },
		{ "group.protocol", "classic" },
		{ "heartbeat.interval.ms",
		    ps_printf(a, "%d", spec->heartbeat_ms) },
		{ "max.poll.interval.ms", session },
		{ "partition.assignment.strategy", "cooperative-sticky" },
		{ "session.timeout.ms", session },
		{ "group.instance.id", spec->instance },
	};
	struct ps_config over = { own, sizeof own / sizeof *own };

	if (spec->instance == NULL)
		over.count--;

	return config_merge(a, translated, &over);
}

static rd_kafka_t *
open_client(const struct group_spec *spec, struct ps_error *err)
{
	struct ps_arena *a = arena_new(CONF_CHUNK);
	rd_kafka_t *rk = NULL;
	struct conf conf;

	if (conf_translate(a, CONF_CONSUMER, spec->settings, &conf, err) == 0) {
		conf.properties = properties_of(a, &conf.properties, spec);
		rk = conf_open(&conf, err);
	}
	arena_free(&a);
	return rk;
}

/* The timer makes the loop serve it also when nothing happens: that the loop
 * turns is what keeps a member in its group. A worker joins again while it
 * runs, when there may be no descriptor left. */
static int
arm(struct group *g, int tick_ms, struct ps_error *err)
{
	struct timespec tick = { tick_ms / 1000, tick_ms % 1000 * 1000000L };
	struct itimerspec when = { tick, tick };

	g->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	g->timer_fd =
	    timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	g->all_fd = epoll_create1(EPOLL_CLOEXEC);
	if (g->event_fd >= 0 && g->timer_fd >= 0 && g->all_fd >= 0 &&
	    timerfd_settime(g->timer_fd, 0, &when, NULL) == 0 &&
	    fds_watch(g->all_fd, g->event_fd) == 0 &&
	    fds_watch(g->all_fd, g->timer_fd) == 0)
		return 0;
	(void)fds_fail(err, errno, "cannot be joined");
	return ps_fail_in(err, "group.id=%s", g->name);
}

static void
take_queue(struct group *g)
{
	static const uint64_t one = 1;

	(void)rd_kafka_poll_set_consumer(g->rk);
	g->queue = rd_kafka_queue_get_consumer(g->rk);
	rd_kafka_queue_io_event_enable(g->queue, g->event_fd, &one, sizeof one);
}

static int
subscribe(struct group *g, struct ps_error *err)
{
	rd_kafka_topic_partition_list_t *l =
	    rd_kafka_topic_partition_list_new(1);
	rd_kafka_resp_err_t e;

	rd_kafka_topic_partition_list_add(l, g->topic, RD_KAFKA_PARTITION_UA);
	e = rd_kafka_subscribe(g->rk, l);
	rd_kafka_topic_partition_list_destroy(l);
	if (e == RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	return kerror_fail(err, e, "group %s: subscription of %s", g->name,
	    g->topic);
}

struct group *
group_join(const struct group_spec *spec, const struct group_ops *ops,
    void *ctx, struct ps_error *err)
{
	struct group *g = xcalloc(1, sizeof *g);

	g->event_fd = g->timer_fd = g->all_fd = -1;
	g->ops = ops;
	g->ctx = ctx;
	g->name = xstrdup(spec->group);
	g->topic = xstrdup(spec->topic);
	g->session_ms = spec->session_ms;
	if (arm(g, spec->heartbeat_ms, err) != 0 ||
	    (g->rk = open_client(spec, err)) == NULL) {
		group_free(&g);
		return NULL;
	}
	take_queue(g);
	group_others_ask(g->rk, g->name, g->queue, OTHERS_MS, g);
	return g;
}

/* ---- events ------------------------------------------------------------ */

static void
set_owner(struct group *g, bool is_owner)
{
	if (g->is_owner == is_owner)
		return;
	g->is_owner = is_owner;
	g->ops->owner(g->ctx, is_owner);
}

static bool
has_partition(const struct group *g, const rd_kafka_topic_partition_list_t *l)
{
	for (int i = 0; l != NULL && i < l->cnt; i++)
		if (l->elems[i].partition == 0 &&
		    strcmp(l->elems[i].topic, g->topic) == 0)
			return true;
	return false;
}

static void
take_rebalance(struct group *g, rd_kafka_event_t *ev)
{
	bool gained =
	    rd_kafka_event_error(ev) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
	bool ours = has_partition(g, rd_kafka_event_topic_partition_list(ev));
	rd_kafka_error_t *e;

	g->trouble[0] = '\0';
	if (ours && !gained)
		set_owner(g, false);
	e = group_answer(g->rk, ev);
	if (e != NULL)
		(void)snprintf(g->trouble, sizeof g->trouble, "%s",
		    rd_kafka_error_string(e));
	else if (ours && gained && !g->leaving)
		set_owner(g, true);
	if (e != NULL)
		rd_kafka_error_destroy(e);
}

static void
close_client(struct group *g)
{
	g->close = group_close_new(g->rk, g->queue, g->event_fd);
	g->queue = NULL;
	g->give_up = clock_after(clock_now(), g->session_ms);
}

/* librdkafka's close tells the group nothing of a static member, nor of one
 * without partitions: the others would wait for its session to end. What is
 * owned must be given back first, that is when the group is told. */
void
group_leave(struct group *g)
{
	if (g->leaving)
		return;
	g->leaving = true;
	(void)rd_kafka_unsubscribe(g->rk);
	if (!g->is_owner)
		close_client(g);
	else
		g->give_up = clock_after(clock_now(), g->session_ms);
}

static int
explain(const struct group *g, rd_kafka_event_t *ev, struct ps_error *err)
{
	rd_kafka_resp_err_t code = rd_kafka_event_error(ev);

	if (rd_kafka_event_error_is_fatal(ev))
		return ps_fail(err, PS_E_FATAL, "group.id=%s: %s", g->name,
		    rd_kafka_event_error_string(ev));
	if (code == RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL)
		return ps_fail(err, PS_E_CONFIG,
		    "group.id=%s: the group has members of another kind, Kafka "
		    "Connect's workers or ordinary consumers, and the broker "
		    "lets no others in (%s). Stop them first, or give this "
		    "cluster a group.id of its own",
		    g->name, rd_kafka_err2name(code));
	if (code == RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT)
		return ps_fail(err, PS_E_CONFIG,
		    "session.timeout.ms=%d: the broker expects a value from "
		    "its group.min.session.timeout.ms to its "
		    "group.max.session.timeout.ms",
		    g->session_ms);
	return kerror_fail(err, code, "group.id=%s: %s", g->name,
	    rd_kafka_event_error_string(ev));
}

/* It would ask to be let in for ever. */
static void
break_off(struct group *g, const struct ps_error *err)
{
	g->is_broken = true;
	(void)rd_kafka_unsubscribe(g->rk);
	set_owner(g, false);
	g->ops->broken(g->ctx, err);
}

/* Its place went to another client of the same instance: to the one that
 * this worker was before it was stopped or cut off, as nobody else has its
 * id. The client can do no more, a new one can. */
static bool
lost_its_place(const struct group *g, rd_kafka_event_t *ev)
{
	char text[256];
	rd_kafka_resp_err_t code = rd_kafka_event_error(ev);

	if (rd_kafka_event_error_is_fatal(ev))
		code = rd_kafka_fatal_error(g->rk, text, sizeof text);
	return code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID;
}

static void
take_error(struct group *g, rd_kafka_event_t *ev)
{
	struct ps_error err = { PS_OK, "" };

	(void)explain(g, ev, &err);
	(void)snprintf(g->trouble, sizeof g->trouble, "%.250s", err.text);
	if (lost_its_place(g, ev)) {
		set_owner(g, false);
		group_leave(g);
		return;
	}
	if (!g->is_broken && !g->leaving &&
	    (err.code == PS_E_CONFIG || err.code == PS_E_FATAL))
		break_off(g, &err);
}

/* Who else is there is known: now it is joined, or not. */
static void
take_others(struct group *g, rd_kafka_event_t *ev)
{
	struct ps_error err = { PS_OK, "" };

	if (g->leaving || g->is_broken)
		return;
	if (group_others_check(ev, g->topic, &err) == 0 &&
	    subscribe(g, &err) == 0)
		return;
	(void)snprintf(g->trouble, sizeof g->trouble, "%.250s", err.text);
	break_off(g, &err);
}

static void
take_event(struct group *g, rd_kafka_event_t *ev)
{
	switch (rd_kafka_event_type(ev)) {
	case RD_KAFKA_EVENT_REBALANCE:
		take_rebalance(g, ev);
		break;
	case RD_KAFKA_EVENT_ERROR:
		take_error(g, ev);
		break;
	case RD_KAFKA_EVENT_DESCRIBECONSUMERGROUPS_RESULT:
		take_others(g, ev);
		break;
	case RD_KAFKA_EVENT_LOG:
		conf_log(ev);
		break;
	default:
		break;
	}
}

static void
drain(int fd)
{
	uint64_t count;

	while (read(fd, &count, sizeof count) > 0)
		;
}

/* true: it has left, or will never know. */
static bool
go_on_leaving(struct group *g)
{
	bool late = clock_now().ms >= g->give_up.ms;

	if (g->close != NULL)
		return late || group_close_is_done(g->close);
	if (g->leaving && (!g->is_owner || late))
		close_client(g);
	return false;
}

/* ---- serving ----------------------------------------------------------- */

void
group_serve(struct group *g)
{
	static const uint64_t one = 1;
	rd_kafka_event_t *ev;
	int events = 0;

	drain(g->event_fd);
	drain(g->timer_fd);
	while (g->close == NULL && events++ < EVENTS_MAX &&
	       (ev = rd_kafka_queue_poll(g->queue, 0)) != NULL) {
		take_event(g, ev);
		rd_kafka_event_destroy(ev);
	}
	if (events > EVENTS_MAX && write(g->event_fd, &one, sizeof one) < 0)
		abort();
	if (g->left || !go_on_leaving(g))
		return;
	g->left = true;
	set_owner(g, false);
	g->ops->left(g->ctx);
}

int
group_fd(const struct group *g)
{
	return g->all_fd;
}

/* ---- life -------------------------------------------------------------- */

/* false: it is left behind, and what it writes to is. */
static bool
free_client(struct group *g)
{
	struct ps_error err = { PS_OK, "" };

	if (g->rk == NULL)
		return true;
	if (g->close == NULL)
		close_client(g);
	if (group_close_end(&g->close, g->left ? LEFT_S : CLOSE_S, &err) == 0)
		return true;
	log_warn("kafka", "group %s: %s", g->name, err.text);
	return false;
}

static void
close_fd(int fd)
{
	if (fd >= 0)
		(void)close(fd);
}

void
group_free(struct group **gp)
{
	struct group *g = *gp;

	*gp = NULL;
	if (g == NULL)
		return;
	if (free_client(g))
		close_fd(g->event_fd);
	close_fd(g->timer_fd);
	close_fd(g->all_fd);
	free(g->name);
	free(g->topic);
	free(g);
}

/* ---- questions --------------------------------------------------------- */

bool
group_is_owner(const struct group *g)
{
	return g->is_owner;
}

char *
group_metadata(const struct group *g, struct ps_arena *a)
{
	rd_kafka_consumer_group_metadata_t *md;
	rd_kafka_error_t *e;
	char *text = NULL;
	void *bytes;
	size_t len;

	if (!g->is_owner)
		return NULL;
	md = rd_kafka_consumer_group_metadata(g->rk);
	if (md == NULL)
		return NULL;
	e = rd_kafka_consumer_group_metadata_write(md, &bytes, &len);
	rd_kafka_consumer_group_metadata_destroy(md);
	if (e != NULL) {
		rd_kafka_error_destroy(e);
		return NULL;
	}
	text = text_base64(a, bytes, len);
	rd_kafka_mem_free(g->rk, bytes);
	return text;
}

const char *
group_trouble(const struct group *g)
{
	return g->trouble;
}
