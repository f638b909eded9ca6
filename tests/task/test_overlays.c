#include "task/overlays.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/js.h"
#include "tests/task/played.h"

static struct played w;
static struct instance ops;
static struct ps_error err;

static void
setup(void)
{
	played_begin(&w);
	ps_error_clear(&err);
}

static void
teardown(void)
{
	played_end(&w);
}

TestSuite(overlays, .init = setup, .fini = teardown, .timeout = 30);

/* The connector of the rows, its operations in `ops`. */
static void
configure(const struct ps_setting *worker, const struct ps_setting *rows)
{
	cr_assert(eq(int, played_configure(&w, worker, rows, &err), 0), "%s",
	    err.text);
	cr_assert(eq(int, instance_init(&ops, w.task.settings.class, &err), 0));
}

static const struct ps_setting numbers[] = {
	{ "connector.class", "NumbersSource" },
	{ "topic", "t" },
	{ 0 },
};

/* ---- How many --------------------------------------------------------------
 */

Test(overlays, more_tasks_than_allowed_are_refused)
{
	configure(NULL, numbers);
	cr_expect(
	    eq(int, overlays_check_count(&w.task.settings, 2, 2, &err), 0));
	cr_expect(
	    eq(int, overlays_check_count(&w.task.settings, 3, 2, &err), -1));
	cr_expect(eq(int, err.code, PS_E_CONFIG));
	cr_expect(strstr(err.text, "The connector c has generated 3 tasks, "
				   "which is greater than 2") == err.text);
}

Test(overlays, more_tasks_than_allowed_are_only_told_when_not_enforced)
{
	static const struct ps_setting rows[] = {
		{ "connector.class", "NumbersSource" },
		{ "tasks.max.enforce", "false" },
		{ "topic", "t" },
		{ 0 },
	};

	configure(NULL, rows);
	cr_expect(
	    eq(int, overlays_check_count(&w.task.settings, 3, 2, &err), 0));
}

/* ---- What is in them -------------------------------------------------------
 */

/* The JSON of one task with these settings, NULL with err. */
static char *
overlay(struct ps_setting *rows)
{
	struct ps_task_configs tasks = { .tasks = &rows, .count = 1 };
	json_t *j = overlays_json(&w.task.settings, &tasks, &err);
	char *text = j == NULL ? NULL : js_dump(w.task.settings.arena, j);

	json_decref(j);
	return text;
}

Test(overlays, a_tasks_settings_go_with_the_class_that_made_them)
{
	struct ps_setting rows[] = { { "slice", "1" }, { "end", "" }, { 0 } };

	configure(NULL, numbers);
	cr_expect(eq(str, overlay(rows),
	    "{\"tasks\":[{\"slice\":\"1\",\"end\":\"\"}],"
	    "\"class\":\"com.example.NumbersSourceConnector\","
	    "\"type\":\"source\",\"version\":\"1.0.0\"}"));
}

Test(overlays, what_repeats_the_connector_is_left_to_it)
{
	struct ps_setting rows[] = { { "topic", "t" }, { "count", "5" },
		{ 0 } };

	configure(NULL, numbers);
	cr_expect(strstr(overlay(rows), "[{\"count\":\"5\"}]") != NULL);
}

static const struct ps_setting env[] = {
	{ "config.providers", "env" },
	{ "config.providers.env.class", "EnvVarConfigProvider" },
	{ 0 },
};

static const struct ps_setting with_secret[] = {
	{ "connector.class", "NumbersSource" },
	{ "topic", "${env:PENSTOCK_TEST_SECRET}" },
	{ 0 },
};

/* A reference stays a reference in the topic. */
Test(overlays, a_repeated_secret_is_left_to_its_reference)
{
	struct ps_setting rows[] = { { "topic", "swordfish" }, { 0 } };

	cr_assert(setenv("PENSTOCK_TEST_SECRET", "swordfish", 1) == 0);
	configure(env, with_secret);
	cr_expect(strstr(overlay(rows), "\"tasks\":[{}]") != NULL);
}

Test(overlays, a_secret_elsewhere_is_refused_without_saying_it)
{
	struct ps_setting rows[] = { { "url", "http://u:swordfish@h" }, { 0 } };

	cr_assert(setenv("PENSTOCK_TEST_SECRET", "swordfish", 1) == 0);
	configure(env, with_secret);
	cr_expect(overlay(rows) == NULL);
	cr_expect(eq(int, err.code, PS_E_CONFIG));
	cr_expect(
	    strstr(err.text, "task config: url holds a value") == err.text);
	cr_expect(strstr(err.text, "swordfish") == NULL);
}

/* ---- New offsets -----------------------------------------------------------
 */

/* "handled", "not handled" or the error. */
static const char *
alter(const char *items)
{
	json_t *list = json_loads(items, JSON_DECODE_ANY, NULL), *j;
	const char *text;

	cr_assert(list != NULL, "%s", items);
	ps_error_clear(&err);
	j = overlays_alter_offsets(&w.task, &ops, &w.task.settings.config, list,
	    &err);
	text = j == NULL                                     ? err.text
	       : json_is_true(json_object_get(j, "handled")) ? "handled"
							     : "not handled";
	json_decref(j);
	json_decref(list);
	return text;
}

Test(overlays, a_source_checks_new_offsets)
{
	static const struct ps_setting rows[] = {
		{ "connector.class", "FileStreamSource" },
		{ "file", "/x" },
		{ "topic", "t" },
		{ 0 },
	};
	static const struct {
		const char *items, *says;
	} cases[] = {
		{ "[[{\"filename\":\"/x\"},{\"position\":4}]]", "handled" },
		{ "[[{\"filename\":\"/x\"},null]]", "handled" },
		{ "[[{\"file\":\"/x\"},null]]", "handled" },
		{ "[[{\"file\":\"/x\"},{\"position\":4}]]", "'filename'" },
		{ "[[null,{\"position\":4}]]", "cannot be null" },
		{ "[[{\"filename\":\"/x\"},{\"position\":-1}]]",
		    "non-negative" },
		{ "[[{\"filename\":\"/x\"},{\"place\":1}]]", "'position'" },
	};

	configure(NULL, rows);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *said = alter(cases[i].items);

		cr_expect(strstr(said, cases[i].says) != NULL, "%s: %s",
		    cases[i].items, said);
	}
}

Test(overlays, a_class_that_has_no_say_takes_any_offsets)
{
	configure(NULL, numbers);
	cr_expect(
	    eq(str, (char *)alter("[[{\"a\":1},{\"b\":2}]]"), "not handled"));
}

/* What a sink was asked for. */
static struct ps_topic_position seen[4];
static size_t seen_count;

static int
take_offsets(const struct ps_host *h, const struct ps_config *c,
    const struct ps_topic_position *tps, size_t count, struct ps_error *e)
{
	(void)h;
	(void)c;
	(void)e;
	memcpy(seen, tps, count * sizeof *tps);
	seen_count = count;
	return 1;
}

Test(overlays, a_sink_gets_positions_in_topics)
{
	static const struct ps_setting rows[] = {
		{ "connector.class", "KeeperSink" },
		{ "file", "/x" },
		{ "topics", "t" },
		{ 0 },
	};

	configure(NULL, rows);
	cr_expect(eq(str, (char *)alter("[]"), "not handled"));
	ops.sink.alter_offsets = take_offsets;
	cr_expect(eq(str,
	    (char *)alter("[[{\"kafka_topic\":\"t\",\"kafka_partition\":3},"
			  "{\"kafka_offset\":42}],"
			  "[{\"kafka_topic\":\"t\",\"kafka_partition\":4},"
			  "null]]"),
	    "handled"));
	cr_assert(eq(sz, seen_count, 2));
	cr_expect(eq(int, seen[0].partition, 3));
	cr_expect(eq(i64, seen[0].offset, 42));
	cr_expect(eq(int, seen[1].partition, 4));
	cr_expect(eq(i64, seen[1].offset, PS_NO_OFFSET));
}

Test(overlays, a_sinks_position_without_a_topic_is_refused_by_number)
{
	static const struct ps_setting rows[] = {
		{ "connector.class", "KeeperSink" },
		{ "file", "/x" },
		{ "topics", "t" },
		{ 0 },
	};
	const char *said;

	configure(NULL, rows);
	ops.sink.alter_offsets = take_offsets;
	said = alter("[[{\"kafka_topic\":\"t\",\"kafka_partition\":3},null],"
		     "[{\"kafka_partition\":4},null]]");
	cr_expect(strstr(said, "offset 1: ") == said, "%s", said);
	cr_expect(strstr(said, "kafka_topic") != NULL, "%s", said);
}
