#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

#include <penstock/record.h>

#include "base/arena.h"
#include "kafka/consumer.h"
#include "kafka/consumer_impl.h"
#include "tests/kafka/mock.h"

#define LIMIT_MS 20000
#define ROOM     ((size_t)1024 * 1024)

static struct consumer *
join(const struct mock *m, const char *key, const char *value)
{
	struct ps_setting s[] = { { "bootstrap.servers", m->servers },
		{ "group.id", "connect-x" }, { "session.timeout.ms", "3000" },
		{ "heartbeat.interval.ms", "200" }, { key, value } };
	struct ps_config c = { s, key == NULL ? 4 : 5 };
	const char *topic = "t";
	struct ps_error err = { PS_OK, "" };
	struct consumer *con = consumer_new(&c, &err);

	cr_assert(con != NULL, "%s", err.text);
	cr_assert(eq(int, consumer_subscribe(con, &topic, 1, &err), 0));
	return con;
}

/* Fills topic t of the mock. */
static void
fill(struct mock *m, int partition, int count)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char text[256];
	rd_kafka_t *rk;
	rd_kafka_headers_t *h;

	rd_kafka_conf_set(conf, "bootstrap.servers", m->servers, text,
	    sizeof text);
	rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
	for (int i = 0; i < count; i++) {
		h = rd_kafka_headers_new(1);
		rd_kafka_header_add(h, "h", -1, "one", 3);
		rd_kafka_header_add(h, "null", -1, NULL, 0);
		cr_assert(eq(int,
		    rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("t"),
			RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_KEY("k", 1),
			RD_KAFKA_V_VALUE("value", 5),
			RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
			RD_KAFKA_V_TIMESTAMP(1000 + i), RD_KAFKA_V_HEADERS(h),
			RD_KAFKA_V_END),
		    0));
	}
	cr_assert(eq(int, rd_kafka_flush(rk, LIMIT_MS), 0));
	rd_kafka_destroy(rk);
}

/* As a task would; what came is gone then. */
static void
answer(struct consumer *c, struct consumer_event *e)
{
	struct ps_error err = { PS_OK, "" };
	int result = 0;

	if (e->what == CONSUMER_ASSIGNED)
		result =
		    consumer_assign(c, e->positions, e->position_count, &err);
	if (e->what == CONSUMER_REVOKED || e->what == CONSUMER_LOST)
		result =
		    consumer_unassign(c, e->positions, e->position_count, &err);
	cr_assert(eq(int, result, 0), "%s", err.text);
	consumer_release(c, e);
}

/* Polls until the event comes; others are answered. The mock puts out who
 * does not rejoin soon, so `beside` is polled, too, NULL: there is none. */
static struct consumer_event
wait_beside(struct consumer *beside, struct consumer *c,
    enum consumer_what what, size_t max_bytes)
{
	struct consumer_limits limits = { beside == NULL ? 200 : 50, max_bytes,
		0 };
	struct clock_ms start = clock_now();
	struct ps_error err = { PS_OK, "" };
	struct consumer_event e;

	while (clock_since(start, clock_now()) < LIMIT_MS) {
		cr_assert(eq(int, consumer_poll(c, &limits, &e, &err), 0), "%s",
		    err.text);
		if (e.what == what)
			return e;
		answer(c, &e);
		if (beside == NULL)
			continue;
		cr_assert(eq(int, consumer_poll(beside, &limits, &e, &err), 0),
		    "%s", err.text);
		answer(beside, &e);
	}
	cr_assert(false, "event %d did not come", what);
	return e;
}

static struct consumer_event
wait_for(struct consumer *c, enum consumer_what what, size_t max_bytes)
{
	return wait_beside(NULL, c, what, max_bytes);
}

Test(consumer, starts_at_the_beginning_and_reads_all, .timeout = 40)
{
	struct mock m;
	struct consumer *c;
	struct consumer_event e;
	struct consumer_header h[4];
	size_t total = 0;

	mock_start(&m);
	mock_topic(&m, "t", 1);
	fill(&m, 0, 100);
	c = join(&m, NULL, NULL);
	e = wait_for(c, CONSUMER_ASSIGNED, 0);
	cr_assert(eq(sz, e.position_count, 1));
	cr_expect(eq(i64, e.positions->offset, CONSUMER_BEGINNING));
	cr_assert(eq(int, consumer_assign(c, e.positions, 1, NULL), 0));
	while (total < 100) {
		e = wait_for(c, CONSUMER_RECORDS, ROOM);
		cr_expect(eq(i64, e.records->offset, (int64_t)total));
		cr_expect(eq(i64, e.records->timestamp, 1000 + (int64_t)total));
		cr_expect(eq(str, (char *)e.records->topic, "t"));
		cr_expect(eq(sz, e.record_bytes, 6 * e.record_count));
		cr_expect(eq(sz, consumer_headers(e.records, h, 4), 2));
		cr_expect(eq(str, (char *)h[0].name, "h"));
		cr_expect(eq(sz, h[0].len, 3));
		cr_expect(h[1].value == NULL);
		total += e.record_count;
		consumer_release(c, &e);
	}
	consumer_free(&c, 5000);
	mock_stop(&m);
}

Test(consumer, committed_offset_is_where_the_next_one_starts, .timeout = 60)
{
	struct mock m;
	struct consumer *c;
	struct consumer_event e;
	struct consumer_position p[] = { { "t", 0, 42, 0 },
		{ "other", 0, 7, 0 } };
	struct ps_error err = { PS_OK, "" };

	mock_start(&m);
	mock_topic(&m, "t", 1);
	fill(&m, 0, 100);
	c = join(&m, NULL, NULL);
	e = wait_for(c, CONSUMER_RECORDS, ROOM);
	consumer_release(c, &e);
	/* what is not ours is left out */
	cr_assert(eq(int, consumer_commit(c, p, 2, &err), 0), "%s", err.text);
	e = wait_for(c, CONSUMER_COMMITTED, 0);
	cr_expect(eq(int, e.error.code, PS_OK), "%s", e.error.text);
	cr_expect(eq(sz, e.position_count, 1));
	cr_assert(eq(int, consumer_commit(c, p + 1, 1, &err), 0));
	e = wait_for(c, CONSUMER_COMMITTED, 0);
	cr_expect(eq(sz, e.position_count, 0));
	cr_assert(eq(int, consumer_committed(c, p, 1, LIMIT_MS, &err), 0));
	cr_expect(eq(i64, p->offset, 42));
	p->offset = 43;
	cr_assert(eq(int, consumer_commit_sync(c, p, 1, LIMIT_MS, &err), 0));
	consumer_free(&c, 5000);

	c = join(&m, NULL, NULL);
	e = wait_for(c, CONSUMER_ASSIGNED, 0);
	cr_assert(eq(sz, e.position_count, 1));
	cr_expect(eq(i64, e.positions->offset, 43));
	cr_assert(eq(int, consumer_assign(c, e.positions, 1, NULL), 0));
	e = wait_for(c, CONSUMER_RECORDS, ROOM);
	cr_expect(eq(i64, e.records->offset, 43));
	consumer_release(c, &e);
	consumer_free(&c, 5000);
	mock_stop(&m);
}

Test(consumer, offset_that_is_gone_is_a_gap_and_no_reset, .timeout = 60)
{
	struct mock m;
	struct consumer *c;
	struct consumer_event e;
	struct consumer_position p = { "t", 0, 5000, 0 };

	mock_start(&m);
	mock_topic(&m, "t", 1);
	fill(&m, 0, 10);
	c = join(&m, NULL, NULL);
	e = wait_for(c, CONSUMER_ASSIGNED, 0);
	cr_assert(eq(int, consumer_assign(c, &p, 1, NULL), 0));
	e = wait_for(c, CONSUMER_GAP, ROOM);
	cr_expect(eq(i64, e.positions->offset, 5000));
	cr_expect(eq(i64, e.gap_end, 10));
	cr_expect(eq(int, e.error.code, PS_E_GAP));
	cr_expect(eq(str, e.error.text,
	    "GAP: offsets 10 to 4999 of topic t, partition 0, read before, "
	    "are gone: the log ends at 10"));
	consumer_free(&c, 5000);
	mock_stop(&m);
}

enum { FETCH = 1 };

/* librdkafka has so many for us: records and what it says of them. */
static bool
waits_for_us(const struct consumer *c, size_t count)
{
	WAIT_UNTIL(rd_kafka_queue_length(c->records) >= count,
	    (void)poll(NULL, 0, 1), LIMIT_MS);
	return rd_kafka_queue_length(c->records) >= count;
}

static void
expect_unread(struct consumer *c, enum ps_code class)
{
	struct consumer_limits limits = { 10, ROOM, 0 };
	struct consumer_event e = { .what = CONSUMER_NOTHING };

	WAIT_UNTIL(e.what == CONSUMER_UNREAD || e.what == CONSUMER_RECORDS,
	    (void)consumer_poll(c, &limits, &e, NULL), LIMIT_MS);
	cr_assert(eq(int, e.what, CONSUMER_UNREAD));
	cr_expect(eq(int, e.error.code, class));
	cr_expect(strstr(e.error.text,
		      "topic t, partition 0 cannot be read at offset 10: ") !=
		      NULL,
	    "%s", e.error.text);
}

Test(consumer, what_cannot_be_read_is_told_after_what_came_before,
    .timeout = 60)
{
	static const struct {
		rd_kafka_resp_err_t code;
		enum ps_code class;
	} rows[] = {
		{ RD_KAFKA_RESP_ERR_INVALID_MSG, PS_E_DATA },
		{ RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, PS_E_RETRY },
		{ RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, PS_E_CONFIG },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct mock m;
		struct consumer *c;
		struct consumer_event e;

		mock_start(&m);
		mock_topic(&m, "t", 1);
		fill(&m, 0, 10);
		c = join(&m, NULL, NULL);
		e = wait_for(c, CONSUMER_RECORDS, ROOM);
		cr_expect(eq(sz, e.record_count, 10));
		consumer_release(c, &e);
		/* An answer that was on its way takes one with it. */
		rd_kafka_mock_push_request_errors(m.cluster, FETCH, 3,
		    rows[i].code, rows[i].code, rows[i].code);
		cr_assert(waits_for_us(c, 1));
		fill(&m, 0, 5);
		/* No record behind it is given, though librdkafka has them,
		 * and it stays so. */
		cr_assert(waits_for_us(c, 6));
		expect_unread(c, rows[i].class);
		fill(&m, 0, 5);
		cr_assert(waits_for_us(c, 5));
		expect_unread(c, rows[i].class);
		expect_unread(c, rows[i].class);
		consumer_free(&c, 5000);
		mock_stop(&m);
	}
}

Test(consumer, what_is_asked_for_again_is_an_outage, .timeout = 60)
{
	struct mock m;
	struct consumer *c;
	struct consumer_event e;

	mock_start(&m);
	mock_topic(&m, "t", 1);
	rd_kafka_mock_push_request_errors(m.cluster, FETCH, 1,
	    RD_KAFKA_RESP_ERR_UNKNOWN);
	fill(&m, 0, 10);
	c = join(&m, NULL, NULL);
	e = wait_for(c, CONSUMER_TROUBLE, ROOM);
	cr_expect(eq(int, e.error.code, PS_E_RETRY));
	cr_expect(strstr(e.error.text, "it is tried again") != NULL, "%s",
	    e.error.text);
	e = wait_for(c, CONSUMER_RECORDS, ROOM);
	cr_expect(eq(i64, e.records->offset, 0));
	consumer_release(c, &e);
	consumer_free(&c, 5000);
	mock_stop(&m);
}

Test(consumer, events_are_served_while_records_wait, .timeout = 60)
{
	struct mock m;
	struct consumer *c, *other;
	struct consumer_event e;

	mock_start(&m);
	mock_topic(&m, "t", 4);
	for (int i = 0; i < 4; i++)
		fill(&m, i, 50);
	c = join(&m, NULL, NULL);
	e = wait_for(c, CONSUMER_RECORDS, ROOM);
	consumer_release(c, &e);
	other = join(&m, NULL, NULL);
	/* no budget: the revocation must come all the same */
	e.what = CONSUMER_NOTHING;
	for (int i = 0; i < 200 && e.what != CONSUMER_REVOKED; i++) {
		struct consumer_limits none = { 100, 0, 0 };
		struct consumer_event o;

		cr_assert(eq(int, consumer_poll(c, &none, &e, NULL), 0));
		cr_assert(ne(int, e.what, CONSUMER_RECORDS));
		if (e.what == CONSUMER_ASSIGNED)
			(void)consumer_assign(c, e.positions, e.position_count,
			    NULL);
		cr_assert(eq(int, consumer_poll(other, &none, &o, NULL), 0));
		if (o.what == CONSUMER_ASSIGNED)
			(void)consumer_assign(other, o.positions,
			    o.position_count, NULL);
	}
	cr_assert(eq(int, e.what, CONSUMER_REVOKED));
	cr_expect(eq(sz, e.position_count, 2));
	cr_assert(eq(int,
	    consumer_unassign(c, e.positions, e.position_count, NULL), 0));
	cr_expect(eq(sz, c->part_count, 2));
	consumer_free(&c, 5000);
	consumer_free(&other, 5000);
	mock_stop(&m);
}

Test(consumer, budget_bounds_a_batch, .timeout = 60)
{
	struct mock m;
	struct consumer *c;
	struct consumer_event e;
	size_t total = 0, most = 0;

	mock_start(&m);
	mock_topic(&m, "t", 1);
	fill(&m, 0, 2000);
	c = join(&m, "max.poll.records", "70");
	while (total < 2000) {
		e = wait_for(c, CONSUMER_RECORDS, ROOM);
		most = e.record_count > most ? e.record_count : most;
		total += e.record_count;
		consumer_release(c, &e);
	}
	cr_expect(eq(sz, total, 2000));
	cr_expect(le(sz, most, 70));
	consumer_free(&c, 5000);
	mock_stop(&m);
}

Test(consumer, seek_gives_records_again_and_pause_holds_them, .timeout = 60)
{
	struct mock m;
	struct consumer *c;
	struct consumer_event e;
	struct consumer_position p = { "t", 0, 3, 0 };
	struct consumer_limits limits = { 500, ROOM, 0 };
	struct ps_error err = { PS_OK, "" };
	size_t total = 0;

	mock_start(&m);
	mock_topic(&m, "t", 1);
	fill(&m, 0, 10);
	c = join(&m, NULL, NULL);
	while (total < 10) {
		e = wait_for(c, CONSUMER_RECORDS, ROOM);
		total += e.record_count;
		consumer_release(c, &e);
	}
	cr_assert(eq(int, consumer_pause(c, &p, 1, &err), 0), "%s", err.text);
	cr_assert(eq(int, consumer_seek(c, &p, 1, 5000, &err), 0), "%s",
	    err.text);
	cr_assert(eq(int, consumer_poll(c, &limits, &e, &err), 0));
	cr_expect(eq(int, e.what, CONSUMER_NOTHING));
	cr_assert(eq(int, consumer_resume(c, &p, 1, &err), 0));
	e = wait_for(c, CONSUMER_RECORDS, ROOM);
	cr_expect(eq(i64, e.records->offset, 3));
	consumer_release(c, &e);
	consumer_free(&c, 5000);
	mock_stop(&m);
}

Test(consumer, what_comes_again_is_not_paused_any_more, .timeout = 60)
{
	static const char *const t[] = { "t" }, *const u[] = { "u" };
	struct mock m;
	struct consumer *c;
	struct consumer_event e;
	struct consumer_position p = { "t", 0, 0, 0 };

	mock_start(&m);
	mock_topic(&m, "t", 1);
	mock_topic(&m, "u", 1);
	fill(&m, 0, 10);
	c = join(&m, NULL, NULL);
	e = wait_for(c, CONSUMER_RECORDS, ROOM);
	consumer_release(c, &e);
	cr_assert(eq(int, consumer_pause(c, &p, 1, NULL), 0));
	cr_assert(eq(int, consumer_subscribe(c, u, 1, NULL), 0));
	e = wait_for(c, CONSUMER_LOST, 0);
	cr_assert(eq(int, consumer_unassign(c, e.positions, 1, NULL), 0));
	cr_assert(eq(int, consumer_subscribe(c, t, 1, NULL), 0));
	e = wait_for(c, CONSUMER_RECORDS, ROOM);
	cr_expect(eq(str, (char *)e.records->topic, "t"));
	consumer_release(c, &e);
	consumer_free(&c, 5000);
	mock_stop(&m);
}

Test(consumer, close_gives_back_what_it_had, .timeout = 60)
{
	struct mock m;
	struct consumer *c;
	struct consumer_event e;
	struct consumer_limits limits = { 1000, 0, 0 };

	mock_start(&m);
	mock_topic(&m, "t", 2);
	c = join(&m, NULL, NULL);
	e = wait_for(c, CONSUMER_ASSIGNED, 0);
	cr_assert(eq(int,
	    consumer_assign(c, e.positions, e.position_count, NULL), 0));
	cr_assert(eq(int, consumer_close(c, NULL), 0));
	e = wait_for(c, CONSUMER_REVOKED, 0);
	cr_expect(eq(sz, e.position_count, 2));
	cr_assert(eq(int,
	    consumer_unassign(c, e.positions, e.position_count, NULL), 0));
	cr_assert(eq(int, consumer_poll(c, &limits, &e, NULL), 0));
	cr_expect(eq(int, e.what, CONSUMER_CLOSED));
	consumer_free(&c, 1000);
	mock_stop(&m);
}

/* An event came that nobody has looked at. */
static void
wait_until_queued(const struct consumer *c)
{
	struct clock_ms start = clock_now();

	while (rd_kafka_queue_length(c->events) == 0) {
		cr_assert(clock_since(start, clock_now()) < LIMIT_MS);
		(void)poll(NULL, 0, 1);
	}
}

/* librdkafka waits for an answer to each assignment, for ever. */
Test(consumer, leaving_answers_an_assignment_that_nobody_looked_at,
    .timeout = 60)
{
	static const int limits[] = { 5000, 1, 0 };
	struct mock m;
	struct consumer *c;

	mock_start(&m);
	mock_topic(&m, "t", 2);
	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		c = join(&m, NULL, NULL);
		wait_until_queued(c);
		consumer_free(&c, limits[i]);
	}
	mock_stop(&m);
}

Test(consumer, leaving_does_not_wait_for_offsets_that_nobody_tells,
    .timeout = 60)
{
	enum { OFFSET_FETCH = 9 };
	struct consumer_limits limits = { 20, 0, 0 };
	struct consumer_event e = { 0 };
	struct clock_ms start;
	struct mock m;
	struct consumer *c;

	mock_start(&m);
	mock_topic(&m, "t", 2);
	for (int i = 0; i < 1000; i++)
		rd_kafka_mock_push_request_errors(m.cluster, OFFSET_FETCH, 1,
		    RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS);
	c = join(&m, NULL, NULL);
	while (c->waiting == NULL)
		cr_assert(eq(int, consumer_poll(c, &limits, &e, NULL), 0));
	start = clock_now();
	consumer_free(&c, LIMIT_MS);
	cr_expect(clock_since(start, clock_now()) < LIMIT_MS);
	mock_stop(&m);
}

Test(consumer, what_comes_while_leaving_goes_back_with_all_there_was,
    .timeout = 60)
{
	struct mock m;
	struct consumer *c, *other;
	struct consumer_event e;
	size_t n;

	mock_start(&m);
	mock_topic(&m, "t", 2);
	c = join(&m, NULL, NULL);
	e = wait_for(c, CONSUMER_ASSIGNED, 0);
	cr_assert(eq(int, consumer_assign(c, e.positions, 2, NULL), 0));
	other = join(&m, NULL, NULL);
	e = wait_for(c, CONSUMER_REVOKED, 0);
	cr_assert(eq(int,
	    consumer_unassign(c, e.positions, e.position_count, NULL), 0));
	do {
		e = wait_beside(c, other, CONSUMER_ASSIGNED, 0);
		n = e.position_count;
		cr_assert(
		    eq(int, consumer_assign(other, e.positions, n, NULL), 0));
		(void)wait_for(c, CONSUMER_NOTHING, 0);
	} while (n == 0);
	consumer_free(&other, 5000);
	wait_until_queued(c);
	cr_assert(eq(int, consumer_close(c, NULL), 0));
	e = wait_for(c, CONSUMER_REVOKED, 0);
	cr_expect(eq(sz, e.position_count, 1));
	cr_assert(eq(int,
	    consumer_unassign(c, e.positions, e.position_count, NULL), 0));
	(void)wait_for(c, CONSUMER_CLOSED, 0);
	consumer_free(&c, 1000);
	mock_stop(&m);
}

Test(consumer, what_came_before_it_was_watched_is_looked_at, .timeout = 20)
{
	struct mock m = { .servers = "127.0.0.1:1" };
	struct consumer *c = join(&m, NULL, NULL);
	struct pollfd fd = { .fd = consumer_fd(c), .events = POLLIN };

	cr_expect(eq(int, poll(&fd, 1, 0), 1));
	consumer_free(&c, 0);
}
