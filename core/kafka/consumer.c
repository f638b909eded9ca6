#include "kafka/consumer.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fds.h"
#include "base/xalloc.h"
#include "kafka/conf.h"
#include "kafka/consumer_impl.h"
#include "kafka/kerror.h"

#define CONF_CHUNK ((size_t)16 * 1024)

#define METADATA_AGE    "topic.metadata.refresh.interval.ms"
#define METADATA_AGE_MS 300000

static int64_t
age_of(const struct ps_config *properties)
{
	int64_t ms =
	    ps_config_has(properties, METADATA_AGE)
		? strtoll(ps_config_str(properties, METADATA_AGE), NULL, 10)
		: METADATA_AGE_MS;

	/* -1: it never looks by itself. */
	return ms < 0 ? METADATA_AGE_MS : ms;
}

static rd_kafka_t *
open_client(struct consumer *c, const struct ps_config *settings,
    struct ps_error *err)
{
	struct ps_arena *a = arena_new(CONF_CHUNK);
	rd_kafka_t *rk = NULL;
	struct conf conf;

	if (conf_translate(a, CONF_CONSUMER, settings, &conf, err) == 0) {
		c->reset = conf.reset;
		c->max_poll_records = conf.max_poll_records;
		c->metadata_age_ms = age_of(&conf.properties);
		c->group_id =
		    xstrdup(ps_config_str(&conf.properties, "group.id"));
		c->client_id =
		    xstrdup(ps_config_str(&conf.properties, "client.id"));
		if (c->group_id[0] == '\0')
			(void)ps_fail(err, PS_E_CONFIG,
			    "group.id is missing: a sink needs a group");
		else
			rk = conf_open(&conf, err);
	}
	arena_free(&a);
	return rk;
}

struct consumer *
consumer_new(const struct ps_config *settings, struct ps_error *err)
{
	static const uint64_t one = 1;
	struct consumer *c = xcalloc(1, sizeof *c);

	/* 1: what came before the queue is watched is looked at. */
	c->fd = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
	if (c->fd < 0)
		(void)fds_fail(err, errno, "cannot make a consumer");
	else
		c->rk = open_client(c, settings, err);
	if (c->rk == NULL) {
		consumer_free(&c, 0);
		return NULL;
	}
	(void)rd_kafka_poll_set_consumer(c->rk);
	c->events = rd_kafka_queue_get_consumer(c->rk);
	c->records = rd_kafka_queue_new(c->rk);
	rd_kafka_queue_io_event_enable(c->events, c->fd, &one, sizeof one);
	rd_kafka_queue_io_event_enable(c->records, c->fd, &one, sizeof one);
	return c;
}

static void
drop_batch(struct consumer *c)
{
	for (size_t i = 0; i < c->count; i++)
		rd_kafka_message_destroy(c->messages[i]);
	c->count = 0;
}

static void
answer(struct consumer *c)
{
	if (c->unanswered == CONSUMER_ASSIGNED)
		(void)consumer_assign(c, NULL, 0, NULL);
	else if (c->unanswered != CONSUMER_NOTHING)
		(void)consumer_unassign(c, c->told, c->told_count, NULL);
}

/* Leaves the group; what is revoked is given back without a word, also when
 * the time is over: a client that waits for an answer cannot be destroyed. */
static void
leave(struct consumer *c, int limit_ms)
{
	struct consumer_limits limits = { .timeout_ms = 20 };
	struct clock_ms start = clock_now();
	struct consumer_event e;

	if (!c->closing && consumer_close(c, NULL) != 0)
		return;
	do {
		answer(c);
		if (consumer_poll(c, &limits, &e, NULL) != 0)
			e.what = CONSUMER_TROUBLE;
	} while (!c->closed && (e.what != CONSUMER_NOTHING ||
				   clock_since(start, clock_now()) < limit_ms));
}

static void
free_queues(struct consumer *c)
{
	if (c->events == NULL)
		return;
	rd_kafka_queue_io_event_enable(c->events, -1, NULL, 0);
	rd_kafka_queue_io_event_enable(c->records, -1, NULL, 0);
	rd_kafka_queue_destroy(c->events);
	rd_kafka_queue_destroy(c->records);
}

static void
free_topics(struct consumer *c)
{
	union {
		const char *in;
		char *out;
	} u;

	for (size_t i = 0; i < c->topic_count; i++) {
		u.in = c->topics[i];
		free(u.out);
	}
	free(c->topics);
	free(c->wanted);
	free(c->seen);
}

void
consumer_free(struct consumer **cp, int limit_ms)
{
	struct consumer *c = *cp;

	*cp = NULL;
	if (c == NULL)
		return;
	drop_batch(c);
	if (c->rk != NULL && c->events != NULL && !c->closed)
		leave(c, limit_ms);
	if (c->waiting != NULL)
		rd_kafka_topic_partition_list_destroy(c->waiting);
	if (c->committed != NULL)
		rd_kafka_topic_partition_list_destroy(c->committed);
	if (c->group != NULL)
		rd_kafka_consumer_group_metadata_destroy(c->group);
	free_queues(c);
	if (c->rk != NULL)
		rd_kafka_destroy_flags(c->rk,
		    RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	if (c->fd >= 0)
		(void)close(c->fd);
	free_topics(c);
	free(c->parts);
	free(c->assignment);
	free(c->messages);
	free(c->batch);
	free(c->told);
	free(c->group_id);
	free(c->client_id);
	free(c);
}

static int
subscribe(struct consumer *c, const rd_kafka_topic_partition_list_t *l,
    struct ps_error *err)
{
	rd_kafka_resp_err_t e = rd_kafka_subscribe(c->rk, l);

	if (e == RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	return kerror_fail(err, e, "subscription of %s",
	    l->cnt > 0 ? l->elems[0].topic : "nothing");
}

int
consumer_subscribe(struct consumer *c, const char *const *topics, size_t count,
    struct ps_error *err)
{
	rd_kafka_topic_partition_list_t *l =
	    rd_kafka_topic_partition_list_new((int)count);
	int result;

	c->wanted = xrealloc(c->wanted, (count + 1) * sizeof *c->wanted);
	c->wanted_count = 0;
	for (size_t i = 0; i < count; i++) {
		rd_kafka_topic_partition_list_add(l, topics[i],
		    RD_KAFKA_PARTITION_UA);
		if (topics[i][0] != '^')
			c->wanted[c->wanted_count++] =
			    consumer_intern(c, topics[i]);
	}
	result = subscribe(c, l, err);
	rd_kafka_topic_partition_list_destroy(l);
	return result;
}

int
consumer_subscribe_pattern(struct consumer *c, const char *regex,
    struct ps_error *err)
{
	struct ps_arena *a = arena_new(CONF_CHUNK);
	const char *pattern = consumer_pattern(a, regex, err);
	int result = -1;

	if (pattern != NULL)
		result = consumer_subscribe(c, &pattern, 1, err);
	arena_free(&a);
	return result;
}

static void
drain(const struct consumer *c)
{
	uint64_t count;

	while (read(c->fd, &count, sizeof count) > 0)
		;
}

/* What is there now: 1 with `out` filled, 0 nothing, -1. */
static int
look(struct consumer *c, const struct consumer_limits *limits,
    struct consumer_event *out, struct ps_error *err)
{
	rd_kafka_event_t *ev;
	int told = 0;

	if (c->waiting != NULL)
		told = consumer_resolve(c, limits->timeout_ms, out, err);
	if (told != 0)
		return told;
	if (c->gap.position.topic != NULL && !c->closing)
		return consumer_tell_gap(c, out);
	if (c->count == 0 && !c->closing && consumer_tell_unread(c, out) == 1)
		return 1;
	if (c->empty_commits > 0) {
		c->empty_commits--;
		out->what = CONSUMER_COMMITTED;
		return 1;
	}
	while (told == 0 && (ev = rd_kafka_queue_poll(c->events, 0)) != NULL) {
		told = consumer_event_take(c, ev, out, err);
		rd_kafka_event_destroy(ev);
	}
	if (told != 0)
		return told;
	if (c->closing && rd_kafka_consumer_closed(c->rk)) {
		c->closed = true;
		out->what = CONSUMER_CLOSED;
		return 1;
	}
	if (c->has_unproved && !c->closing)
		consumer_prove(c);
	if (limits->max_bytes == 0 || consumer_take(c, limits, out) == 0)
		return c->waiting != NULL ? look(c, limits, out, err) : 0;
	return 1;
}

static int64_t
until_proof(const struct consumer *c, int64_t most_ms)
{
	int64_t ms = clock_since(clock_now(), c->next_proof);

	if (!c->has_unproved || ms > most_ms)
		return most_ms;
	return ms < 1 ? 1 : ms;
}

int
consumer_poll(struct consumer *c, const struct consumer_limits *limits,
    struct consumer_event *out, struct ps_error *err)
{
	struct clock_ms start = clock_now();
	struct pollfd fd = { .fd = c->fd, .events = POLLIN };
	int64_t left;
	int found;

	/* What is held stays as it is while only events are asked for. */
	assert(c->count == 0 || limits->max_bytes == 0);
	assert(c->unanswered == CONSUMER_NOTHING);
	for (;;) {
		drain(c);
		consumer_ask_topics(c);
		consumer_ask_claims(c);
		*out = (struct consumer_event){ .what = CONSUMER_NOTHING };
		found = look(c, limits, out, err);
		if (found != 0)
			return found < 0 ? -1 : 0;
		left = limits->timeout_ms - clock_since(start, clock_now());
		if (left <= 0)
			return 0;
		(void)poll(&fd, 1, (int)until_proof(c, left));
	}
}

int
consumer_fd(const struct consumer *c)
{
	return c->fd;
}

void
consumer_release(struct consumer *c, struct consumer_event *e)
{
	drop_batch(c);
	e->records = NULL;
	e->record_count = 0;
}

void
consumer_shrink(struct consumer *c)
{
	if (c->count > 0)
		return;
	free(c->messages);
	free(c->batch);
	c->messages = NULL;
	c->batch = NULL;
	c->room = 0;
}

/* librdkafka's close does not tell the group of a member without partitions:
 * the others would wait for its session to end. */
static void
leave_empty(struct consumer *c)
{
	if (c->part_count == 0 && c->waiting == NULL)
		(void)rd_kafka_unsubscribe(c->rk);
}

int
consumer_close(struct consumer *c, struct ps_error *err)
{
	rd_kafka_error_t *e;

	if (c->closing)
		return 0;
	leave_empty(c);
	e = rd_kafka_consumer_close_queue(c->rk, c->events);
	if (e != NULL)
		return kerror_take(err, e, "leaving group %s", c->group_id);
	c->closing = true;
	return 0;
}
