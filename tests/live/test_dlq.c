#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <librdkafka/rdkafka.h>
#include <string.h>

#include "record/batch.h"
#include "task/dlq.h"
#include "tests/live/live.h"
#include "tests/task/played.h"

enum { LIMIT_MS = 20000 };

static struct played w;
static struct dlq *d;
static struct ps_batch *b;
static struct ps_error err;
static char dead[32];

static void
setup(void)
{
	played_begin(&w);
	b = batch_new(4096);
	ps_error_clear(&err);
	(void)snprintf(dead, sizeof dead, "dead-%d", getpid());
}

static void
teardown(void)
{
	dlq_free(&d);
	batch_free(&b);
	played_end(&w);
}

TestSuite(dlq, .init = setup, .fini = teardown, .timeout = 90);

static void
begin_with(const char *with_context, const char *linger_ms)
{
	const char *servers = getenv("PENSTOCK_KAFKA");
	const struct ps_setting worker[] = { { "bootstrap.servers", servers },
		{ 0 } };
	const struct ps_setting rows[] = {
		{ "connector.class", "KeeperSink" },
		{ "errors.deadletterqueue.context.headers.enable",
		    with_context },
		{ "errors.deadletterqueue.topic.name", dead },
		{ "errors.deadletterqueue.topic.replication.factor", "1" },
		{ "file", "/x" },
		{ "producer.override.linger.ms", linger_ms },
		{ "topics", "t" },
		{ 0 },
	};

	cr_assert(servers != NULL, "PENSTOCK_KAFKA names no broker");
	cr_assert(eq(int, played_configure(&w, worker, rows, &err), 0), "%s",
	    err.text);
	cr_assert(eq(int, dlq_new(&w.task, &d, &err), 0));
}

static void
begin(const char *with_context)
{
	begin_with(with_context, "0");
}

static struct ps_slice
slice(const char *text)
{
	return (struct ps_slice){ (const uint8_t *)text,
		text == NULL ? 0 : strlen(text) };
}

static struct ps_record *
record(int64_t offset, const char *key, const char *value)
{
	struct ps_record *r = ps_batch_add(b);

	r->topic = "renamed";
	r->origin_topic = "orders";
	r->origin_partition = 3;
	r->origin_offset = offset;
	r->timestamp = 1700000000000;
	r->raw_key = slice(key);
	r->raw_value = slice(value);
	return r;
}

static void
post(const struct ps_record *r)
{
	struct ps_failure f = { .stage = PS_STAGE_VALUE_CONVERTER,
		.class_name = "a.b.Json" };

	(void)ps_fail(&f.error, PS_E_DATA, "no JSON: }");
	cr_assert(eq(int, dlq_send(d, r, &f, &err), 0), "%s", err.text);
}

static void
settle(void)
{
	cr_assert(eq(int, dlq_serve(d, LIMIT_MS, &err), 0), "%s", err.text);
	cr_assert(eq(sz, dlq_pending(d), 0));
}

/* The `at`-th letter as "key|value|timestamp|name=value|...", or how many
 * there are. */
static int64_t
letter(int64_t at, char *out, size_t room)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_topic_partition_list_t *l =
	    rd_kafka_topic_partition_list_new(1);
	rd_kafka_headers_t *headers;
	rd_kafka_message_t *m;
	rd_kafka_t *rk;
	int64_t low, high = 0;
	const char *name;
	const void *value;
	size_t len;

	(void)rd_kafka_conf_set(conf, "bootstrap.servers",
	    getenv("PENSTOCK_KAFKA"), NULL, 0);
	(void)rd_kafka_conf_set(conf, "group.id", "observer", NULL, 0);
	rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, NULL, 0);
	cr_assert(rk != NULL);
	(void)rd_kafka_query_watermark_offsets(rk, dead, 0, &low, &high,
	    LIMIT_MS);
	rd_kafka_topic_partition_list_add(l, dead, 0)->offset = at;
	(void)rd_kafka_assign(rk, l);
	m = at < high ? rd_kafka_consumer_poll(rk, LIMIT_MS) : NULL;
	out[0] = '\0';
	if (m != NULL) {
		cr_assert(m->err == 0, "%s", rd_kafka_message_errstr(m));
		(void)snprintf(out, room, "%.*s|%.*s|%lld",
		    m->key == NULL ? 4 : (int)m->key_len,
		    m->key == NULL ? "null" : (char *)m->key,
		    m->payload == NULL ? 4 : (int)m->len,
		    m->payload == NULL ? "null" : (char *)m->payload,
		    (long long)rd_kafka_message_timestamp(m, NULL));
		if (rd_kafka_message_headers(m, &headers) == 0)
			for (size_t i = 0; rd_kafka_header_get_all(headers, i,
					       &name, &value, &len) == 0;
			     i++)
				(void)snprintf(out + strlen(out),
				    room - strlen(out), "|%s=%.*s", name,
				    value == NULL ? 4 : (int)len,
				    value == NULL ? "null" : (char *)value);
		rd_kafka_message_destroy(m);
	}
	rd_kafka_topic_partition_list_destroy(l);
	rd_kafka_destroy(rk);
	return high;
}

Test(dlq, a_letter_is_the_record_as_it_was_consumed)
{
	struct ps_header h[] = {
		{ .name = "a", .name_len = 1, .raw = slice("1") },
		{ .name = "n", .name_len = 1 },
	};
	struct ps_record *r;
	char text[256];

	begin("false");
	r = record(7, "k", "{");
	r->headers = h;
	r->header_count = 2;
	post(r);
	post(record(8, NULL, NULL));
	settle();
	cr_expect(eq(i64, letter(0, text, sizeof text), 2));
	cr_expect(eq(str, text, "k|{|1700000000000|a=1|n=null"));
	(void)letter(1, text, sizeof text);
	cr_expect(eq(str, text, "null|null|1700000000000"));
}

Test(dlq, the_reason_is_in_headers_when_asked_for)
{
	char text[2048];

	begin("true");
	post(record(7, "k", "{"));
	settle();
	(void)letter(0, text, sizeof text);
	cr_expect(eq(str, text,
	    "k|{|1700000000000"
	    "|__connect.errors.topic=orders"
	    "|__connect.errors.partition=3"
	    "|__connect.errors.offset=7"
	    "|__connect.errors.connector.name=c"
	    "|__connect.errors.task.id=0"
	    "|__connect.errors.stage=VALUE_CONVERTER"
	    "|__connect.errors.class.name=a.b.Json"
	    "|__connect.errors.exception.class.name="
	    "org.apache.kafka.connect.errors.DataException"
	    "|__connect.errors.exception.message=no JSON: }"
	    "|__connect.errors.exception.stacktrace="
	    "VALUE_CONVERTER in a.b.Json: no JSON: }"));
}

Test(dlq, no_offset_is_committed_past_a_letter_on_its_way)
{
	begin("false");
	post(record(9, "k", "b"));
	post(record(7, "k", "a"));
	cr_expect(eq(sz, dlq_pending(d), 2));
	cr_expect(eq(i64, dlq_floor(d, "orders", 3, 12), 7));
	cr_expect(eq(i64, dlq_floor(d, "orders", 3, 5), 5));
	cr_expect(eq(i64, dlq_floor(d, "orders", 2, 12), 12));
	cr_expect(eq(i64, dlq_floor(d, "others", 3, 12), 12));
	settle();
	cr_expect(eq(i64, dlq_floor(d, "orders", 3, 12), 12));
}

/* Given up, it would be in no topic at all. */
Test(dlq, a_letter_too_large_for_the_topic_is_not_given_up)
{
	static char large[3 << 20];

	begin("false");
	memset(large, 'x', sizeof large - 1);
	post(record(7, "k", large));
	cr_assert(eq(int, dlq_serve(d, LIMIT_MS, &err), -1));
	cr_expect(eq(int, err.code, PS_E_DATA));
	cr_expect(ne(ptr, strstr(err.text, "record orders-3@7"), NULL), "%s",
	    err.text);
	cr_expect(ne(ptr, strstr(err.text, "max.message.bytes"), NULL));
	cr_expect(eq(i64, dlq_floor(d, "orders", 3, 12), 7));
}

enum { FULL = 10000 };

/* As many as may be on their way, which stay there for minutes. */
static const struct ps_record *
fill(void)
{
	const struct ps_record *r;

	begin_with("false", "600000");
	r = record(7, "k", "{");
	for (int i = 0; i < FULL; i++)
		post(r);
	cr_assert(eq(sz, dlq_pending(d), FULL));
	return r;
}

static int
post_one_more(const struct ps_record *r)
{
	struct ps_failure f = { .class_name = "a.b.Json" };

	return dlq_send(d, r, &f, &err);
}

Test(dlq, a_stop_ends_the_wait_for_room)
{
	const struct ps_record *r = fill();

	atomic_store(&w.gauges.stop, true);
	cr_expect(eq(int, post_one_more(r), -1));
	cr_expect(eq(int, err.code, PS_E_RETRY));
	cr_expect(ne(ptr, strstr(err.text, "stopped"), NULL), "%s", err.text);
}
