#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <penstock/record.h>

#include "kafka/producer.h"
#include "tests/kafka/logs.h"
#include "tests/kafka/mock.h"
#include "tests/live/live.h"

#define LIMIT_MS 10000

Test(topiclog, end_of_an_empty_topic_is_reached_at_once, .timeout = 20)
{
	struct live m;
	char name[32], many[32];
	struct seen s = { 0 };
	struct topiclog_hub *h;
	struct topiclog *l;

	live_start(&m);
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

	live_start(&m);
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

	live_start(&m);
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

	live_start(&m);
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

	live_start(&m);
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

/* What was committed behind the begin of a transaction that is still open. */
Test(topiclog, settled_end_is_behind_open_transactions, .timeout = 60)
{
	struct live m;
	char name[32];
	struct seen s = { 0 };
	struct ps_error err = { PS_OK, "" };
	struct producer_record r = { .key = "open",
		.key_len = 4,
		.partition = PS_NO_PARTITION,
		.timestamp = PS_NO_TIMESTAMP };
	struct topiclog_hub *h;
	struct producer *p;

	live_start(&m);
	live_topic(&m, name, sizeof name, 1);
	struct ps_setting settings[] = { { "bootstrap.servers", m.servers },
		{ "transactional.id", "another" } };
	struct ps_config c = { settings, 2 };

	p = producer_new(&c, ignore, NULL, &err);
	cr_assert(p != NULL, "%s", err.text);
	cr_assert(eq(int, producer_txn_init(p, LIMIT_MS, &err), 0), "%s",
	    err.text);
	cr_assert(eq(int, producer_txn_begin(p, &err), 0));
	cr_assert(
	    eq(int, producer_send(p, producer_topic(p, name), &r, &err), 0));
	WAIT_UNTIL(producer_in_flight(p) == 0, producer_serve(p, 100, &err),
	    LIMIT_MS);
	write_transaction(m.servers, name, COMMIT);
	h = topiclog_hub_new(&m.config, TOPICLOG_SETTLED, &err);
	cr_assert(h != NULL, "%s", err.text);
	(void)open_log(h, name, &s, TOPICLOG_FROM_START);
	for (int i = 0; i < 10; i++)
		turn(h);
	cr_expect(eq(int, s.ends, 0));
	cr_expect(eq(int, s.records, 0));
	cr_assert(eq(int, producer_txn_abort(p, LIMIT_MS, &err), 0), "%s",
	    err.text);
	WAIT_UNTIL(s.ends == 1, turn(h), LIMIT_MS);
	cr_expect(eq(int, s.ends, 1));
	cr_expect(eq(int, s.records, 1));
	cr_expect(eq(str, s.last, "k=yes"));
	topiclog_hub_free(&h, 1000);
	producer_free(&p, 1000);
	live_stop(&m);
}
