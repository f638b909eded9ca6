#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/arena.h"
#include "kafka/producer.h"
#include "record/batch.h"
#include "task/source.h"
#include "tests/kafka/mock.h"
#include "tests/task/played.h"

enum {
	LIMIT_MS = 20000,
	RECORDS = 300,
	VALUE = 1000,
	TURNS = 100,
	CHUNK = 4096
};

static struct played w;
static struct mock m;
static struct source s;
static struct ps_error err;

static void
setup(void)
{
	static const struct ps_setting worker[] = { { "bootstrap.servers",
							"localhost:1" },
		{ "offset.storage.topic", "offsets" }, { NULL, NULL } };
	static const struct ps_setting connector[] = {
		{ "connector.class", "NumbersSource" }, { "topic", "t" },
		{ "topic.creation.enable", "false" }, { NULL, NULL }
	};
	struct ps_setting p[] = { { "bootstrap.servers", NULL },
		{ "buffer.memory", "65536" } };
	const struct ps_config config = { p, 2 };

	mock_start(&m);
	mock_topic(&m, "t", 1);
	played_begin(&w);
	cr_assert(eq(int, played_configure(&w, worker, connector, &err), 0),
	    "%s", err.text);
	s = (struct source){ .task = &w.task };
	p[0].value = m.servers;
	s.producer = producer_new(&config, deliver_report, &s, &err);
	cr_assert(s.producer != NULL, "%s", err.text);
	s.ack = ack_new();
	s.headers = arena_new(CHUNK);
	s.commit = commit_new(&w.task, s.ack, NULL, &err);
	s.topics = topics_new(&w.task, s.producer, &err);
	cr_assert(s.topics != NULL, "%s", err.text);
}

static void
teardown(void)
{
	topics_free(&s.topics);
	producer_free(&s.producer, 1000);
	arena_free(&s.headers);
	commit_free(&s.commit);
	ack_free(&s.ack);
	played_end(&w);
	mock_stop(&m);
}

TestSuite(deliver, .init = setup, .fini = teardown, .timeout = 60);

static struct flight *
fill(void)
{
	static const char text[VALUE];
	static struct ps_header header = { .name = "h", .name_len = 1 };
	struct flight *f = ack_take(s.ack);

	header.raw = (struct ps_slice){ "value", 5 };
	for (int i = 0; i < RECORDS; i++) {
		struct ps_record *r = ps_batch_add(f->batch);

		r->topic = "t";
		r->partition = PS_NO_PARTITION;
		r->timestamp = PS_NO_TIMESTAMP;
		r->raw_value = (struct ps_slice){ text, VALUE };
		r->headers = &header;
		r->header_count = 1;
	}
	ack_begin(s.ack, f);
	s.cursor = (struct cursor){ f, 0 };
	return f;
}

Test(deliver, a_full_producer_costs_no_memory_however_long_it_is_full)
{
	struct flight *f;
	size_t before;

	cr_assert(topics_get(s.topics, "t", &err) != NULL, "%s", err.text);
	rd_kafka_mock_broker_set_down(m.cluster, 1);
	f = fill();
	cr_assert(eq(int, deliver_rest(&s, &err), 0), "%s", err.text);
	cr_assert(s.cursor.flight == f, "the producer is full");
	before = arena_size(f->batch->arena);
	for (int i = 0; i < TURNS; i++)
		cr_assert(eq(int, deliver_rest(&s, &err), 0), "%s", err.text);
	cr_expect(eq(sz, arena_size(f->batch->arena), before));
	rd_kafka_mock_broker_set_up(m.cluster, 1);
	WAIT_UNTIL(ack_flights(s.ack) == 0,
	    cr_assert(
		deliver_serve(&s, &err) == 0 && deliver_rest(&s, &err) == 0),
	    LIMIT_MS);
	cr_expect(eq(sz, ack_flights(s.ack), 0));
}
