#include <string.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "task/measures.h"

static struct metric_registry *r;
static struct measures m;

static void
begin(void)
{
	r = metric_new(1000);
	measures_init(&m, (struct clock_ms){ 1000 });
}

static void
end(void)
{
	metric_free(&r);
}

TestSuite(measures, .init = begin, .fini = end);

struct search {
	const char *name;
	double value;
	size_t count;
};

static void
look(void *ctx, enum metric_kind kind, const char *name, const char *labels,
    double value)
{
	struct search *s = ctx;

	(void)kind;
	cr_expect(eq(str, (char *)labels, "connector=\"c\""));
	s->count++;
	if (strcmp(name, s->name) == 0)
		s->value = value;
}

static double
value_at(int64_t ms, enum measures_kind kind, const char *name)
{
	struct search s = { name, -1, 0 };

	measures_publish(&m, kind, r, "connector=\"c\"",
	    (struct clock_ms){ ms });
	metric_each(r, look, &s);
	return s.value;
}

Test(measures, all_names_are_there_before_anything_happened)
{
	struct search s = { "", 0, 0 };

	measures_publish(&m, MEASURES_SINK, r, "connector=\"c\"",
	    (struct clock_ms){ 1001 });
	metric_each(r, look, &s);
	cr_expect(eq(sz, s.count, 25));
}

Test(measures, a_rate_is_of_the_last_window_and_this_one)
{
	const char *rate = "kafka_connect_source_task_source_record_poll_rate";

	m.counters[MEASURE_READ].total = 100;
	cr_expect(eq(dbl, value_at(11000, MEASURES_SOURCE, rate), 10));
	m.counters[MEASURE_READ].total = 300;
	cr_expect(eq(dbl, value_at(31000, MEASURES_SOURCE, rate), 10));
	/* Nothing since: it fades, and is 0 after two windows. */
	cr_expect(eq(dbl, value_at(61000, MEASURES_SOURCE, rate), 5));
	cr_expect(eq(dbl, value_at(91000, MEASURES_SOURCE, rate), 0));
}

Test(measures, a_maximum_is_forgotten_after_two_windows)
{
	const char *max = "kafka_connect_connector_task_batch_size_max";
	const char *avg = "kafka_connect_connector_task_batch_size_avg";

	measures_value(&m, MEASURE_BATCH, 10);
	measures_value(&m, MEASURE_BATCH, 20);
	cr_expect(eq(dbl, value_at(2000, MEASURES_SOURCE, max), 20));
	cr_expect(eq(dbl, value_at(31000, MEASURES_SOURCE, avg), 15));
	measures_value(&m, MEASURE_BATCH, 6);
	cr_expect(eq(dbl, value_at(40000, MEASURES_SOURCE, avg), 12));
	cr_expect(eq(dbl, value_at(61000, MEASURES_SOURCE, max), 20));
	cr_expect(eq(dbl, value_at(62000, MEASURES_SOURCE, max), 6));
	cr_expect(eq(dbl, value_at(91000, MEASURES_SOURCE, max), 6));
	cr_expect(eq(dbl, value_at(92000, MEASURES_SOURCE, max), 0));
}

Test(measures, the_smallest_transaction_is_of_both_windows)
{
	const char *min = "kafka_connect_source_task_transaction_size_min";

	cr_expect(eq(dbl, value_at(1500, MEASURES_SOURCE, min), 0));
	measures_value(&m, MEASURE_TRANSACTION, 7);
	measures_value(&m, MEASURE_TRANSACTION, 9);
	cr_expect(eq(dbl, value_at(31000, MEASURES_SOURCE, min), 7));
	cr_expect(eq(dbl, value_at(32000, MEASURES_SOURCE, min), 7));
	measures_value(&m, MEASURE_TRANSACTION, 8);
	cr_expect(eq(dbl, value_at(33000, MEASURES_SOURCE, min), 7));
	measures_value(&m, MEASURE_TRANSACTION, 3);
	cr_expect(eq(dbl, value_at(34000, MEASURES_SOURCE, min), 3));
}

Test(measures, the_time_of_a_task_is_running_or_paused)
{
	const char *run = "kafka_connect_connector_task_running_ratio";
	const char *pause = "kafka_connect_connector_task_pause_ratio";

	cr_expect(eq(dbl, value_at(2000, MEASURES_SINK, run), 1));
	measures_paused(&m, true, (struct clock_ms){ 4000 });
	cr_expect(eq(dbl, value_at(5000, MEASURES_SINK, pause), 0.25));
	measures_paused(&m, false, (struct clock_ms){ 7000 });
	cr_expect(eq(dbl, value_at(7000, MEASURES_SINK, run), 0.5));
}

Test(measures, a_commit_that_failed_counts_as_such)
{
	const char *ok =
	    "kafka_connect_connector_task_offset_commit_success_percentage";
	const char *bad =
	    "kafka_connect_connector_task_offset_commit_failure_percentage";

	cr_expect(eq(dbl, value_at(1500, MEASURES_SINK, bad), 0));
	for (int i = 0; i < 4; i++)
		measures_commit(&m, clock_now(), i == 0);
	cr_expect(eq(dbl, value_at(2000, MEASURES_SINK, ok), 0.75));
	cr_expect(eq(dbl, value_at(2000, MEASURES_SINK, bad), 0.25));
}
