#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

#include <penstock/record.h>

#include "kafka/producer.h"
#include "tests/kafka/mock.h"

#define LIMIT_MS 10000

struct tally {
	size_t done, failed, calls;
	int64_t last_offset;
	enum ps_code code;
};

static void
on_report(void *ctx, const struct producer_report *r)
{
	struct tally *t = ctx;

	t->calls++;
	if (r->failed == NULL)
		t->done += r->count;
	else
		t->failed += r->count;
	if (r->failed != NULL)
		t->code = r->failed->code;
	t->last_offset = r->offset;
	if (r->opaque != NULL)
		*(size_t *)r->opaque += r->count;
}

static struct producer *
start(const struct mock *m, struct tally *t, const char *key, const char *value)
{
	struct ps_setting s[] = { { "bootstrap.servers", m->servers },
		{ key, value } };
	struct ps_config c = { s, key == NULL ? 1 : 2 };
	struct ps_error err = { PS_OK, "" };
	struct producer *p = producer_new(&c, on_report, t, &err);

	cr_assert(p != NULL, "%s", err.text);
	return p;
}

static struct producer_record
record(const char *key, const char *value, void *opaque)
{
	return (struct producer_record){ .key = key,
		.key_len = key == NULL ? 0 : strlen(key),
		.value = value,
		.value_len = value == NULL ? 0 : strlen(value),
		.partition = PS_NO_PARTITION,
		.timestamp = PS_NO_TIMESTAMP,
		.opaque = opaque };
}

static void
serve(struct producer *p)
{
	struct ps_error err = { PS_OK, "" };

	cr_assert(producer_serve(p, 1000, &err) >= 0, "%s", err.text);
}

Test(producer, every_record_gets_its_report, .timeout = 20)
{
	struct mock m;
	struct tally t = { 0 };
	struct producer *p;
	struct producer_topic *topic;
	size_t mine = 0;

	mock_start(&m);
	mock_topic(&m, "t", 3);
	p = start(&m, &t, NULL, NULL);
	topic = producer_topic(p, "t");
	cr_assert(producer_topic(p, "t") == topic);
	for (int i = 0; i < 100; i++) {
		struct producer_record r = record("k", "v", &mine);

		cr_assert(eq(int, producer_send(p, topic, &r, NULL), 0));
	}
	cr_expect(eq(sz, producer_in_flight(p), 100));
	cr_expect(eq(sz, producer_in_flight_bytes(p), 200));
	WAIT_UNTIL(t.done == 100, serve(p), LIMIT_MS);
	cr_expect(eq(sz, t.done, 100));
	cr_expect(eq(sz, mine, 100));
	cr_expect(eq(sz, producer_in_flight(p), 0));
	cr_expect(eq(sz, producer_in_flight_bytes(p), 0));
	producer_free(&p, 1000);
	mock_stop(&m);
}

Test(producer, reports_of_one_opaque_come_together, .timeout = 20)
{
	struct mock m;
	struct tally t = { 0 };
	struct producer *p;
	struct producer_record r[1000];
	struct ps_error err = { PS_OK, "" };
	size_t a = 0, b = 0;

	mock_start(&m);
	mock_topic(&m, "t", 1);
	p = start(&m, &t, NULL, NULL);
	for (size_t i = 0; i < 1000; i++)
		r[i] = record(NULL, "v", i < 500 ? &a : &b);
	cr_assert(eq(sz,
	    producer_send_batch(p, producer_topic(p, "t"), r, 1000, &err),
	    1000));
	WAIT_UNTIL(t.done == 1000, serve(p), LIMIT_MS);
	cr_expect(eq(sz, a, 500));
	cr_expect(eq(sz, b, 500));
	cr_expect(lt(sz, t.calls, 20));
	cr_expect(eq(i64, t.last_offset, 999));
	producer_free(&p, 1000);
	mock_stop(&m);
}

Test(producer, batch_takes_headers_and_times_in_their_order, .timeout = 20)
{
	struct mock m;
	struct tally t = { 0 };
	struct producer *p;
	struct producer_header h = { "name", 4, "value", 5 };
	struct producer_record r[10];
	struct ps_error err = { PS_OK, "" };

	mock_start(&m);
	mock_topic(&m, "t", 1);
	p = start(&m, &t, NULL, NULL);
	for (int i = 0; i < 10; i++) {
		r[i] = record("key", "value", NULL);
		r[i].headers = i % 3 == 0 ? &h : NULL;
		r[i].header_count = i % 3 == 0;
		r[i].timestamp = i % 4 == 0 ? 1000 + i : PS_NO_TIMESTAMP;
	}
	cr_assert(eq(sz,
	    producer_send_batch(p, producer_topic(p, "t"), r, 10, &err), 10));
	WAIT_UNTIL(t.done == 10, serve(p), LIMIT_MS);
	cr_expect(eq(sz, t.done, 10));
	producer_free(&p, 1000);
	mock_stop(&m);
}

Test(producer, ceiling_refuses_until_reports_come, .timeout = 20)
{
	struct mock m;
	struct tally t = { 0 };
	struct producer *p;
	struct producer_topic *topic;
	struct ps_error err = { PS_OK, "" };
	struct producer_record r;
	size_t sent = 0;

	mock_start(&m);
	mock_topic(&m, "t", 1);
	p = start(&m, &t, "buffer.memory", "10000");
	topic = producer_topic(p, "t");
	r = record(NULL, "0123456789", NULL);
	while (producer_send(p, topic, &r, &err) == 0)
		sent++;
	cr_expect(eq(int, err.code, PS_E_RETRY));
	cr_expect(
	    eq(str, err.text, "370 bytes are on their way, of at most 10000"));
	cr_expect(eq(sz, sent, 37));
	WAIT_UNTIL(t.done == sent, serve(p), LIMIT_MS);
	cr_expect(eq(int, producer_send(p, topic, &r, NULL), 0));
	producer_free(&p, 1000);
	mock_stop(&m);
}

Test(producer, record_above_the_limit_is_refused_by_name, .timeout = 20)
{
	struct mock m;
	struct tally t = { 0 };
	struct producer *p;
	struct ps_error err = { PS_OK, "" };
	struct producer_record r[3];
	char *big = calloc(1, 3000);

	mock_start(&m);
	mock_topic(&m, "t", 1);
	p = start(&m, &t, "max.request.size", "2000");
	r[0] = r[2] = record(NULL, "fine", NULL);
	r[1] = record(NULL, "", NULL);
	r[1].value = big;
	r[1].value_len = 3000;
	cr_expect(eq(sz,
	    producer_send_batch(p, producer_topic(p, "t"), r, 3, &err), 1));
	cr_expect(eq(int, err.code, PS_E_DATA));
	cr_expect(strstr(err.text, "topic t, record of 3000 bytes") != NULL,
	    "%s", err.text);
	WAIT_UNTIL(t.done == 1, serve(p), LIMIT_MS);
	producer_free(&p, 1000);
	free(big);
	mock_stop(&m);
}

Test(producer, single_record_larger_than_the_ceiling_is_let_in, .timeout = 20)
{
	struct mock m;
	struct tally t = { 0 };
	struct producer *p;
	struct producer_record r;
	char *big = calloc(1, 50000);

	mock_start(&m);
	mock_topic(&m, "t", 1);
	p = start(&m, &t, "buffer.memory", "1000");
	r = record(NULL, "", NULL);
	r.value = big;
	r.value_len = 50000;
	cr_assert(
	    eq(int, producer_send(p, producer_topic(p, "t"), &r, NULL), 0));
	WAIT_UNTIL(t.done == 1, serve(p), LIMIT_MS);
	cr_expect(eq(sz, t.done, 1));
	producer_free(&p, 1000);
	free(big);
	mock_stop(&m);
}

Test(producer, purge_fails_what_is_unsent, .timeout = 20)
{
	struct mock m;
	struct tally t = { 0 };
	struct producer *p;
	struct producer_record r = record("k", "v", NULL);

	mock_start(&m);
	mock_topic(&m, "t", 1);
	rd_kafka_mock_broker_set_down(m.cluster, 1);
	p = start(&m, &t, NULL, NULL);
	for (int i = 0; i < 10; i++)
		cr_assert(eq(int,
		    producer_send(p, producer_topic(p, "t"), &r, NULL), 0));
	producer_free(&p, 5000);
	cr_expect(eq(sz, t.failed, 10));
	cr_expect(eq(int, t.code, PS_E_RETRY));
	mock_stop(&m);
}

Test(producer, outage_delays_and_loses_nothing, .timeout = 30)
{
	struct mock m;
	struct tally t = { 0 };
	struct producer *p;
	struct producer_record r = record("k", "v", NULL);

	mock_start(&m);
	mock_topic(&m, "t", 1);
	p = start(&m, &t, NULL, NULL);
	for (int i = 0; i < 500; i++)
		cr_assert(eq(int,
		    producer_send(p, producer_topic(p, "t"), &r, NULL), 0));
	rd_kafka_mock_broker_set_down(m.cluster, 1);
	WAIT_UNTIL(producer_trouble(p)[0] != '\0', serve(p), LIMIT_MS);
	cr_expect(ne(str, (char *)producer_trouble(p), ""));
	rd_kafka_mock_broker_set_up(m.cluster, 1);
	WAIT_UNTIL(t.done == 500, serve(p), LIMIT_MS);
	cr_expect(eq(sz, t.done, 500));
	cr_expect(eq(sz, t.failed, 0));
	producer_free(&p, 1000);
	mock_stop(&m);
}

Test(producer, what_lacks_replicas_is_named_when_nothing_is_taken,
    .timeout = 30)
{
	struct mock m;
	struct tally t = { 0 };
	struct producer *p;
	struct producer_record r = record("k", "v", NULL);

	mock_start(&m);
	mock_topic(&m, "t", 1);
	rd_kafka_mock_partition_set_leader(m.cluster, "t", 0, -1);
	p = start(&m, &t, NULL, NULL);
	cr_assert(
	    eq(int, producer_send(p, producer_topic(p, "t"), &r, NULL), 0));
	producer_look(p);
	cr_expect(eq(str, (char *)producer_trouble(p), ""));
	WAIT_UNTIL(producer_trouble(p)[0] != '\0', (serve(p), producer_look(p)),
	    LIMIT_MS);
	cr_expect(strstr(producer_trouble(p), "topic t, partition 0 has") &&
		      strstr(producer_trouble(p), "and no leader"),
	    "%s", producer_trouble(p));
	rd_kafka_mock_partition_set_leader(m.cluster, "t", 0, 1);
	WAIT_UNTIL(t.done == 1, serve(p), LIMIT_MS);
	cr_expect(eq(str, (char *)producer_trouble(p), ""));
	producer_free(&p, 1000);
	mock_stop(&m);
}

Test(producer, transaction_commits_what_has_its_reports, .timeout = 30)
{
	struct mock m;
	struct tally t = { 0 };
	struct producer *p;
	struct producer_record r = record("k", "v", NULL);
	struct ps_error err = { PS_OK, "" };

	mock_start(&m);
	mock_topic(&m, "t", 1);
	p = start(&m, &t, "transactional.id", "me");
	cr_assert(eq(int, producer_txn_init(p, LIMIT_MS, &err), 0), "%s",
	    err.text);
	cr_assert(eq(int, producer_txn_begin(p, &err), 0), "%s", err.text);
	cr_expect(eq(int, producer_txn_state(p), PRODUCER_TXN_OPEN));
	cr_assert(
	    eq(int, producer_send(p, producer_topic(p, "t"), &r, &err), 0));
	cr_assert(eq(int, producer_txn_commit(p, LIMIT_MS, &err), 0), "%s",
	    err.text);
	cr_expect(eq(sz, t.done, 1));
	cr_assert(eq(int, producer_txn_begin(p, &err), 0));
	cr_assert(
	    eq(int, producer_send(p, producer_topic(p, "t"), &r, &err), 0));
	cr_assert(eq(int, producer_txn_abort(p, LIMIT_MS, &err), 0), "%s",
	    err.text);
	cr_expect(eq(int, producer_txn_state(p), PRODUCER_TXN_READY));
	cr_expect(eq(sz, producer_in_flight(p), 0));
	producer_free(&p, 1000);
	mock_stop(&m);
}

Test(producer, begin_without_init_is_refused, .timeout = 20)
{
	struct mock m;
	struct tally t = { 0 };
	struct producer *p;
	struct ps_error err = { PS_OK, "" };

	mock_start(&m);
	p = start(&m, &t, "transactional.id", "me");
	cr_expect(eq(int, producer_txn_begin(p, &err), -1));
	cr_expect(eq(int, err.code, PS_E_FATAL));
	producer_free(&p, 1000);
	mock_stop(&m);
}

Test(producer, what_came_before_it_was_watched_is_looked_at, .timeout = 20)
{
	struct mock m = { .servers = "127.0.0.1:1" };
	struct tally t = { 0 };
	struct producer *p = start(&m, &t, NULL, NULL);
	struct pollfd fd = { .fd = producer_fd(p), .events = POLLIN };

	cr_expect(eq(int, poll(&fd, 1, 0), 1));
	producer_free(&p, 0);
}
