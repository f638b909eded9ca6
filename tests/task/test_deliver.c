#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <pthread.h>
#include <sched.h>

#include "base/arena.h"
#include "kafka/producer.h"
#include "plugin/partition.h"
#include "record/batch.h"
#include "task/source.h"
#include "tests/kafka/mock.h"
#include "tests/task/played.h"

enum {
	LIMIT_MS = 20000,
	RECORDS = 300,
	VALUE = 1000,
	TURNS = 100,
	STOP_MS = 900,
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

	mock_start(&m);
	mock_topic(&m, "t", 1);
	played_begin(&w);
	cr_assert(eq(int, played_configure(&w, worker, connector, &err), 0),
	    "%s", err.text);
	w.task.commit_limit_ms = LIMIT_MS;
	s = (struct source){ .task = &w.task };
	s.producer = played_producer(&m, deliver_report, &s);
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

static void
stop(void)
{
	atomic_store(&w.gauges.stop_at_ms, clock_now().ms + STOP_MS);
	atomic_store(&w.gauges.stop, true);
}

/* ---- One by one --------------------------------------------------------- */

/* From when the first is on its way. */
static void *
suspended_then(void *arg)
{
	while (producer_in_flight(s.producer) == 0)
		(void)sched_yield();
	atomic_store(&w.gauges.suspend, true);
	return arg;
}

Test(deliver, what_goes_one_by_one_is_taken_back_when_the_lease_ends)
{
	struct flight *f;
	pthread_t other;

	cr_assert(topics_get(s.topics, "t", &err) != NULL, "%s", err.text);
	rd_kafka_mock_broker_set_down(m.cluster, 1);
	s.care_left = CARE_RECORDS;
	f = fill();
	cr_assert(pthread_create(&other, NULL, suspended_then, NULL) == 0);
	cr_expect(eq(int, deliver_rest(&s, &err), 0), "%s", err.text);
	(void)pthread_join(other, NULL);
	cr_expect(atomic_load(&w.gauges.idle), "nothing is on its way");
	cr_expect(s.cursor.flight == f && s.cursor.at == 1,
	    "%zu were sent after the lease", s.cursor.at - 1);
	atomic_store(&w.gauges.suspend, false);
	rd_kafka_mock_broker_set_up(m.cluster, 1);
	cr_expect(eq(int, deliver_rest(&s, &err), 0));
	cr_expect(s.cursor.at == 1, "the first record comes again before it");
	stop();
	cr_expect(eq(int, source_loop(&s, &err), TASK_STOPPED));
	cr_expect(s.must_restart, "its report was waited for");
}

/* ---- A stop ------------------------------------------------------------- */

static void
make_safe(void)
{
	struct flight *f = ack_take(s.ack);
	struct ps_record *r = ps_batch_add(f->batch);
	struct ps_pair p = { ps_text("p"), ps_text("1") };
	struct ps_pair *at =
	    (struct ps_pair *)ps_alloc(f->batch->arena, sizeof *at);
	struct ps_value map = ps_map(&p, 1);

	*at = (struct ps_pair){ ps_text("at"), ps_int64(7) };
	r->source_partition =
	    partition_find(host_partitions(w.task.host), &map);
	r->source_offset = ps_map(at, 1);
	ack_begin(s.ack, f);
	ack_sent(f, 1);
	ack_seal(s.ack, f);
	ack_done(s.ack, f, 1);
}

/* A stop came while the letter was waited for. */
static int
stopped(void *ctx, const struct ps_record *r, const struct ps_failure *why,
    struct ps_error *e)
{
	(void)ctx;
	(void)r;
	(void)why;
	stop();
	return ps_fail(e, PS_E_RETRY, "sending a dead letter: stopped");
}

static bool
offsets_were_given(void)
{
	struct msg heard;
	bool any = false;

	while (!any && played_heard(&w, &heard) == 1) {
		any = heard.type == MSG_TYPE_OFFSETS;
		msg_fini(&heard);
	}
	return any;
}

Test(deliver, a_stop_while_a_letter_is_waited_for_keeps_what_is_safe)
{
	static const char large[2 << 20];
	struct flight *f;

	make_safe();
	tolerance_init(&w.task.tolerance, &w.task.settings, &w.gauges,
	    s.headers);
	w.task.tolerance.all = true;
	w.task.tolerance.letter = stopped;
	f = fill();
	f->batch->records[0].raw_value =
	    (struct ps_slice){ (const uint8_t *)large, sizeof large };
	cr_assert(eq(int, deliver_rest(&s, &err), -1));
	cr_assert(eq(int, source_loop(&s, &err), TASK_STOPPED));
	cr_expect(offsets_were_given(), "what was safe comes again");
}
