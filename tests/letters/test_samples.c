#include "letters/samples.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "base/js.h"
#include "record/batch.h"
#include "tests/kafka/mock.h"

static struct ps_batch *b;
static struct ps_error err;

static void
setup(void)
{
	b = batch_new(4096);
	ps_error_clear(&err);
}

static void
teardown(void)
{
	batch_free(&b);
}

TestSuite(samples, .init = setup, .fini = teardown, .timeout = 60);

static int
give(const char *text)
{
	json_t *j = json_loads(text, JSON_DECODE_ANY, NULL);
	int result;

	cr_assert(j != NULL, "%s", text);
	ps_error_clear(&err);
	batch_reset(b, 4096);
	result = samples_given(b, j, &err);
	json_decref(j);
	return result;
}

static void
expect_bytes(const struct ps_slice *s, const char *want)
{
	cr_assert(s->data != NULL);
	cr_assert(eq(sz, s->len, strlen(want)));
	cr_expect(memcmp(s->data, want, s->len) == 0);
}

Test(samples, texts_are_bytes_and_json_is_written_as_text)
{
	cr_assert(eq(int,
		      give("[{\"key\":\"k\",\"value\":{\"b\":1,\"a\":[2]},"
			   "\"topic\":\"t\",\"partition\":2,\"offset\":7,"
			   "\"timestamp\":9}]"),
		      0),
	    "%s", err.text);
	cr_assert(eq(sz, b->count, 1));
	expect_bytes(&b->records[0].raw_key, "k");
	expect_bytes(&b->records[0].raw_value, "{\"b\":1,\"a\":[2]}");
	cr_expect(eq(str, (char *)b->records[0].topic, "t"));
	cr_expect(eq(i32, b->records[0].origin_partition, 2));
	cr_expect(eq(i64, b->records[0].origin_offset, 7));
	cr_expect(eq(i64, b->records[0].timestamp, 9));
}

Test(samples, null_and_absent_are_no_bytes)
{
	cr_assert(eq(int, give("[{\"value\":null},{\"value\":\"\"}]"), 0));
	cr_expect(b->records[0].raw_value.data == NULL);
	cr_expect(b->records[0].raw_key.data == NULL);
	cr_expect(b->records[1].raw_value.data != NULL);
	cr_expect(eq(sz, b->records[1].raw_value.len, 0));
}

Test(samples, bytes_come_as_base64)
{
	cr_assert(eq(int,
	    give("[{\"value_base64\":\"AAE=\",\"headers\":"
		 "[{\"name\":\"h\",\"value_base64\":\"eA==\"},"
		 "{\"name\":\"n\"}]}]"),
	    0));
	cr_expect(eq(sz, b->records[0].raw_value.len, 2));
	cr_expect(memcmp(b->records[0].raw_value.data, "\0\1", 2) == 0);
	cr_assert(eq(sz, b->records[0].header_count, 2));
	expect_bytes(&b->records[0].headers[0].raw, "x");
	cr_expect(b->records[0].headers[1].raw.data == NULL);
}

Test(samples, what_is_wrong_is_named_by_its_place)
{
	static const char *const cases[][2] = {
		{ "{}", "records: expected an array" },
		{ "[]", "1 to 1000" },
		{ "[1]", "records[0]: expected a JSON object" },
		{ "[{},{\"vlaue\":1}]", "records[1]: vlaue" },
		{ "[{\"value\":1,\"value_base64\":\"\"}]", "exclude" },
		{ "[{\"key_base64\":\"?\"}]", "records[0]: key_base64" },
		{ "[{\"key_base64\":1}]", "records[0]: key_base64" },
		{ "[{\"partition\":-1}]", "partition: expected" },
		{ "[{\"offset\":1.5}]", "offset: expected" },
		{ "[{\"timestamp\":\"now\"}]", "timestamp: expected" },
		{ "[{\"topic\":1}]", "topic: expected" },
		{ "[{\"headers\":{}}]", "headers: expected an array" },
		{ "[{\"headers\":[{\"value\":1}]}]", "headers[0]: name" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cr_expect(eq(int, give(cases[i][0]), -1), "%s", cases[i][0]);
		cr_expect(err.code == PS_E_DATA);
		cr_expect(strstr(err.text, cases[i][1]) != NULL, "%s: %s",
		    cases[i][0], err.text);
	}
}

/* ---- of a topic ---- */

static void
fill(struct mock *k, const char *topic, int count)
{
	rd_kafka_conf_t *c = rd_kafka_conf_new();
	char text[256];
	rd_kafka_t *rk;

	(void)rd_kafka_conf_set(c, "bootstrap.servers", k->servers, NULL, 0);
	rk = rd_kafka_new(RD_KAFKA_PRODUCER, c, text, sizeof text);
	cr_assert(rk != NULL);
	for (int i = 0; i < count; i++) {
		char value[16];

		(void)snprintf(value, sizeof value, "%d", i);
		cr_assert(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic),
			      RD_KAFKA_V_PARTITION(1),
			      RD_KAFKA_V_VALUE(value, strlen(value)),
			      RD_KAFKA_V_HEADER("h", "v", 1),
			      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
			      RD_KAFKA_V_END) == 0);
	}
	cr_assert(rd_kafka_flush(rk, 10000) == 0);
	rd_kafka_destroy(rk);
}

static int
read_some(struct reader *r, const char *what)
{
	json_t *j = json_loads(what, 0, NULL);
	int result;

	ps_error_clear(&err);
	batch_reset(b, 4096);
	result = samples_read(b, r, j, &err);
	json_decref(j);
	return result;
}

Test(samples, a_stretch_of_a_topic_is_read)
{
	struct ps_setting rows[] = { { "bootstrap.servers", NULL } };
	struct ps_config c = { rows, 1 };
	struct mock k;
	struct reader *r;

	mock_start(&k);
	mock_topic(&k, "t", 2);
	fill(&k, "t", 20);
	rows[0].value = k.servers;
	r = reader_new(&c, &err);
	cr_assert(r != NULL, "%s", err.text);
	cr_assert(eq(int,
		      read_some(r, "{\"topic\":\"t\",\"partition\":1,"
				   "\"offset\":15,\"count\":3}"),
		      0),
	    "%s", err.text);
	cr_assert(eq(sz, b->count, 3));
	expect_bytes(&b->records[0].raw_value, "15");
	expect_bytes(&b->records[2].raw_value, "17");
	cr_expect(eq(i64, b->records[2].origin_offset, 17));
	cr_assert(eq(sz, b->records[2].header_count, 1));
	cr_expect(eq(str, (char *)b->records[2].headers[0].name, "h"));
	/* Up to the end, again, and beyond it. */
	cr_assert(eq(int,
	    read_some(r, "{\"topic\":\"t\",\"partition\":1,"
			 "\"offset\":18,\"count\":30}"),
	    0));
	cr_expect(eq(sz, b->count, 2));
	cr_assert(eq(int, read_some(r, "{\"topic\":\"t\",\"offset\":5}"), 0));
	cr_expect(eq(sz, b->count, 0));
	cr_expect(
	    eq(int, read_some(r, "{\"topic\":\"t\",\"partition\":2}"), -1));
	cr_expect(strstr(err.text, "topic t has 2") != NULL, "%s", err.text);
	cr_expect(eq(int, read_some(r, "{}"), -1));
	cr_expect(strstr(err.text, "read: topic") != NULL, "%s", err.text);
	reader_free(&r);
	mock_stop(&k);
}
