#include "worker/upgrade.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "base/js.h"

static const struct wall_ms now = { 7000 };
static json_t *doc;

static void
setup(void)
{
	static const struct upgrade_limits limits = { 60000, 5000 };

	doc = upgrade_new("t", 3, &limits);
	upgrade_add(doc, "a", 1);
	upgrade_add(doc, "b", 2);
	upgrade_add(doc, "c", 2);
}

static void
teardown(void)
{
	json_decref(doc);
}

TestSuite(upgrade, .init = setup, .fini = teardown);

static void
become(json_t *next)
{
	json_decref(doc);
	doc = next;
}

static void
move(size_t at, const char *state)
{
	become(upgrade_moved(doc, at, state, NULL, now));
}

static const char *
state_of(size_t at)
{
	return js_opt_str(json_array_get(json_object_get(doc, "pipelines"), at),
	    "state");
}

static void
expect_step(enum upgrade_what what, const char *pipeline, int64_t version)
{
	struct upgrade_step s = upgrade_step(doc);

	cr_expect(eq(int, (int)s.what, (int)what));
	if (pipeline == NULL)
		return;
	cr_expect(eq(str, (char *)s.pipeline, (char *)pipeline));
	cr_expect(eq(i64, s.version, version));
}

static void
expect_states(const char *whole, const char *a, const char *b, const char *c)
{
	cr_expect(eq(str, (char *)js_opt_str(doc, "state"), (char *)whole));
	cr_expect(eq(str, (char *)state_of(0), (char *)a));
	cr_expect(eq(str, (char *)state_of(1), (char *)b));
	cr_expect(eq(str, (char *)state_of(2), (char *)c));
}

Test(upgrade, pipelines_go_one_by_one_in_their_order)
{
	static const char *const names[] = { "a", "b", "c" };

	for (size_t i = 0; i < 3; i++) {
		expect_step(UPGRADE_START, names[i], 3);
		cr_expect(upgrade_holds(doc, names[i]) == false);
		move(i, UPGRADE_UPGRADING);
		expect_step(UPGRADE_WATCH, names[i], 3);
		cr_expect(upgrade_holds(doc, names[i]));
		move(i, UPGRADE_UPGRADED);
	}
	expect_step(UPGRADE_FINISH, NULL, 0);
	cr_expect(upgrade_is_active(doc));
	become(upgrade_finished(doc));
	expect_states(UPGRADE_DONE, UPGRADE_UPGRADED, UPGRADE_UPGRADED,
	    UPGRADE_UPGRADED);
	expect_step(UPGRADE_NOTHING, NULL, 0);
	cr_expect(upgrade_is_active(doc) == false);
}

Test(upgrade, the_first_that_fails_stops_all_and_is_named)
{
	move(0, UPGRADE_UPGRADED);
	move(1, UPGRADE_UPGRADING);
	become(upgrade_failed(doc, 1, UPGRADE_ROLLED_BACK, "task 0 died", now));
	expect_states(UPGRADE_STOPPED, UPGRADE_UPGRADED, UPGRADE_ROLLED_BACK,
	    UPGRADE_SKIPPED);
	cr_expect(eq(str, (char *)js_opt_str(doc, "reason"),
	    "pipeline b: task 0 died"));
	expect_step(UPGRADE_NOTHING, NULL, 0);
}

Test(upgrade, all_go_back_the_last_first)
{
	move(0, UPGRADE_UPGRADED);
	move(1, UPGRADE_UPGRADING);
	become(upgrade_reversed(doc));
	expect_step(UPGRADE_BACK, "b", 2);
	cr_expect(upgrade_holds(doc, "b"));
	move(1, UPGRADE_ROLLED_BACK);
	expect_step(UPGRADE_BACK, "a", 1);
	move(0, UPGRADE_ROLLED_BACK);
	expect_step(UPGRADE_FINISH, NULL, 0);
	become(upgrade_finished(doc));
	expect_states(UPGRADE_ROLLED_BACK, UPGRADE_ROLLED_BACK,
	    UPGRADE_ROLLED_BACK, UPGRADE_SKIPPED);
}

Test(upgrade, what_is_stopped_ends_with_the_one_at_hand)
{
	move(0, UPGRADE_UPGRADING);
	become(upgrade_stopped(doc, "asked to"));
	expect_step(UPGRADE_WATCH, "a", 3);
	move(0, UPGRADE_UPGRADED);
	expect_step(UPGRADE_FINISH, NULL, 0);
	become(upgrade_finished(doc));
	expect_states(UPGRADE_STOPPED, UPGRADE_UPGRADED, UPGRADE_SKIPPED,
	    UPGRADE_SKIPPED);
	cr_expect(eq(str, (char *)js_opt_str(doc, "reason"), "asked to"));
}

Test(upgrade, versions_of_the_way_back_are_needed)
{
	cr_expect(upgrade_needs(doc, 1));
	cr_expect(upgrade_needs(doc, 2));
	cr_expect(upgrade_needs(doc, 3));
	cr_expect(upgrade_needs(doc, 4) == false);
	cr_expect(upgrade_needs(NULL, 0) == false);
}

/* As read from the log, whatever stands there. */
Test(upgrade, a_strange_document_has_no_steps)
{
	static const char *const texts[] = { "{}", "{\"state\":7}",
		"{\"state\":\"RUNNING\"}",
		"{\"state\":\"RUNNING\",\"pipelines\":[1,{}]}",
		"{\"state\":\"ROLLING_BACK\",\"pipelines\":{}}" };
	struct ps_error err = { 0 };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		become(js_parse(texts[i], strlen(texts[i]), "doc", &err));
		cr_assert(doc != NULL);
		cr_expect(upgrade_step(doc).what == UPGRADE_NOTHING ||
			  upgrade_step(doc).what == UPGRADE_FINISH);
		cr_expect(upgrade_holds(doc, "") == false);
	}
}
