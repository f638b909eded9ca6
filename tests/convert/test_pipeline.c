#include "convert/pipeline.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "record/batch.h"
#include "tests/task/played.h"

#define SOURCE                                  \
	{ "connector.class", "NumbersSource" }, \
	{                                       \
		"topic", "t"                    \
	}

static struct played w;
static struct ps_batch *b;
static struct pipeline *p;
static struct ps_error err;

static void
setup(void)
{
	played_begin(&w);
	b = batch_new(4096);
	p = NULL;
	ps_error_clear(&err);
}

static void
teardown(void)
{
	pipeline_free(&p);
	batch_free(&b);
	played_end(&w);
}

TestSuite(pipeline, .init = setup, .fini = teardown, .timeout = 30);

static void
make(const struct ps_setting *rows)
{
	struct settings *s = &w.task.settings;

	cr_assert(eq(int, played_configure(&w, NULL, rows, &err), 0), "%s",
	    err.text);
	tolerance_init(&w.task.tolerance, s, &w.gauges, s->arena);
	p = pipeline_new(s, host_abi(w.task.host), &err);
}

static struct ps_record *
add(const char *topic, const char *value)
{
	struct ps_record *r = ps_batch_add(b);

	r->topic = r->origin_topic = topic;
	if (value != NULL)
		r->value = ps_text(value);
	return r;
}

static const char *
topic(size_t i)
{
	return b->records[i].topic;
}

Test(pipeline, without_transforms_it_is_empty_and_changes_nothing)
{
	static const struct ps_setting rows[] = { SOURCE, { 0 } };

	make(rows);
	cr_assert(p != NULL, "%s", err.text);
	cr_expect(pipeline_is_empty(p));
	(void)add("orders", "x");
	pipeline_apply(p, &w.task.tolerance, b);
	cr_expect(eq(str, (char *)topic(0), "orders"));
}

Test(pipeline, transforms_run_in_their_order)
{
	static const struct ps_setting rows[] = {
		SOURCE,
		{ "transforms", "one, two" },
		{ "transforms.one.type", "RegexRouter" },
		{ "transforms.one.regex", "(.*)" },
		{ "transforms.one.replacement", "$1-1" },
		{ "transforms.two.type",
		    "org.apache.kafka.connect.transforms.RegexRouter" },
		{ "transforms.two.regex", "(.*)-1" },
		{ "transforms.two.replacement", "$1-2" },
		{ 0 },
	};

	make(rows);
	cr_assert(p != NULL, "%s", err.text);
	cr_expect(not(pipeline_is_empty(p)));
	(void)add("a", "x");
	(void)add("b", "x");
	pipeline_apply(p, &w.task.tolerance, b);
	cr_expect(eq(str, (char *)topic(0), "a-2"));
	cr_expect(eq(str, (char *)topic(1), "b-2"));
}

Test(pipeline, a_predicate_chooses_and_negate_chooses_the_others)
{
	static const char *const negate[] = { "false", "true" };
	static const enum ps_outcome want[2][3] = {
		{ PS_DROPPED, PS_KEPT, PS_DROPPED },
		{ PS_KEPT, PS_DROPPED, PS_KEPT },
	};

	for (size_t i = 0; i < 2; i++) {
		const struct ps_setting rows[] = {
			SOURCE,
			{ "predicates", "isLog" },
			{ "predicates.isLog.type", "TopicNameMatches" },
			{ "predicates.isLog.pattern", "log.*" },
			{ "transforms", "drop" },
			{ "transforms.drop.type", "DropAll" },
			{ "transforms.drop.predicate", "isLog" },
			{ "transforms.drop.negate", negate[i] },
			{ 0 },
		};

		teardown();
		setup();
		make(rows);
		cr_assert(p != NULL, "%s", err.text);
		(void)add("logs", "x");
		(void)add("orders", "x");
		(void)add("log", "x");
		pipeline_apply(p, &w.task.tolerance, b);
		for (size_t k = 0; k < 3; k++)
			cr_expect(eq(int, b->records[k].outcome, want[i][k]),
			    "negate=%s, %s", negate[i], topic(k));
	}
}

Test(pipeline, what_one_drops_the_next_does_not_see)
{
	static const struct ps_setting rows[] = {
		SOURCE,
		{ "predicates", "gone" },
		{ "predicates.gone.type", "RecordIsTombstone" },
		{ "transforms", "drop,rename" },
		{ "transforms.drop.predicate", "gone" },
		{ "transforms.drop.type", "DropAll" },
		{ "transforms.rename.regex", ".*" },
		{ "transforms.rename.replacement", "seen" },
		{ "transforms.rename.type", "RegexRouter" },
		{ 0 },
	};

	make(rows);
	cr_assert(p != NULL, "%s", err.text);
	(void)add("a", NULL);
	(void)add("b", "x");
	pipeline_apply(p, &w.task.tolerance, b);
	cr_expect(eq(int, b->records[0].outcome, PS_DROPPED));
	cr_expect(eq(str, (char *)topic(0), "a"));
	cr_expect(eq(str, (char *)topic(1), "seen"));
}

Test(pipeline, a_record_that_fails_leaves_its_neighbours_alone)
{
	static const struct ps_setting rows[] = {
		SOURCE,
		{ "transforms", "stamp" },
		{ "transforms.stamp.static.field", "by" },
		{ "transforms.stamp.static.value", "us" },
		{ "transforms.stamp.type",
		    "org.apache.kafka.connect.transforms.InsertField$Value" },
		{ 0 },
	};
	static struct ps_pair pairs[2];

	make(rows);
	cr_assert(p != NULL, "%s", err.text);
	for (size_t i = 0; i < 2; i++)
		pairs[i] = (struct ps_pair){ ps_text("a"), ps_int64(1) };
	add("t", NULL)->value = ps_map(&pairs[0], 1);
	(void)add("t", "no map");
	add("t", NULL)->value = ps_map(&pairs[1], 1);
	pipeline_apply(p, &w.task.tolerance, b);
	cr_expect(ps_map_find(&b->records[0].value, "by") != NULL);
	cr_assert(eq(int, b->records[1].outcome, PS_FAILED));
	cr_expect(
	    eq(int, b->records[1].failure->stage, PS_STAGE_TRANSFORMATION));
	cr_expect(ps_map_find(&b->records[2].value, "by") != NULL);
	cr_expect(eq(int, b->records[2].outcome, PS_KEPT));
}

Test(pipeline, what_is_wrong_with_a_part_is_said_with_its_key)
{
	static const struct {
		struct ps_setting rows[6];
		const char *says[2];
	} cases[] = {
		{ { SOURCE, { "transforms", "a" } },
		    { "\"transforms.a.type\"", "no default value" } },
		{ { SOURCE, { "transforms", "a" },
		      { "transforms.a.type", "RegexRooter" } },
		    { "transforms.a.type", "RegexRouter" } },
		{ { SOURCE, { "transforms", "a" },
		      { "transforms.a.type", "RegexRouter" } },
		    { "transforms.a.type", "regex" } },
		{ { SOURCE, { "transforms", "a" },
		      { "transforms.a.predicate", "isLog" },
		      { "transforms.a.type", "DropAll" } },
		    { "transforms.a.predicate", "isLog" } },
		{ { SOURCE, { "predicates", "p" } },
		    { "\"predicates.p.type\"", "no default value" } },
		{ { SOURCE, { "predicates", "p" },
		      { "predicates.p.type", "DropAll" } },
		    { "predicates.p.type", "predicate" } },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		teardown();
		setup();
		make(cases[i].rows);
		cr_assert(p == NULL, "%zu", i);
		cr_expect(eq(int, err.code, PS_E_CONFIG));
		for (size_t k = 0; k < 2; k++)
			cr_expect(strstr(err.text, cases[i].says[k]) != NULL,
			    "%s: %s", cases[i].says[k], err.text);
	}
}
