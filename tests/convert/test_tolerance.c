#include "convert/tolerance.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "base/log.h"
#include "config/map.h"
#include "record/batch.h"
#include "tests/task/played.h"

static struct gauges g;
static struct tolerance t;
static struct ps_batch *b;
static struct ps_error err;

static void
setup(void)
{
	gauges_init(&g);
	t = (struct tolerance){ .gauges = &g,
		.task_id = "c-0",
		.delay_max_ms = 1,
		.seed = 1 };
	b = batch_new(4096);
}

static void
teardown(void)
{
	batch_free(&b);
	gauges_fini(&g);
}

TestSuite(tolerance, .init = setup, .fini = teardown, .timeout = 20);

static struct ps_record *
add(enum ps_code code)
{
	struct ps_record *r = ps_batch_add(b);
	struct ps_error why = { 0 };

	r->topic = r->origin_topic = "t";
	if (code == PS_OK)
		return r;
	(void)ps_fail(&why, code, "no number: abc");
	ps_record_fail(b, r, PS_STAGE_VALUE_CONVERTER, "a.b.C", &why);
	return r;
}

Test(tolerance, none_fails_the_task_with_stage_and_class)
{
	(void)add(PS_OK);
	(void)add(PS_E_DATA);
	cr_assert(eq(int, tolerance_settle(&t, b, &err), -1));
	cr_assert(eq(int, err.code, PS_E_DATA));
	cr_assert_not_null(strstr(err.text, "Tolerance exceeded"));
	cr_assert_not_null(strstr(err.text, "VALUE_CONVERTER of a.b.C"));
	cr_assert_not_null(strstr(err.text, "no number: abc"));
}

Test(tolerance, all_drops_what_failed_and_counts_it)
{
	t.all = true;
	(void)add(PS_E_DATA);
	(void)add(PS_OK);
	(void)add(PS_E_DATA);
	cr_assert(zero(int, tolerance_settle(&t, b, &err)));
	cr_assert(eq(int, b->records[0].outcome, PS_DROPPED));
	cr_assert(eq(int, b->records[1].outcome, PS_KEPT));
	cr_assert(eq(u64, t.counts.errors, 2));
	cr_assert(eq(u64, t.counts.skipped, 2));
	cr_assert(ne(i64, t.counts.last_error_ms, 0));
}

static int
count_letter(void *ctx, const struct ps_record *r, const struct ps_failure *f,
    struct ps_error *e)
{
	(void)r;
	(void)f;
	(void)e;
	++*(int *)ctx;
	return 0;
}

Test(tolerance, an_outage_is_never_dropped_nor_a_dead_letter)
{
	int letters = 0;

	t.all = true;
	t.letter = count_letter;
	t.ctx = &letters;
	(void)add(PS_E_RETRY);
	cr_assert(eq(int, tolerance_settle(&t, b, &err), -1));
	cr_assert(eq(int, err.code, PS_E_RETRY));
	cr_assert(zero(int, letters));
}

Test(tolerance, a_wrong_setting_is_no_poison)
{
	int letters = 0;

	t.all = true;
	t.letter = count_letter;
	t.ctx = &letters;
	(void)add(PS_E_CONFIG);
	cr_assert(eq(int, tolerance_settle(&t, b, &err), -1));
	cr_assert(eq(int, err.code, PS_E_CONFIG));
	cr_assert(zero(int, letters));
}

Test(tolerance, poison_becomes_a_dead_letter)
{
	int letters = 0;

	t.all = true;
	t.letter = count_letter;
	t.ctx = &letters;
	(void)add(PS_E_DATA);
	(void)add(PS_OK);
	cr_assert(zero(int, tolerance_settle(&t, b, &err)));
	cr_assert(eq(int, letters, 1));
}

/* Fails the second record `left` times for now, then for good if asked. */
struct flaky {
	int left, calls, records;
};

static void
flaky_stage(void *ctx, struct ps_batch *batch, struct ps_record *const *records,
    size_t count)
{
	struct flaky *f = (struct flaky *)ctx;
	struct ps_error why = { 0 };

	f->calls++;
	f->records += (int)count;
	if (f->left-- <= 0)
		return;
	(void)ps_fail(&why, PS_E_RETRY, "registry is down");
	ps_record_fail(batch, records[count - 1], PS_STAGE_TRANSFORMATION,
	    "x.Y", &why);
}

static void
run_flaky(struct flaky *f)
{
	struct ps_record *records[2];

	(void)add(PS_OK);
	(void)add(PS_OK);
	records[0] = &b->records[0];
	records[1] = &b->records[1];
	tolerance_run(&t, flaky_stage, f, b, records, 2);
}

Test(tolerance, a_retry_runs_the_failed_record_alone)
{
	struct flaky f = { .left = 3 };

	t.retry_ms = -1;
	run_flaky(&f);
	cr_assert(eq(int, f.calls, 4));
	cr_assert(eq(int, f.records, 2 + 3));
	cr_assert(eq(int, b->records[1].outcome, PS_KEPT));
	cr_assert(eq(u64, t.counts.retries, 3));
}

Test(tolerance, without_a_retry_timeout_there_is_one_try)
{
	struct flaky f = { .left = 3 };

	run_flaky(&f);
	cr_assert(eq(int, f.calls, 1));
	cr_assert(eq(int, b->records[1].outcome, PS_FAILED));
}

Test(tolerance, retries_end_when_their_time_is_over)
{
	struct flaky f = { .left = 1 << 20 };

	t.retry_ms = 30;
	run_flaky(&f);
	cr_assert(eq(int, b->records[1].outcome, PS_FAILED));
	cr_assert(gt(int, f.calls, 1));
}

Test(tolerance, a_stop_ends_the_retries)
{
	struct flaky f = { .left = 1 << 20 };

	t.retry_ms = -1;
	atomic_store(&g.stop, true);
	run_flaky(&f);
	cr_assert(eq(int, f.calls, 1));
}

Test(tolerance, delays_double_up_to_the_ceiling_and_are_random_above)
{
	t.delay_max_ms = 2000;
	cr_assert(eq(i64, tolerance_delay_ms(&t, 1), 300));
	cr_assert(eq(i64, tolerance_delay_ms(&t, 2), 600));
	cr_assert(eq(i64, tolerance_delay_ms(&t, 3), 1200));
	for (unsigned n = 4; n < 100; n++) {
		int64_t ms = tolerance_delay_ms(&t, n);

		cr_assert(ge(i64, ms, 0));
		cr_assert(lt(i64, ms, 2000));
	}
}

static char logged[1024];

static void
keep_line(void *ctx, enum ps_level level, const char *area, const char *text)
{
	(void)ctx;
	(void)snprintf(logged, sizeof logged, "%s %s: %s",
	    log_level_name(level), area, text);
}

struct line {
	bool log, messages, sink, brokers; /* time */
	int64_t timestamp;
	const char *expected;
};

static const struct line lines[] = {
	{ false, true, true, false, 7, "" },
	{ true, false, true, false, 7,
	    "ERROR task: Error encountered in task c-0. Executing stage "
	    "'VALUE_CONVERTER' with class 'a.b.C'. no number: abc" },
	{ true, true, true, false, 7,
	    "ERROR task: Error encountered in task c-0. Executing stage "
	    "'VALUE_CONVERTER' with class 'a.b.C', where consumed record is "
	    "{topic='t', partition=3, offset=41, timestamp=7, "
	    "timestampType=CreateTime}. no number: abc" },
	{ true, true, true, true, 7,
	    "ERROR task: Error encountered in task c-0. Executing stage "
	    "'VALUE_CONVERTER' with class 'a.b.C', where consumed record is "
	    "{topic='t', partition=3, offset=41, timestamp=7, "
	    "timestampType=LogAppendTime}. no number: abc" },
	{ true, true, true, false, PS_NO_TIMESTAMP,
	    "ERROR task: Error encountered in task c-0. Executing stage "
	    "'VALUE_CONVERTER' with class 'a.b.C', where consumed record is "
	    "{topic='t', partition=3, offset=41}. no number: abc" },
	{ true, true, false, false, 7,
	    "ERROR task: Error encountered in task c-0. Executing stage "
	    "'VALUE_CONVERTER' with class 'a.b.C', where source record is = "
	    "{topic='t', partition=-1, timestamp=7}. no number: abc" },
};

Test(tolerance, a_failure_is_logged_as_connect_does_when_asked_for)
{
	log_set_sink(keep_line, NULL);
	t.all = true;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		const struct line *l = &lines[i];
		struct ps_record *r;

		batch_reset(b, 4096);
		logged[0] = '\0';
		t.log = l->log;
		t.log_messages = l->messages;
		t.is_sink = l->sink;
		r = add(PS_E_DATA);
		r->timestamp = l->timestamp;
		r->log_append_time = l->brokers;
		r->partition = -1;
		r->origin_partition = 3;
		r->origin_offset = 41;
		cr_assert(zero(int, tolerance_settle(&t, b, &err)));
		cr_expect(eq(str, logged, (char *)l->expected), "line %zu", i);
	}
	cr_assert(eq(u64, t.counts.logged, 5));
	log_set_sink(NULL, NULL);
}

static void
init_from(const struct ps_setting *rows, struct played *w)
{
	played_begin(w);
	cr_assert(zero(int, played_configure(w, NULL, rows, &err)), "%s",
	    err.text);
	tolerance_init(&t, &w->task.settings, &g, b->arena);
}

Test(tolerance, the_keys_decide_what_a_task_does)
{
	static const struct ps_setting rows[] = {
		{ "connector.class", "NumbersSource" },
		{ "topic", "t" },
		{ "errors.tolerance", "all" },
		{ "errors.log.enable", "true" },
		{ "errors.log.include.messages", "true" },
		{ "errors.retry.timeout", "30" },
		{ "errors.retry.delay.max.ms", "2" },
		{ 0 },
	};
	struct flaky f = { .left = 1 << 20 };
	struct played w;

	init_from(rows, &w);
	cr_assert(t.all && t.log && t.log_messages);
	cr_assert(not(t.is_sink));
	cr_assert(eq(str, (char *)t.task_id, "c-0"));
	cr_assert(eq(i64, t.delay_max_ms, 2));
	run_flaky(&f);
	cr_assert(eq(int, b->records[1].outcome, PS_FAILED));
	cr_assert(gt(int, f.calls, 2), "tried again for 30 ms");
	played_end(&w);
}

Test(tolerance, without_keys_nothing_is_tried_again_or_left_out)
{
	static const struct ps_setting rows[] = {
		{ "connector.class", "NumbersSource" },
		{ "topic", "t" },
		{ 0 },
	};
	struct played w;

	init_from(rows, &w);
	cr_assert(not(t.all || t.log || t.log_messages));
	cr_assert(zero(i64, t.retry_ms));
	cr_assert(eq(i64, t.delay_max_ms, 60000));
	played_end(&w);
}
