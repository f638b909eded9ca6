#include "task/wait.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "tests/task/played.h"

static struct played w;
static struct ps_error err;

/* Is over at the `at`-th turn, as `done` says; what happens at `act_at`. */
static struct script {
	int turns, at, done, act_at, waits;
	void (*act)(void);
} sc;

static int
turn(void *ctx, int slice_ms, struct ps_error *e)
{
	(void)ctx;
	cr_expect(slice_ms > 0);
	if (++sc.turns == sc.act_at)
		sc.act();
	if (sc.turns < sc.at)
		return 0;
	return sc.done == -1 ? ps_fail(e, PS_E_DATA, "no") : sc.done;
}

static int
on_wait(void *ctx, struct ps_error *e)
{
	(void)ctx;
	(void)e;
	/* The lease is renewed after a while. */
	if (atomic_load(&w.gauges.suspend) && ++sc.waits == 3)
		atomic_store(&w.gauges.suspend, false);
	return 0;
}

static void
setup(void)
{
	static const struct ps_setting rows[] = { { "connector.class",
						      "KeeperSink" },
		{ "file", "/x" }, { "topics", "t" }, { NULL, NULL } };

	played_begin(&w);
	ps_error_clear(&err);
	cr_assert(eq(int, played_configure(&w, NULL, rows, &err), 0), "%s",
	    err.text);
	sc = (struct script){ .at = 5, .done = 1 };
}

static void
teardown(void)
{
	played_end(&w);
}

TestSuite(wait, .init = setup, .fini = teardown, .timeout = 20);

static int
wait_for_answer(int64_t limit_ms)
{
	const struct wait answer = { "the answer", limit_ms, turn, NULL };

	return wait_until(&w.task, &answer, &err);
}

Test(wait, ends_when_it_is_over)
{
	cr_expect(eq(int, wait_for_answer(10000), 0));
	cr_expect(eq(int, sc.turns, 5));
}

Test(wait, ends_with_what_the_turn_says)
{
	sc.done = -1;
	cr_expect(eq(int, wait_for_answer(10000), -1));
	cr_expect(eq(int, err.code, PS_E_DATA));
}

Test(wait, has_a_limit)
{
	sc.at = INT32_MAX;
	cr_expect(eq(int, wait_for_answer(30), -1));
	cr_expect(eq(int, err.code, PS_E_RETRY));
	cr_expect(eq(str, err.text, "the answer: no answer within 30 ms"));
}

static void
stop(void)
{
	atomic_store(&w.gauges.stop, true);
}

Test(wait, hears_a_stop)
{
	sc.at = INT32_MAX;
	sc.act_at = 3;
	sc.act = stop;
	cr_expect(eq(int, wait_for_answer(INT32_MAX), -1));
	cr_expect(eq(int, err.code, PS_E_RETRY));
	cr_expect(eq(str, err.text, "the answer: stopped"));
	cr_expect(eq(int, sc.turns, 3));
}

static void
suspend(void)
{
	atomic_store(&w.gauges.suspend, true);
}

Test(wait, rests_while_the_task_is_suspended)
{
	w.task.on_wait = on_wait;
	sc.act_at = 2;
	sc.act = suspend;
	cr_expect(eq(int, wait_for_answer(10000), 0));
	cr_expect(eq(int, sc.waits, 3));
	cr_expect(eq(int, sc.turns, 5));
	cr_expect(not(atomic_load(&w.gauges.idle)), "its owner says so");
}

Test(wait, for_the_lease_is_over_when_it_is_there)
{
	w.task.on_wait = on_wait;
	cr_expect(eq(int, wait_for_lease(&w.task, &err), 0));
	suspend();
	cr_expect(eq(int, wait_for_lease(&w.task, &err), 0));
	cr_expect(eq(int, sc.waits, 3));
	cr_expect(not(atomic_load(&w.gauges.suspend)));
}

static int
tell_stop(void *ctx, struct ps_error *e)
{
	(void)ctx;
	(void)e;
	stop();
	return 0;
}

Test(wait, for_the_lease_hears_a_stop)
{
	w.task.on_wait = tell_stop;
	suspend();
	cr_expect(eq(int, wait_for_lease(&w.task, &err), -1));
	cr_expect(eq(int, err.code, PS_E_RETRY));
	cr_expect(eq(str, err.text, "stopped"));
}

static int
refuse(void *ctx, struct ps_error *e)
{
	(void)ctx;
	return ps_fail(e, PS_E_DATA, "begin again");
}

Test(wait, for_the_lease_ends_as_the_owner_says)
{
	w.task.on_wait = refuse;
	cr_expect(eq(int, wait_for_lease(&w.task, &err), -1));
	cr_expect(eq(int, err.code, PS_E_DATA));
	cr_expect(eq(str, err.text, "begin again"));
}

Test(wait, before_the_loop_has_begun_nothing_is_on_its_way)
{
	suspend();
	atomic_store(&w.gauges.stop, true);
	cr_expect(eq(int, wait_for_answer(10000), -1));
	cr_expect(eq(int, sc.turns, 0));
	cr_expect(atomic_load(&w.gauges.idle));
}
