#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <penstock/record.h>

#include "kafka/producer.h"
#include "kafka/topiclog.h"
#include "tests/kafka/live.h"
#include "tests/kafka/mock.h"

#define LIMIT_MS 10000
#define DEAD     "127.0.0.1:1" /* nobody listens */

struct seen {
	int records, tombstones, ends, writes, failed, barriers;
	int64_t last_offset, written_at;
	char last[64];
};

static void
on_record(void *ctx, const struct topiclog_record *r)
{
	struct seen *s = ctx;

	s->records++;
	s->tombstones += r->value == NULL;
	s->last_offset = r->offset;
	(void)snprintf(s->last, sizeof s->last, "%.*s=%.*s", (int)r->key_len,
	    (const char *)r->key, (int)r->value_len,
	    r->value == NULL ? "" : (const char *)r->value);
}

static void
on_end(void *ctx, const struct ps_error *err)
{
	struct seen *s = ctx;

	s->ends += err == NULL;
	s->failed += err != NULL;
}

static void
on_barrier(void *ctx, const struct ps_error *err)
{
	struct seen *s = ctx;

	s->barriers += err == NULL;
	s->failed += err != NULL;
}

static void
on_write(void *ctx, int32_t partition, int64_t offset,
    const struct ps_error *err)
{
	struct seen *s = ctx;

	(void)partition;
	s->written_at = offset;
	s->writes += err == NULL;
	s->failed += err != NULL;
}

/* One turn of a loop that is driven by the descriptor alone. */
static void
turn(struct topiclog_hub *h)
{
	struct pollfd fd = { .fd = topiclog_fd(h), .events = POLLIN };
	struct ps_error err = { PS_OK, "" };

	if (poll(&fd, 1, 1000) > 0)
		cr_assert(eq(int, topiclog_serve(h, &err), 0), "%s", err.text);
}

static struct topiclog_hub *
hub(const char *servers)
{
	struct ps_setting s[] = { { "bootstrap.servers", servers } };
	struct ps_config c = { s, 1 };
	struct ps_error err = { PS_OK, "" };
	struct topiclog_hub *h = topiclog_hub_new(&c, TOPICLOG_COMMITTED, &err);

	cr_assert(h != NULL, "%s", err.text);
	return h;
}

static struct topiclog *
open_log(struct topiclog_hub *h, const char *topic, struct seen *s,
    enum topiclog_start start)
{
	struct topiclog_reader r = { on_record, on_end, s, start };
	struct ps_error err = { PS_OK, "" };
	struct topiclog *l = topiclog_open(h, topic, &r, &err);

	cr_assert(l != NULL, "%s", err.text);
	return l;
}

static void
put(struct topiclog *l, struct seen *s, const char *key, const char *value)
{
	struct topiclog_write w = { key, strlen(key), value,
		value == NULL ? 0 : strlen(value) };
	struct ps_error err = { PS_OK, "" };

	cr_assert(eq(int, topiclog_write(l, &w, on_write, s, &err), 0), "%s",
	    err.text);
}

Test(topiclog, end_of_an_empty_topic_is_reached_at_once, .timeout = 20)
{
	struct live m;
	char name[32], many[32];
	struct seen s = { 0 };
	struct topiclog_hub *h;
	struct topiclog *l;

	if (!live_start(&m))
		return;
	live_topic(&m, name, sizeof name, 1);
	live_topic(&m, many, sizeof many, 25);
	h = hub(m.servers);
	l = open_log(h, many, &s, TOPICLOG_FROM_START);
	(void)open_log(h, name, &s, TOPICLOG_FROM_START);
	WAIT_UNTIL(s.ends == 2, turn(h), LIMIT_MS);
	cr_expect(eq(int, s.ends, 2), "%s", topiclog_trouble(h));
	cr_expect(eq(int, topiclog_partitions(l), 25));
	cr_expect(eq(i64, topiclog_position(l, 24), 0));
	cr_expect(eq(i64, topiclog_position(l, 25), -1));
	topiclog_hub_free(&h, 1000);
	cr_expect(eq(int, s.failed, 0));
	live_stop(&m);
}

Test(topiclog, what_is_written_is_read_back_and_passed, .timeout = 20)
{
	struct live m;
	char name[32];
	struct seen s = { 0 };
	struct topiclog_hub *h;
	struct topiclog *l;

	if (!live_start(&m))
		return;
	live_topic(&m, name, sizeof name, 1);
	h = hub(m.servers);
	l = open_log(h, name, &s, TOPICLOG_FROM_START);
	put(l, &s, "connector-a", "{}");
	put(l, &s, "connector-a", NULL);
	WAIT_UNTIL(s.records == 2 && s.writes == 2, turn(h), LIMIT_MS);
	cr_expect(eq(int, s.writes, 2));
	cr_expect(eq(i64, s.written_at, 1));
	cr_expect(eq(int, s.tombstones, 1));
	cr_expect(eq(str, s.last, "connector-a="));
	cr_expect(topiclog_has_passed(l, 0, 1));
	cr_expect(not(topiclog_has_passed(l, 0, 2)));
	topiclog_hub_free(&h, 1000);
	live_stop(&m);
}

Test(topiclog, barrier_waits_for_what_was_there_when_it_was_set, .timeout = 20)
{
	struct live m;
	char name[32];
	struct seen s = { 0 }, other = { 0 };
	struct topiclog_hub *h, *w;
	struct topiclog *l, *lw;

	if (!live_start(&m))
		return;
	live_topic(&m, name, sizeof name, 3);
	h = hub(m.servers);
	w = hub(m.servers);
	l = open_log(h, name, &s, TOPICLOG_FROM_START);
	lw = open_log(w, name, &other, TOPICLOG_FROM_END);
	WAIT_UNTIL(s.ends == 1, turn(h), LIMIT_MS);
	for (int i = 0; i < 100; i++) {
		char key[16];

		(void)snprintf(key, sizeof key, "k%d", i);
		put(lw, &other, key, "v");
	}
	WAIT_UNTIL(other.writes == 100, turn(w), LIMIT_MS);
	cr_assert(eq(int, other.writes, 100));
	topiclog_read_to_end(l, LIMIT_MS, on_barrier, &s);
	WAIT_UNTIL(s.barriers == 1, turn(h), LIMIT_MS);
	cr_expect(eq(int, s.barriers, 1));
	cr_expect(eq(int, s.records, 100));
	topiclog_hub_free(&h, 1000);
	topiclog_hub_free(&w, 1000);
	live_stop(&m);
}

Test(topiclog, a_long_log_is_read_from_its_first_record, .timeout = 30)
{
	struct live m;
	char name[32];
	struct seen s = { 0 }, other = { 0 };
	struct topiclog_hub *h, *w;
	struct topiclog *l;

	if (!live_start(&m))
		return;
	live_topic(&m, name, sizeof name, 1);
	w = hub(m.servers);
	l = open_log(w, name, &other, TOPICLOG_FROM_END);
	for (int i = 0; i < 5000; i++)
		put(l, &other, "key", "value");
	WAIT_UNTIL(other.writes == 5000, turn(w), LIMIT_MS);
	topiclog_hub_free(&w, 1000);
	h = hub(m.servers);
	(void)open_log(h, name, &s, TOPICLOG_FROM_START);
	WAIT_UNTIL(s.ends == 1, turn(h), LIMIT_MS);
	cr_expect(eq(int, s.ends, 1));
	cr_expect(eq(int, s.records, 5000));
	cr_expect(eq(i64, s.last_offset, 4999));
	topiclog_hub_free(&h, 1000);
	live_stop(&m);
}

static void
ignore(void *ctx, const struct producer_report *r)
{
	(void)ctx;
	(void)r;
}

enum outcome { COMMIT, ABORT };

/* One record in a transaction of its own. */
static void
write_transaction(const char *servers, const char *topic, enum outcome outcome)
{
	struct ps_setting s[] = { { "bootstrap.servers", servers },
		{ "transactional.id", topic } };
	struct ps_config c = { s, 2 };
	struct ps_error err = { PS_OK, "" };
	struct producer *p = producer_new(&c, ignore, NULL, &err);
	struct producer_record r = { .key = "k",
		.key_len = 1,
		.value = outcome == COMMIT ? "yes" : "no",
		.value_len = outcome == COMMIT ? 3 : 2,
		.partition = PS_NO_PARTITION,
		.timestamp = PS_NO_TIMESTAMP };
	int result;

	cr_assert(p != NULL, "%s", err.text);
	cr_assert(eq(int, producer_txn_init(p, LIMIT_MS, &err), 0), "%s",
	    err.text);
	cr_assert(eq(int, producer_txn_begin(p, &err), 0));
	cr_assert(
	    eq(int, producer_send(p, producer_topic(p, topic), &r, &err), 0));
	WAIT_UNTIL(producer_in_flight(p) == 0, producer_serve(p, 100, &err),
	    LIMIT_MS);
	result = outcome == COMMIT ? producer_txn_commit(p, LIMIT_MS, &err)
				   : producer_txn_abort(p, LIMIT_MS, &err);
	cr_assert(eq(int, result, 0), "%s", err.text);
	producer_free(&p, 1000);
}

Test(topiclog, end_behind_a_marker_is_reached_by_position, .timeout = 60)
{
	static const struct {
		enum outcome outcomes[2];
		int records;
		const char *last;
	} rows[] = {
		{ { COMMIT, COMMIT }, 2, "k=yes" },
		{ { COMMIT, ABORT }, 1, "k=yes" },
		{ { ABORT, ABORT }, 0, "" },
	};
	struct live m;
	char name[32];

	if (!live_start(&m))
		return;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct seen s = { 0 };
		struct topiclog_hub *h;
		struct topiclog *l;

		live_topic(&m, name, sizeof name, 1);
		write_transaction(m.servers, name, rows[i].outcomes[0]);
		write_transaction(m.servers, name, rows[i].outcomes[1]);
		h = hub(m.servers);
		l = open_log(h, name, &s, TOPICLOG_FROM_START);
		WAIT_UNTIL(s.ends == 1, turn(h), LIMIT_MS);
		cr_expect(eq(int, s.ends, 1));
		cr_expect(eq(int, s.records, rows[i].records));
		cr_expect(eq(str, s.last, (char *)rows[i].last));
		cr_expect(eq(i64, topiclog_position(l, 0), 4));
		topiclog_hub_free(&h, 1000);
	}
	live_stop(&m);
}

Test(topiclog, barrier_that_cannot_be_reached_ends_in_time, .timeout = 20)
{
	struct seen s = { 0 };
	struct topiclog_hub *h;
	struct topiclog *l;

	h = hub(DEAD);
	l = open_log(h, "configs", &s, TOPICLOG_FROM_START);
	topiclog_read_to_end(l, 300, on_barrier, &s);
	WAIT_UNTIL(s.failed == 1, turn(h), LIMIT_MS);
	cr_expect(eq(int, s.failed, 1));
	cr_expect(eq(int, s.barriers, 0));
	topiclog_hub_free(&h, 200);
}

Test(topiclog, trouble_is_named_while_it_lasts, .timeout = 20)
{
	struct topiclog_hub *h = hub(DEAD);
	struct seen s = { 0 };

	(void)open_log(h, "configs", &s, TOPICLOG_FROM_START);
	WAIT_UNTIL(topiclog_trouble(h)[0] != '\0', turn(h), LIMIT_MS);
	cr_expect(strstr(topiclog_trouble(h), "refused") != NULL ||
		      strstr(topiclog_trouble(h), "brokers are down") != NULL,
	    "%s", topiclog_trouble(h));
	topiclog_hub_free(&h, 200);
}

Test(topiclog, what_waits_is_answered_when_the_hub_ends, .timeout = 20)
{
	struct seen s = { 0 };
	struct topiclog_hub *h;
	struct topiclog *l;

	h = hub(DEAD);
	l = open_log(h, "configs", &s, TOPICLOG_FROM_START);
	put(l, &s, "k", "v");
	topiclog_read_to_end(l, LIMIT_MS, on_barrier, &s);
	topiclog_hub_free(&h, 500);
	/* the end, the barrier, the write */
	cr_expect(eq(int, s.failed, 3));
	cr_expect(eq(int, s.ends + s.barriers + s.writes, 0));
}
