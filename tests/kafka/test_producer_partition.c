/*
 * Which partition records go to that do not say it.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

#include <penstock/record.h>

#include "base/text.h"
#include "kafka/producer.h"
#include "tests/kafka/mock.h"

enum { PARTITIONS = 7, COUNT = 2000, LIMIT_MS = 10000 };

struct seen {
	size_t done, of[PARTITIONS];
	int32_t last; /* partition of the last report */
};

static struct mock m;
static struct seen seen;

static void
setup(void)
{
	mock_start(&m);
	mock_topic(&m, "t", PARTITIONS);
}

static void
teardown(void)
{
	mock_stop(&m);
}

TestSuite(producer_partition, .init = setup, .fini = teardown, .timeout = 30);

static void
on_report(void *ctx, const struct producer_report *r)
{
	struct seen *s = ctx;

	cr_assert_null(r->failed);
	s->done += r->count;
	s->of[r->partition] += r->count;
	s->last = r->partition;
}

static struct producer *
start(const char *key, const char *value)
{
	struct ps_setting s[] = { { "bootstrap.servers", m.servers },
		{ key, value } };
	struct ps_config c = { s, key == NULL ? 1 : 2 };
	struct ps_error err = { PS_OK, "" };
	struct producer *p = producer_new(&c, on_report, &seen, &err);

	cr_assert(p != NULL, "%s", err.text);
	return p;
}

static void
send_all(struct producer *p, const char *key, size_t count, int32_t partition)
{
	struct producer_record r[COUNT];
	struct ps_error err = { PS_OK, "" };

	for (size_t i = 0; i < count; i++)
		r[i] = (struct producer_record){ .key = key,
			.key_len = key == NULL ? 0 : strlen(key),
			.value = "v",
			.value_len = 1,
			.partition = partition,
			.timestamp = PS_NO_TIMESTAMP };
	cr_assert(
	    eq(sz,
		producer_send_batch(p, producer_topic(p, "t"), r, count, &err),
		count),
	    "%s", err.text);
}

static void
wait_for(struct producer *p, size_t count)
{
	WAIT_UNTIL(seen.done == count, (void)producer_serve(p, 100, NULL),
	    LIMIT_MS);
	cr_assert(eq(sz, seen.done, count));
}

static void
know_topic(struct producer *p)
{
	int partitions;

	cr_assert(zero(int, producer_topic_ready(p, producer_topic(p, "t"),
				LIMIT_MS, &partitions, NULL)));
	cr_assert(eq(int, partitions, PARTITIONS));
}

static size_t
used(void)
{
	size_t n = 0;

	for (size_t i = 0; i < PARTITIONS; i++)
		n += seen.of[i] > 0;
	return n;
}

Test(producer_partition, without_a_key_is_one_for_a_while)
{
	struct producer *p = start("sticky.partitioning.linger.ms", "60000");

	know_topic(p);
	for (int i = 0; i < 5; i++)
		send_all(p, NULL, COUNT, PS_NO_PARTITION);
	wait_for(p, (size_t)5 * COUNT);
	cr_assert(eq(sz, used(), 1));
	producer_free(&p, 1000);
}

Test(producer_partition, without_a_key_is_another_after_a_while)
{
	struct producer *p = start("sticky.partitioning.linger.ms", "1");
	size_t sent = 0;

	know_topic(p);
	WAIT_UNTIL(used() > 1,
	    (send_all(p, NULL, 10, PS_NO_PARTITION), sent += 10,
		(void)producer_serve(p, 5, NULL)),
	    LIMIT_MS);
	cr_assert(gt(sz, used(), 1));
	wait_for(p, sent);
	producer_free(&p, 1000);
}

Test(producer_partition, is_chosen_later_when_the_topic_is_not_known_yet)
{
	struct producer *p = start(NULL, NULL);

	send_all(p, NULL, COUNT, PS_NO_PARTITION);
	send_all(p, "k", COUNT, PS_NO_PARTITION);
	send_all(p, NULL, COUNT, PS_NO_PARTITION);
	wait_for(p, (size_t)3 * COUNT);
	producer_free(&p, 1000);
}

Test(producer_partition, of_a_key_is_that_of_java)
{
	static const char *const keys[] = { "a", "order-17", "Köln", "" };
	struct producer *p = start(NULL, NULL);
	size_t sent = 0;

	know_topic(p);
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		uint32_t hash = text_murmur2(keys[i], strlen(keys[i]));

		send_all(p, NULL, 3, PS_NO_PARTITION);
		wait_for(p, sent += 3);
		send_all(p, keys[i], 3, PS_NO_PARTITION);
		wait_for(p, sent += 3);
		cr_assert(eq(i32, seen.last,
		    (int32_t)((hash & 0x7fffffff) % PARTITIONS)));
	}
	producer_free(&p, 1000);
}

Test(producer_partition, keys_may_be_ignored)
{
	struct producer *p = start("partitioner.ignore.keys", "true");
	size_t sent = 0;

	know_topic(p);
	WAIT_UNTIL(used() > 1,
	    (send_all(p, "k", 10, PS_NO_PARTITION), sent += 10,
		(void)producer_serve(p, 5, NULL)),
	    LIMIT_MS);
	cr_assert(gt(sz, used(), 1));
	wait_for(p, sent);
	producer_free(&p, 1000);
}

Test(producer_partition, that_a_record_names_is_kept)
{
	struct producer *p = start(NULL, NULL);

	know_topic(p);
	send_all(p, NULL, COUNT, 3);
	send_all(p, "k", COUNT, 5);
	wait_for(p, (size_t)2 * COUNT);
	cr_assert(eq(sz, seen.of[3], COUNT));
	cr_assert(eq(sz, seen.of[5], COUNT));
	producer_free(&p, 1000);
}

Test(producer_partition, may_be_left_to_librdkafka)
{
	struct producer *p = start("partitioner", "consistent");

	know_topic(p);
	send_all(p, "k", COUNT, PS_NO_PARTITION);
	wait_for(p, COUNT);
	cr_assert(eq(sz, used(), 1));
	producer_free(&p, 1000);
}
