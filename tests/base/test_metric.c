#include "base/metric.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static struct metric_registry *m;
static struct buf out;

static void
setup(void)
{
	m = metric_new(10);
	buf_init(&out, 65536);
}

static void
teardown(void)
{
	metric_free(&m);
	cr_assert_null(m);
	buf_fini(&out);
}

TestSuite(metric, .init = setup, .fini = teardown);

#define DROPPED(n)                                        \
	"# TYPE penstock_metrics_dropped_total counter\n" \
	"penstock_metrics_dropped_total " n "\n"

static char *
printed(void)
{
	buf_clear(&out);
	cr_assert(zero(int, metric_print(m, &out)));
	return (char *)buf_str(&out);
}

Test(metric, prints_by_name_with_help_and_type)
{
	metric_describe(m, "records_total", METRIC_COUNTER,
	    "All\nrecords \\o/");
	metric_add(m, METRIC_COUNTER, "records_total", "task=\"b-0\"", 2);
	metric_set(m, METRIC_GAUGE, "lag", "", 1.5);
	metric_add(m, METRIC_COUNTER, "records_total", "task=\"a-0\"", 1);
	metric_add(m, METRIC_COUNTER, "records_total", "task=\"b-0\"", 3);
	cr_assert(eq(str, printed(),
	    "# TYPE lag gauge\n"
	    "lag 1.5\n"
	    "# HELP records_total All\\nrecords \\\\o/\n"
	    "# TYPE records_total counter\n"
	    "records_total{task=\"a-0\"} 1\n"
	    "records_total{task=\"b-0\"} 5\n" DROPPED("0")));
}

Test(metric, prints_what_is_no_number_as_prometheus_reads_it)
{
	metric_set(m, METRIC_GAUGE, "a", "", INFINITY);
	metric_set(m, METRIC_GAUGE, "b", "", -INFINITY);
	metric_set(m, METRIC_GAUGE, "c", "", NAN);
	cr_assert(eq(str, printed(),
	    "# TYPE a gauge\na +Inf\n# TYPE b gauge\nb -Inf\n"
	    "# TYPE c gauge\nc NaN\n" DROPPED("0")));
}

Test(metric, drops_and_counts_what_is_beyond_its_ceiling)
{
	char name[16];

	for (int i = 0; i < 15; i++) {
		(void)snprintf(name, sizeof name, "m%02d", i);
		metric_set(m, METRIC_GAUGE, name, "", i);
		metric_describe(m, name, METRIC_GAUGE, "text");
	}
	cr_assert_not_null(strstr(printed(), "m09 9\n"));
	cr_assert_null(strstr(printed(), "m10"));
	cr_assert_not_null(strstr(printed(), DROPPED("5")));
	metric_set(m, METRIC_GAUGE, "m03", "", 7);
	cr_assert_not_null(strstr(printed(), "m03 7\n"));
}

Test(metric, forgets_the_series_of_a_task)
{
	metric_set(m, METRIC_GAUGE, "lag", "connector=\"a\",task=\"0\"", 1);
	metric_set(m, METRIC_GAUGE, "lag", "connector=\"b\",task=\"0\"", 2);
	metric_drop(m, "connector=\"a\"");
	cr_assert(eq(str, printed(),
	    "# TYPE lag gauge\nlag{connector=\"b\",task=\"0\"} 2\n" DROPPED(
		"0")));
}

static void
sum(void *ctx, enum metric_kind kind, const char *name, const char *labels,
    double value)
{
	cr_assert(eq(int, kind, METRIC_COUNTER));
	cr_assert_str_eq(name, "n");
	cr_assert(gt(sz, strlen(labels), 600));
	*(double *)ctx += value;
}

Test(metric, shows_each_series_however_long_its_labels)
{
	char labels[700];
	double total = 0;

	memset(labels, 'x', sizeof labels);
	labels[sizeof labels - 1] = '\0';
	metric_add(m, METRIC_COUNTER, "n", labels, 4);
	labels[0] = 'y';
	metric_add(m, METRIC_COUNTER, "n", labels, 8);
	metric_each(m, sum, &total);
	cr_assert(total == 12);
}

Test(metric, tells_names_and_labels_apart)
{
	metric_set(m, METRIC_GAUGE, "ab", "c", 1);
	metric_set(m, METRIC_GAUGE, "a", "bc", 2);
	cr_assert(eq(str, printed(),
	    "# TYPE a gauge\na{bc} 2\n# TYPE ab gauge\nab{c} 1\n" DROPPED(
		"0")));
}

Test(metric, escapes_the_value_of_a_label)
{
	buf_clear(&out);
	metric_put_label(&out, "connector", "a\\b\"c\nd");
	(void)buf_puts(&out, ",");
	metric_put_label(&out, "topic", "");
	cr_assert(eq(str, (char *)buf_str(&out),
	    "connector=\"a\\\\b\\\"c\\nd\",topic=\"\""));
}

Test(metric, fails_when_the_text_does_not_fit)
{
	struct buf small;

	buf_init(&small, 20);
	metric_set(m, METRIC_GAUGE, "lag", "", 1);
	cr_assert(eq(int, metric_print(m, &small), -1));
	buf_fini(&small);
}
