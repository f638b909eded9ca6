/*
 * scribes: a pen with its scribe on a real broker, for tests.
 *
 * A worker's part of it: a loop, its options, a membership for the claim and
 * what the pen answered.
 */
#ifndef PENSTOCK_TESTS_LIVE_SCRIBES_H
#define PENSTOCK_TESTS_LIVE_SCRIBES_H

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <librdkafka/rdkafka.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <penstock/record.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/dict.h"
#include "base/text.h"
#include "journal/pen.h"
#include "kafka/producer.h"
#include "kafka/topiclog.h"
#include "store/wire.h"
#include "tests/kafka/groups.h"
#include "tests/live/live.h"

#define SESSION_MS 6000
#define LIMIT_MS   40000
#define TOPIC_MAX  "20000"

struct desk {
	uv_loop_t loop;
	struct gate gate;
	struct options *options;
	struct errand_env env;
	struct pen *pen;
	struct ps_arena *a;
	char group[96], topic[64];
	int lost;
	enum wrote how;
	struct topiclog_hub *hub; /* NULL: nothing is read */
	struct dict *read;        /* the keys */
};

/* What a call was answered. */
struct answered {
	int count;
	enum wrote wrote;
	int64_t first, last;
	struct ps_error err;
};

__attribute__((unused)) static void
on_answer(void *ctx, const struct pen_result *r)
{
	struct answered *a = ctx;

	a->count++;
	a->wrote = r->wrote;
	a->first = a->last = -1;
	if (r->count > 0) {
		a->first = r->offsets[0];
		a->last = r->offsets[r->count - 1];
	}
	if (r->err != NULL)
		a->err = *r->err;
}

__attribute__((unused)) static void
on_lost(void *ctx, enum wrote how, const struct ps_error *why)
{
	struct desk *d = ctx;

	(void)why;
	d->lost++;
	d->how = how;
}

static const struct pen_ops desk_ops = { on_lost };

static struct options *
distributed_options(const struct desk *d, const char *servers)
{
	struct ps_error err = { 0 };
	char path[PATH_MAX];
	struct options *o;
	FILE *f;

	(void)snprintf(path, sizeof path, BUILD "/tmp/desk-%d-%s", getpid(),
	    d->topic);
	f = fopen(path, "w");
	cr_assert(f != NULL, "%s cannot be made", path);
	(void)fprintf(f,
	    "bootstrap.servers=%s\ngroup.id=%s\nkey.converter=K\n"
	    "value.converter=V\nplugin.path=" TESTS "\n"
	    "config.storage.topic=%s\noffset.storage.topic=o\n"
	    "status.storage.topic=s\nsession.timeout.ms=%d\n"
	    "heartbeat.interval.ms=1000\n",
	    servers, d->group, d->topic, SESSION_MS);
	(void)fclose(f);
	o = options_load(path, WORKER_DISTRIBUTED, &err);
	(void)unlink(path);
	cr_assert(o != NULL && options_take_plugins(o, &err) == 0 &&
		      options_apply(o, NULL, &err) == 0,
	    "%s", err.text);
	return o;
}

/* It takes no record of more than TOPIC_MAX bytes. */
static void
make_topic(struct live *v, char *name, size_t room)
{
	static int counter;
	struct ps_setting c[] = { { "cleanup.policy", "compact" },
		{ "max.message.bytes", TOPIC_MAX } };
	struct admin_new_topic t = { name, 1, 1, { c, 2 } };

	(void)snprintf(name, room, "c-%d-%d", getpid(), counter++);
	admin_create_topics(v->admin, &t, 1,
	    (struct admin_call){ live_answer, v, 10000 });
	live_wait(v);
	cr_assert(eq(int, v->code, 0));
}

/* Of the group and the topic of `first`, or of its own. */
__attribute__((unused)) static void
desk_begin(struct desk *d, struct live *v, const struct desk *first)
{
	(void)signal(SIGPIPE, SIG_IGN);
	*d = (struct desk){ .lost = 0 };
	if (first == NULL) {
		make_topic(v, d->topic, sizeof d->topic);
		(void)snprintf(d->group, sizeof d->group, "group-%s", d->topic);
	} else {
		(void)snprintf(d->topic, sizeof d->topic, "%s", first->topic);
		(void)snprintf(d->group, sizeof d->group, "%s", first->group);
	}
	d->a = arena_new(4096);
	(void)uv_loop_init(&d->loop);
	gate_init(&d->gate, 2);
	d->options = distributed_options(d, v->servers);
	d->env = (struct errand_env){ .loop = &d->loop,
		.gate = &d->gate,
		.options = d->options,
		.program = BUILD "/penstock",
		.keep_fd = -1 };
	d->pen = pen_new(&d->env, &desk_ops, d);
}

__attribute__((unused)) static void
desk_end(struct desk *d)
{
	topiclog_hub_free(&d->hub, 1000);
	if (d->read != NULL)
		dict_free(&d->read);
	pen_close(&d->pen);
	(void)uv_run(&d->loop, UV_RUN_DEFAULT);
	cr_assert(uv_loop_close(&d->loop) == 0);
	options_free(&d->options);
	arena_free(&d->a);
}

static void
on_desk_tick(uv_timer_t *t)
{
	(void)t;
}

static void
on_desk_record(void *ctx, const struct topiclog_record *r)
{
	struct desk *d = ctx;

	pen_saw(d->pen, r->offset);
	(void)dict_put(d->read, r->key, r->key_len, d);
}

static void
on_desk_end(void *ctx, const struct ps_error *err)
{
	(void)ctx;
	cr_assert(err == NULL, "%s", err->text);
}

/* What is committed is read from now on. */
__attribute__((unused)) static void
desk_read(struct desk *d, struct live *v)
{
	struct topiclog_reader r = { on_desk_record, on_desk_end, d,
		TOPICLOG_FROM_START };
	struct ps_error err = { PS_OK, "" };

	d->read = dict_new();
	d->hub = topiclog_hub_new(&v->config, TOPICLOG_COMMITTED, &err);
	cr_assert(d->hub != NULL &&
		      topiclog_open(d->hub, d->topic, &r, &err) != NULL,
	    "%s", err.text);
}

/* One turn of at most 20 ms. */
__attribute__((unused)) static void
desk_turn(struct desk *d)
{
	struct ps_error err = { PS_OK, "" };
	uv_timer_t tick;

	if (d->hub != NULL)
		cr_assert(eq(int, topiclog_serve(d->hub, &err), 0), "%s",
		    err.text);
	(void)uv_timer_init(&d->loop, &tick);
	(void)uv_timer_start(&tick, on_desk_tick, 20, 0);
	(void)uv_run(&d->loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&tick, NULL);
	(void)uv_run(&d->loop, UV_RUN_NOWAIT);
}

#define DESK_UNTIL(d, condition)                                         \
	do {                                                             \
		struct clock_ms desk_began = clock_now();                \
		while (!(condition)) {                                   \
			cr_assert(clock_since(desk_began, clock_now()) < \
				      LIMIT_MS,                          \
			    "in %d ms there was not: %s", LIMIT_MS,      \
			    #condition);                                 \
			desk_turn(d);                                    \
		}                                                        \
	} while (0)

/* Becomes the candidate, if it is not yet, and says so in base64. */
__attribute__((unused)) static const char *
membership(struct member *m, struct desk *d, struct live *v)
{
	const char *text;

	if (m->g == NULL)
		join(m, v->servers, d->group, d->topic, SESSION_MS);
	UNTIL(m->is_owner, m, NULL, LIMIT_MS);
	text = group_metadata(m->g, d->a);
	cr_assert(text != NULL);
	return text;
}

/* Of nobody in particular: a group without members takes it. */
__attribute__((unused)) static const char *
anyone(struct desk *d)
{
	rd_kafka_consumer_group_metadata_t *md =
	    rd_kafka_consumer_group_metadata_new(d->group);
	const char *text;
	void *bytes;
	size_t len;

	cr_assert(
	    rd_kafka_consumer_group_metadata_write(md, &bytes, &len) == NULL);
	text = text_base64(d->a, bytes, len);
	rd_kafka_consumer_group_metadata_destroy(md);
	rd_kafka_mem_free(NULL, bytes);
	return text;
}

__attribute__((unused)) static struct answered
claim(struct desk *d, const char *group, int64_t epoch)
{
	struct claim c = { .version = WIRE_VERSION,
		.who = { "here:1", 7 },
		.url = "http://here:1",
		.epoch = epoch };
	struct answered a = { 0 };

	pen_claim(d->pen, &c, group, on_answer, &a);
	DESK_UNTIL(d, a.count == 1);
	return a;
}

__attribute__((unused)) static struct store_pair
pair_of(const char *key, const char *value)
{
	return (struct store_pair){ key, strlen(key), value,
		value == NULL ? 0 : strlen(value) };
}

__attribute__((unused)) static void
write_one(struct desk *d, const char *key, const char *value,
    struct answered *a)
{
	struct store_pair p = pair_of(key, value);

	pen_write(d->pen, &(struct store_pairs){ &p, 1 }, on_answer, a);
}

/* ---- the log ----------------------------------------------------------- */

struct lines {
	struct {
		int64_t offset;
		char key[48], value[200]; /* "-": null */
	} items[4096];
	int count, ends;
	int64_t end; /* of the log, markers and all */
};

static void
on_line(void *ctx, const struct topiclog_record *r)
{
	struct lines *l = ctx;

	cr_assert(l->count < 4096);
	l->items[l->count].offset = r->offset;
	(void)snprintf(l->items[l->count].key, 48, "%.*s", (int)r->key_len,
	    (const char *)r->key);
	(void)snprintf(l->items[l->count].value, 200, "%.*s",
	    r->value == NULL ? 1 : (int)r->value_len,
	    r->value == NULL ? "-" : (const char *)r->value);
	l->count++;
}

static void
on_lines_end(void *ctx, const struct ps_error *err)
{
	struct lines *l = ctx;

	cr_assert(err == NULL, "%s", err->text);
	l->ends++;
}

__attribute__((unused)) static void
read_lines(struct lines *out, const struct desk *d, const struct live *v,
    enum topiclog_isolation isolation)
{
	struct topiclog_reader r = { on_line, on_lines_end, out,
		TOPICLOG_FROM_START };
	struct ps_error err = { PS_OK, "" };
	struct topiclog_hub *h = topiclog_hub_new(&v->config, isolation, &err);
	struct clock_ms began = clock_now();
	struct topiclog *l;

	cr_assert(h != NULL, "%s", err.text);
	out->count = out->ends = 0;
	l = topiclog_open(h, d->topic, &r, &err);
	cr_assert(l != NULL, "%s", err.text);
	while (out->ends == 0) {
		struct pollfd fd = { topiclog_fd(h), POLLIN, 0 };

		(void)poll(&fd, 1, 1000);
		cr_assert(eq(int, topiclog_serve(h, &err), 0), "%s", err.text);
		cr_assert(clock_since(began, clock_now()) < LIMIT_MS);
	}
	out->end = topiclog_position(l, 0);
	topiclog_hub_free(&h, 1000);
}

/* The last value of a key, NULL: it is not there. */
__attribute__((unused)) static const char *
last_of(const struct lines *l, const char *key)
{
	for (int i = l->count - 1; i >= 0; i--)
		if (strcmp(l->items[i].key, key) == 0)
			return l->items[i].value;
	return NULL;
}

static void
ignore_report(void *ctx, const struct producer_report *r)
{
	(void)ctx;
	(void)r;
}

/* Another's transaction, that is aborted. */
__attribute__((unused)) static void
abort_one(const struct desk *d, const struct live *v, const char *key,
    const char *value)
{
	struct ps_setting s[] = { { "bootstrap.servers", v->servers },
		{ "transactional.id", d->topic } };
	struct ps_config c = { s, 2 };
	struct ps_error err = { PS_OK, "" };
	struct producer *p = producer_new(&c, ignore_report, NULL, &err);
	struct producer_record r = { .key = key,
		.key_len = strlen(key),
		.value = value,
		.value_len = value == NULL ? 0 : strlen(value),
		.partition = 0,
		.timestamp = PS_NO_TIMESTAMP };

	cr_assert(p != NULL, "%s", err.text);
	cr_assert(eq(int, producer_txn_init(p, LIMIT_MS, &err), 0), "%s",
	    err.text);
	cr_assert(eq(int, producer_txn_begin(p, &err), 0));
	cr_assert(eq(int,
	    producer_send(p, producer_topic(p, d->topic), &r, &err), 0));
	while (producer_in_flight(p) > 0)
		cr_assert(producer_serve(p, 1000, &err) >= 0, "%s", err.text);
	cr_assert(eq(int, producer_txn_abort(p, LIMIT_MS, &err), 0), "%s",
	    err.text);
	producer_free(&p, 1000);
}

#endif
