/* sink_commit and assignment: what a sink may commit, and how partitions come
 * and go. The group is a mock's, the plugin the test. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "base/arena.h"
#include "record/batch.h"
#include "task/sink.h"
#include "tests/kafka/mock.h"
#include "tests/task/played.h"

enum { LIMIT_MS = 20000, PARTITIONS = 3 };

/* What the plugin answers, and what it was called with. */
struct script {
	int64_t answers[PARTITIONS]; /* by partition; -2: as asked */
	const char *refuses;         /* pre_commit fails with it */
	int outages;                 /* open fails so often */
	int64_t start_at;            /* open answers it, -1: as asked */
	int opens, asked_calls;
	size_t asked;
	char closed[256];
};

static struct played w;
static struct mock m;
static struct sink s;
static struct script script;
static struct ps_error err;

static int
script_pre_commit(void *state, struct ps_topic_position *tps, size_t count,
    struct ps_error *e)
{
	struct script *sc = (struct script *)state;

	sc->asked_calls++;
	sc->asked = count;
	if (sc->refuses != NULL)
		return ps_fail(e, PS_E_FATAL, "%s", sc->refuses);
	for (size_t i = 0; i < count; i++)
		if (sc->answers[tps[i].partition] != -2)
			tps[i].offset = sc->answers[tps[i].partition];
	return 0;
}

static int
script_open(void *state, struct ps_topic_position *tps, size_t count,
    struct ps_error *e)
{
	struct script *sc = (struct script *)state;

	if (sc->opens++ < sc->outages)
		return ps_fail(e, PS_E_RETRY, "the target is down");
	for (size_t i = 0; i < count && sc->start_at >= 0; i++)
		tps[i].offset = sc->start_at;
	return 0;
}

static void
script_close(void *state, const struct ps_topic_position *tps, size_t count,
    enum ps_close_reason why)
{
	struct script *sc = (struct script *)state;

	for (size_t i = 0; i < count; i++)
		(void)snprintf(sc->closed + strlen(sc->closed),
		    sizeof sc->closed - strlen(sc->closed), "%s-%d@%lld %s;",
		    tps[i].topic, (int)tps[i].partition,
		    (long long)tps[i].offset,
		    why == PS_CLOSE_LOST ? "lost" : "revoked");
}

static struct consumer *
join(void)
{
	struct ps_setting rows[] = { { "bootstrap.servers", m.servers },
		{ "group.id", "connect-c" }, { "session.timeout.ms", "6000" } };
	struct ps_config c = { rows, 3 };
	const char *topic = "t";
	struct consumer *con = consumer_new(&c, &err);

	cr_assert(con != NULL, "%s", err.text);
	cr_assert(eq(int, consumer_subscribe(con, &topic, 1, &err), 0));
	return con;
}

static void
setup(void)
{
	played_begin(&w);
	mock_start(&m);
	mock_topic(&m, "t", PARTITIONS);
	ps_error_clear(&err);
	script = (struct script){ .answers = { -2, -2, -2 }, .start_at = -1 };
	w.task.commit_limit_ms = 5000;
	w.task.connector.sink.pre_commit = script_pre_commit;
	w.task.connector.sink.open = script_open;
	w.task.connector.sink.close = script_close;
	w.task.connector.state = &script;
	s = (struct sink){ .task = &w.task,
		.positions = positions_new(),
		.scratch = arena_new(4096),
		.batch = batch_new(4096) };
	backoff_init(&s.backoff, 1, 2, 1);
	s.consumer = join();
}

static void
teardown(void)
{
	consumer_free(&s.consumer, 5000);
	positions_free(&s.positions);
	arena_free(&s.scratch);
	batch_free(&s.batch);
	memset(&w.task.connector, 0, sizeof w.task.connector);
	mock_stop(&m);
	played_end(&w);
}

TestSuite(sink_commit, .init = setup, .fini = teardown, .timeout = 60);
TestSuite(assignment, .init = setup, .fini = teardown, .timeout = 60);

static struct consumer_event
wait_for(enum consumer_what what)
{
	struct consumer_limits limits = { 200, 0, 0 };
	struct consumer_event e = { .what = CONSUMER_NOTHING };
	struct clock_ms start = clock_now();

	while (clock_since(start, clock_now()) < LIMIT_MS) {
		cr_assert(
		    eq(int, consumer_poll(s.consumer, &limits, &e, &err), 0),
		    "%s", err.text);
		if (e.what == what)
			return e;
		consumer_release(s.consumer, &e);
	}
	cr_assert(false, "event %d did not come", what);
	return e;
}

static void
get_assigned(void)
{
	struct consumer_event e = wait_for(CONSUMER_ASSIGNED);

	cr_assert(eq(sz, e.position_count, PARTITIONS));
	cr_assert(eq(int, sink_assigned(&s, &e, &err), 0), "%s", err.text);
	consumer_release(s.consumer, &e);
}

/* put() took all before these. */
static void
came_to(int64_t zero, int64_t one, int64_t two)
{
	const int64_t at[PARTITIONS] = { zero, one, two };

	for (int32_t i = 0; i < PARTITIONS; i++)
		positions_find(s.positions, "t", i)->current = at[i];
}

static void
expect_committed(int64_t zero, int64_t one, int64_t two)
{
	struct consumer_position p[PARTITIONS] = { { "t", 0, 0, 0 },
		{ "t", 1, 0, 0 }, { "t", 2, 0, 0 } };

	cr_assert(eq(int,
	    consumer_committed(s.consumer, p, PARTITIONS, LIMIT_MS, &err), 0));
	cr_expect(eq(i64, p[0].offset, zero));
	cr_expect(eq(i64, p[1].offset, one));
	cr_expect(eq(i64, p[2].offset, two));
}

static void
commit_all(void)
{
	cr_assert(eq(int, sink_commit(&s, NULL, 0, SINK_SYNC, &err), 0), "%s",
	    err.text);
}

/* ---- Commits ---------------------------------------------------------------
 */

/* As sink.c does when the plugin calls its host. */
static void
want_mark(int32_t partition, int64_t mark)
{
	positions_find(s.positions, "t", partition)->mark = mark;
}

static int64_t
stored_mark(int32_t partition)
{
	struct consumer_position p = { "t", partition, 0, 0 };

	cr_assert(
	    eq(int, consumer_committed(s.consumer, &p, 1, LIMIT_MS, &err), 0));
	return p.mark;
}

Test(sink_commit, a_mark_is_stored_beside_its_offset)
{
	struct consumer_event e;

	get_assigned();
	came_to(5, PS_NO_OFFSET, PS_NO_OFFSET);
	commit_all();
	cr_expect(eq(i64, stored_mark(0), 0));
	/* the offset is committed, the mark is new */
	want_mark(0, 9);
	commit_all();
	cr_expect(eq(i64, stored_mark(0), 9));
	cr_expect(s.wants_put, "the plugin waits for it");
	cr_expect(eq(i64, positions_find(s.positions, "t", 0)->marked, 9));
	cr_expect(eq(int, script.asked_calls, 2));
	commit_all();
	cr_expect(eq(int, script.asked_calls, 2), "nothing is new");
	came_to(6, 1, PS_NO_OFFSET);
	commit_all();
	expect_committed(6, 1, CONSUMER_NO_OFFSET);
	cr_expect(eq(i64, stored_mark(0), 9), "it stays");
	cr_expect(eq(i64, stored_mark(1), 0));
	/* asynchronous as well */
	want_mark(1, 77);
	cr_assert(eq(int, sink_commit(&s, NULL, 0, SINK_ASYNC, &err), 0));
	e = wait_for(CONSUMER_COMMITTED);
	sink_committed(&s, &e);
	cr_expect(eq(i64, positions_find(s.positions, "t", 1)->marked, 77));
	/* and whoever comes next finds it */
	consumer_free(&s.consumer, 5000);
	positions_free(&s.positions);
	s.positions = positions_new();
	s.consumer = join();
	get_assigned();
	cr_expect(eq(i64, positions_find(s.positions, "t", 0)->marked, 9));
	cr_expect(eq(i64, positions_find(s.positions, "t", 1)->marked, 77));
	cr_expect(eq(i64, positions_find(s.positions, "t", 2)->marked, 0));
}

/* Nothing was put yet, but of the batch that is held the plugin has sent
 * some: with its mark that is committed. */
Test(sink_commit, a_batch_that_is_held_may_be_settled_in_part)
{
	const struct consumer_record held[] = {
		{ .topic = "t", .partition = 0, .offset = 3 },
		{ .topic = "t", .partition = 0, .offset = 8 },
		{ .topic = "t", .partition = 1, .offset = 40 },
	};

	get_assigned();
	want_mark(0, 7);
	commit_all();
	expect_committed(CONSUMER_NO_OFFSET, CONSUMER_NO_OFFSET,
	    CONSUMER_NO_OFFSET);
	s.is_held = true;
	s.event = (struct consumer_event){ .records = held, .record_count = 3 };
	script.answers[0] = 10;
	commit_all();
	expect_committed(CONSUMER_NO_OFFSET, CONSUMER_NO_OFFSET,
	    CONSUMER_NO_OFFSET);
	script.answers[0] = 4;
	commit_all();
	expect_committed(4, CONSUMER_NO_OFFSET, CONSUMER_NO_OFFSET);
	cr_expect(eq(i64, stored_mark(0), 7));
	s.is_held = false;
}

Test(sink_commit, what_was_put_is_committed_once)
{
	get_assigned();
	came_to(5, PS_NO_OFFSET, 9);
	commit_all();
	cr_expect(eq(sz, script.asked, 2), "nothing was put into the second");
	expect_committed(5, CONSUMER_NO_OFFSET, 9);
	commit_all();
	cr_expect(eq(int, script.asked_calls, 1), "nothing is new");
	came_to(5, 1, 10);
	commit_all();
	cr_expect(eq(sz, script.asked, 2));
	expect_committed(5, 1, 10);
}

Test(sink_commit, a_sink_without_a_say_has_all_it_put_committed)
{
	w.task.connector.sink.pre_commit = NULL;
	get_assigned();
	came_to(1, 2, 3);
	commit_all();
	expect_committed(1, 2, 3);
}

Test(sink_commit, the_plugin_may_hold_back_but_not_run_ahead)
{
	get_assigned();
	came_to(10, 10, 10);
	script.answers[0] = 7;
	script.answers[1] = PS_NO_OFFSET;
	script.answers[2] = 11;
	commit_all();
	expect_committed(7, CONSUMER_NO_OFFSET, CONSUMER_NO_OFFSET);
	script.answers[0] = 6; /* less than before is no news */
	commit_all();
	expect_committed(7, CONSUMER_NO_OFFSET, CONSUMER_NO_OFFSET);
}

Test(sink_commit, only_the_partitions_that_go_are_asked_for)
{
	const struct consumer_position goes = { "t", 1, 0, 0 };

	get_assigned();
	came_to(5, 6, 7);
	cr_assert(eq(int, sink_commit(&s, &goes, 1, SINK_SYNC, &err), 0));
	cr_expect(eq(sz, script.asked, 1));
	expect_committed(CONSUMER_NO_OFFSET, 6, CONSUMER_NO_OFFSET);
}

Test(sink_commit, a_commit_in_the_background_counts_when_it_is_answered)
{
	struct consumer_event e;

	get_assigned();
	came_to(5, PS_NO_OFFSET, PS_NO_OFFSET);
	cr_assert(eq(int, sink_commit(&s, NULL, 0, SINK_ASYNC, &err), 0));
	cr_expect(s.is_committing);
	cr_expect(eq(i64, positions_find(s.positions, "t", 0)->committed,
	    PS_NO_OFFSET));
	e = wait_for(CONSUMER_COMMITTED);
	sink_committed(&s, &e);
	consumer_release(s.consumer, &e);
	cr_expect(not(s.is_committing));
	cr_expect(eq(i64, positions_find(s.positions, "t", 0)->committed, 5));
	expect_committed(5, CONSUMER_NO_OFFSET, CONSUMER_NO_OFFSET);
}

Test(sink_commit, a_commit_that_failed_is_no_position)
{
	struct consumer_event failed = { .what = CONSUMER_COMMITTED };

	get_assigned();
	came_to(5, PS_NO_OFFSET, PS_NO_OFFSET);
	(void)ps_fail(&failed.error, PS_E_RETRY, "coordinator moved");
	s.is_committing = true;
	sink_committed(&s, &failed);
	cr_expect(not(s.is_committing));
	commit_all();
	expect_committed(5, CONSUMER_NO_OFFSET, CONSUMER_NO_OFFSET);
}

Test(sink_commit, a_plugin_that_fails_is_told_by_its_call)
{
	get_assigned();
	came_to(5, 5, 5);
	script.refuses = "the upload broke";
	cr_expect(eq(int, sink_commit(&s, NULL, 0, SINK_SYNC, &err), -1));
	cr_expect(eq(str, err.text, "pre_commit: the upload broke"));
	expect_committed(CONSUMER_NO_OFFSET, CONSUMER_NO_OFFSET,
	    CONSUMER_NO_OFFSET);
}

/* ---- Partitions come and go ------------------------------------------------
 */

Test(assignment, the_target_says_where_to_start)
{
	size_t count;
	const struct consumer_position *now;

	script.start_at = 42;
	get_assigned();
	now = consumer_assignment(s.consumer, &count);
	cr_assert(eq(sz, count, PARTITIONS));
	for (size_t i = 0; i < count; i++)
		cr_expect(eq(i64, now[i].offset, 42));
	commit_all();
	expect_committed(42, 42, 42);
}

Test(assignment, an_outage_at_open_is_waited_out_with_its_cause)
{
	static const struct ps_setting rows[] = {
		{ "connector.class", "KeeperSink" },
		{ "file", "/x" },
		{ "topics", "t" },
		{ 0 },
	};
	struct msg said;
	bool told = false;

	cr_assert(eq(int, played_configure(&w, NULL, rows, &err), 0), "%s",
	    err.text);
	script.outages = 3;
	get_assigned();
	cr_expect(eq(int, script.opens, 4));
	cr_expect(eq(str, w.task.cause, ""), "it is over");
	while (played_heard(&w, &said) == 1) {
		if (said.type == MSG_TYPE_STATUS && said.status.cause != NULL)
			told |= strcmp(said.status.cause,
				    "the target is down") == 0;
		msg_fini(&said);
	}
	cr_expect(told);
}

Test(assignment, a_partition_that_goes_is_committed_and_closed)
{
	const struct consumer_position gone[] = { { "t", 0, 0, 0 },
		{ "t", 2, 0, 0 } };
	const struct consumer_event e = { .what = CONSUMER_REVOKED,
		.positions = gone,
		.position_count = 2 };

	get_assigned();
	came_to(5, 6, 7);
	cr_assert(eq(int, sink_unassigned(&s, &e, PS_CLOSE_REVOKED, &err), 0));
	cr_expect(eq(str, script.closed, "t-0@5 revoked;t-2@7 revoked;"));
	cr_expect(positions_find(s.positions, "t", 0) == NULL);
	cr_expect(positions_find(s.positions, "t", 1) != NULL);
	expect_committed(5, CONSUMER_NO_OFFSET, 7);
}

Test(assignment, what_is_lost_is_closed_and_not_committed)
{
	const struct consumer_position gone[] = { { "t", 0, 0, 0 } };
	const struct consumer_event e = { .what = CONSUMER_LOST,
		.positions = gone,
		.position_count = 1 };

	get_assigned();
	came_to(5, 6, 7);
	cr_assert(eq(int, sink_unassigned(&s, &e, PS_CLOSE_LOST, &err), 0));
	cr_expect(eq(str, script.closed, "t-0@5 lost;"));
	cr_expect(eq(int, script.asked_calls, 0));
	expect_committed(CONSUMER_NO_OFFSET, CONSUMER_NO_OFFSET,
	    CONSUMER_NO_OFFSET);
}

Test(assignment, records_held_of_a_partition_that_goes_are_dropped)
{
	const struct consumer_position gone[] = { { "t", 1, 0, 0 } };
	const struct consumer_event e = { .what = CONSUMER_REVOKED,
		.positions = gone,
		.position_count = 1 };

	get_assigned();
	s.is_held = true;
	for (int32_t i = 0; i < 6; i++) {
		struct ps_record *r = ps_batch_add(s.batch);

		r->origin_topic = "t";
		r->origin_partition = i % PARTITIONS;
		r->origin_offset = i;
	}
	cr_assert(eq(int, sink_unassigned(&s, &e, PS_CLOSE_REVOKED, &err), 0));
	cr_assert(eq(sz, s.batch->count, 4));
	for (size_t i = 0; i < 4; i++)
		cr_expect(ne(int, s.batch->records[i].origin_partition, 1));
}

Test(assignment, the_end_commits_and_closes_all)
{
	get_assigned();
	came_to(5, 6, 7);
	cr_assert(eq(int, sink_close_all(&s, &err), 0), "%s", err.text);
	cr_expect(eq(str, script.closed,
	    "t-0@5 revoked;t-1@6 revoked;t-2@7 revoked;"));
	expect_committed(5, 6, 7);
}
