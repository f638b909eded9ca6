#include "task/wait.h"

enum { SLICE_MS = 50 /* a suspension leaves two seconds */ };

/* Without an owner the loop has not begun: nothing is on its way. */
static int
tell_owner(struct task *t, struct ps_error *err)
{
	if (t->on_wait != NULL)
		return t->on_wait(t->on_wait_ctx, err);
	if (gauges_should_suspend(t->gauges))
		atomic_store(&t->gauges->idle, true);
	return 0;
}

int
wait_for_lease(struct task *t, struct ps_error *err)
{
	return wait_for_lease_within(t, INT64_MAX, err);
}

int
wait_for_lease_within(struct task *t, int64_t limit_ms, struct ps_error *err)
{
	struct clock_ms start = clock_now();

	for (;;) {
		bool rests = gauges_should_suspend(t->gauges);

		if (tell_owner(t, err) != 0)
			return -1;
		if (!rests)
			return 0;
		if (clock_since(start, clock_now()) >= limit_ms)
			return ps_fail(err, PS_E_RETRY,
			    "the worker's lease has ended, and is not renewed "
			    "within %lld ms",
			    (long long)limit_ms);
		if (!task_sleep(t, SLICE_MS))
			return ps_fail(err, PS_E_RETRY, "stopped");
	}
}

int
wait_until(struct task *t, const struct wait *w, struct ps_error *err)
{
	struct clock_ms start = clock_now();
	int done;

	for (;;) {
		struct clock_ms looked = clock_now();

		if (wait_for_lease(t, err) != 0)
			return ps_fail_in(err, "%s", w->what);
		/* No rest counts, whenever it began. */
		start = clock_after(start, clock_since(looked, clock_now()));
		done = w->turn(w->ctx, SLICE_MS, err);
		if (done != 0)
			return done == 1 ? 0 : -1;
		if (gauges_should_stop(t->gauges))
			return ps_fail(err, PS_E_RETRY, "%s: stopped", w->what);
		if (clock_since(start, clock_now()) >= w->limit_ms)
			return ps_fail(err, PS_E_RETRY,
			    "%s: no answer within %lld ms", w->what,
			    (long long)w->limit_ms);
	}
}
