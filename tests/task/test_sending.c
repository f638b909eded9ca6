#include "task/sending.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "tests/kafka/mock.h"
#include "tests/task/played.h"

enum { RECORDS = 50, VALUE = 4000, NOT_THERE = 7, LIMIT_MS = 60000 };

static struct played w;
static struct mock m;
static struct producer *producer;
static struct sending s;
static struct ps_error err;
static size_t others;

static void
on_report(void *ctx, const struct producer_report *r)
{
	(void)ctx;
	if (!sending_report(&s, r))
		others += r->count;
}

/* The producer holds a few of the records, not all. */
static void
setup(void)
{
	static const struct ps_setting worker[] = {
		{ "bootstrap.servers", "localhost:1" }, { NULL, NULL }
	};
	static const struct ps_setting connector[] = { { "connector.class",
							   "NumbersSource" },
		{ "topic", "t" }, { NULL, NULL } };

	mock_start(&m);
	mock_topic(&m, "t", 1);
	played_begin(&w);
	cr_assert(eq(int, played_configure(&w, worker, connector, &err), 0),
	    "%s", err.text);
	producer = played_producer(&m, on_report, NULL);
	others = 0;
	sending_begin(&s, &w.task, producer, "t", LIMIT_MS);
}

static void
teardown(void)
{
	producer_free(&producer, 1000);
	played_end(&w);
	mock_stop(&m);
}

TestSuite(sending, .init = setup, .fini = teardown, .timeout = 60);

static int
put(int32_t partition)
{
	static const char value[VALUE];
	const struct producer_record r = { .key = "k",
		.key_len = 1,
		.value = value,
		.value_len = sizeof value,
		.partition = partition,
		.timestamp = INT64_MIN };

	return sending_put(&s, &r, &err);
}

static int
put_all(void)
{
	for (int i = 0; i < RECORDS; i++)
		if (put(0) != 0)
			return -1;
	return 0;
}

static void
stop(void)
{
	atomic_store(&w.gauges.stop, true);
}

static void
suspend(void)
{
	atomic_store(&w.gauges.suspend, true);
}

Test(sending, ends_when_all_are_durable_however_many)
{
	cr_assert(eq(int, put_all(), 0), "%s", err.text);
	cr_assert(eq(int, sending_end(&s, &err), 0), "%s", err.text);
	cr_expect(eq(sz, producer_in_flight(producer), 0));
	/* And once more with the same producer. */
	sending_begin(&s, &w.task, producer, "t", LIMIT_MS);
	cr_assert(eq(int, put_all(), 0), "%s", err.text);
	cr_assert(eq(int, sending_end(&s, &err), 0), "%s", err.text);
	cr_expect(eq(sz, others, 0));
}

Test(sending, leaves_the_reports_of_others_to_them)
{
	const struct producer_record theirs = { .value = "v",
		.value_len = 1,
		.timestamp = INT64_MIN,
		.opaque = &w };

	cr_assert(eq(int, producer_send(producer, s.topic, &theirs, &err), 0));
	cr_assert(eq(int, put(0), 0), "%s", err.text);
	cr_assert(eq(int, sending_end(&s, &err), 0), "%s", err.text);
	cr_expect(eq(sz, others, 1));
}

Test(sending, tells_what_a_record_came_to)
{
	rd_kafka_mock_push_request_errors(m.cluster, 0 /* Produce */, 1,
	    RD_KAFKA_RESP_ERR_INVALID_RECORD);
	cr_assert(eq(int, put(0), 0), "%s", err.text);
	cr_expect(eq(int, sending_end(&s, &err), -1));
	cr_expect(eq(int, (int)err.code, PS_E_DATA), "%s", err.text);
}

Test(sending, tells_at_once_what_cannot_be_sent)
{
	cr_assert(eq(int, put(0), 0), "%s", err.text);
	cr_assert(eq(int, sending_end(&s, &err), 0), "%s", err.text);
	cr_expect(eq(int, put(NOT_THERE), -1));
	cr_expect(eq(int, (int)err.code, PS_E_DATA), "%s", err.text);
}

static void
breaks_off(void (*act)(void), const char *text)
{
	rd_kafka_mock_broker_set_down(m.cluster, 1);
	act();
	cr_expect(eq(int, put_all(), -1), "the producer is full");
	cr_expect(eq(int, (int)err.code, PS_E_RETRY));
	cr_expect(eq(str, err.text, (char *)text));
	cr_expect(gt(sz, producer_in_flight(producer), 0));
}

Test(sending, ends_with_a_stop)
{
	breaks_off(stop, "stopped");
}

Test(sending, ends_with_the_lease)
{
	breaks_off(suspend, "the lease ended");
}

Test(sending, ends_with_a_stop_while_the_last_is_waited_for)
{
	rd_kafka_mock_broker_set_down(m.cluster, 1);
	cr_assert(eq(int, put(0), 0), "%s", err.text);
	stop();
	cr_expect(eq(int, sending_end(&s, &err), -1));
	cr_expect(eq(str, err.text, "stopped"));
}

Test(sending, has_a_limit)
{
	rd_kafka_mock_broker_set_down(m.cluster, 1);
	sending_begin(&s, &w.task, producer, "t", 1);
	cr_assert(eq(int, put(0), 0), "%s", err.text);
	cr_expect(eq(int, sending_end(&s, &err), -1));
	cr_expect(eq(int, (int)err.code, PS_E_RETRY));
	cr_expect(strstr(err.text, "no report within 1 ms") != NULL, "%s",
	    err.text);
}
