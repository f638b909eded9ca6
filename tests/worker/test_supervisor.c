#include "worker/supervisor.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define LIMIT_MS 20000

static struct world {
	uv_loop_t loop;
	struct gate gate;
	struct supervisor *s;
	struct task *t;
	int removed, spawned, ready;
	bool hold; /* ready is not answered */
	char cause[256], trace[512], next[256];
	enum task_state last;
	int seen[TASK_STATES];
	bool stalled;
} w;

static void
on_moved(void *ctx, struct task *t)
{
	struct task_view v = task_view(t);

	(void)ctx;
	w.last = v.state;
	w.seen[v.state]++;
	w.stalled |= v.stalled;
	if (v.cause != NULL)
		(void)snprintf(w.cause, sizeof w.cause, "%s", v.cause);
	if (v.trace != NULL)
		(void)snprintf(w.trace, sizeof w.trace, "%s", v.trace);
	if (v.next_action != NULL)
		(void)snprintf(w.next, sizeof w.next, "%s", v.next_action);
}

static void
on_ready(void *ctx, struct task *t)
{
	(void)ctx;
	w.ready++;
	if (!w.hold)
		task_spawn(t);
}

static void
on_spawned(void *ctx, struct task *t)
{
	(void)ctx;
	(void)t;
	w.spawned++;
}

static void
on_message(void *ctx, struct task *t, const struct msg *m)
{
	(void)ctx;
	(void)t;
	(void)m;
}

static void
on_removed(void *ctx, struct task *t)
{
	(void)ctx;
	(void)t;
	w.removed++;
	w.t = NULL;
}

static const struct task_ops ops = { on_moved, on_ready, on_spawned, on_message,
	on_removed };

static struct task_spec
spec_of(const char *name)
{
	return (struct task_spec){ .connector = name,
		.limits = { .stall_ms = 200,
		    .hang_ms = 60000,
		    .silence_ms = 10000,
		    .start_ms = 60000,
		    .stop_ms = 2000,
		    .restart_first_ms = 20,
		    .restart_max_ms = 40,
		    .restart_tries = -1 } };
}

static void
begin(const struct task_spec *spec)
{
	struct supervisor_env env = { .loop = &w.loop,
		.gate = &w.gate,
		.ops = &ops,
		.program = TESTS "/worker/fake_child.py",
		.keep_fd = -1 };

	(void)signal(SIGPIPE, SIG_IGN);
	(void)uv_loop_init(&w.loop);
	gate_init(&w.gate, 2);
	w.s = supervisor_new(&env);
	w.t = task_add(w.s, spec);
}

static void
on_limit(uv_timer_t *t)
{
	(void)t;
	cr_fatal("nothing came of it: state %s, cause %s",
	    task_state_name(w.last), w.cause);
}

/* Turns the loop until the condition holds. */
#define UNTIL(condition)                                             \
	do {                                                         \
		uv_timer_t limit;                                    \
		(void)uv_timer_init(&w.loop, &limit);                \
		(void)uv_timer_start(&limit, on_limit, LIMIT_MS, 0); \
		while (!(condition))                                 \
			(void)uv_run(&w.loop, UV_RUN_ONCE);          \
		uv_close((uv_handle_t *)&limit, NULL);               \
		(void)uv_run(&w.loop, UV_RUN_NOWAIT);                \
	} while (0)

static void
end(void)
{
	if (w.t != NULL)
		task_remove(w.t);
	UNTIL(w.removed == 1);
	supervisor_free(&w.s);
	(void)uv_run(&w.loop, UV_RUN_DEFAULT);
	cr_assert(eq(int, uv_loop_close(&w.loop), 0));
	cr_assert(eq(sz, w.gate.inside, 0));
}

TestSuite(supervisor, .timeout = 60);

Test(supervisor, a_task_runs_pauses_resumes_and_ends)
{
	struct task_spec spec = spec_of("run-x");

	begin(&spec);
	UNTIL(w.last == TASK_RUNNING);
	cr_assert(eq(sz, w.gate.inside, 0));
	task_pause(w.t);
	UNTIL(w.last == TASK_PAUSED);
	task_resume(w.t);
	UNTIL(w.last == TASK_RUNNING);
	end();
}

Test(supervisor, a_crash_is_told_with_its_signal_and_call_and_restarted)
{
	struct task_spec spec = spec_of("segv-x");

	begin(&spec);
	UNTIL(w.seen[TASK_FAILED] >= 1);
	cr_assert(eq(str, w.cause, "killed by SIGSEGV in poll"));
	cr_assert(ne(ptr, strstr(w.next, "by itself"), NULL));
	UNTIL(w.spawned >= 2);
	end();
}

Test(supervisor, the_last_words_of_a_process_are_its_trace)
{
	struct task_spec spec = spec_of("words-x");

	begin(&spec);
	UNTIL(w.seen[TASK_FAILED] >= 1);
	cr_assert(eq(str, w.cause, "ended by itself with exit code 3"));
	cr_assert(
	    ne(ptr, strstr(w.trace, "assertion of a library failed"), NULL));
	end();
}

Test(supervisor, a_wrong_configuration_is_not_restarted)
{
	struct task_spec spec = spec_of("config-x");

	begin(&spec);
	UNTIL(w.last == TASK_FAILED);
	cr_assert(eq(str, w.cause, "file is not set"));
	cr_assert(eq(str, w.next, "change the configuration"));
	cr_assert(eq(int, w.spawned, 1));
	task_restart(w.t);
	UNTIL(w.spawned == 2 && w.last == TASK_FAILED);
	end();
}

Test(supervisor, an_outage_is_restarted_so_often_as_allowed)
{
	struct task_spec spec = spec_of("retry-x");

	spec.limits.restart_tries = 2;
	begin(&spec);
	UNTIL(w.seen[TASK_FAILED] == 3);
	cr_assert(eq(int, w.spawned, 3));
	cr_assert(eq(str, w.cause, "the target is down"));
	cr_assert(eq(str, w.next, "restart the task when the cause is gone"));
	end();
}

Test(supervisor, a_task_that_is_done_is_completed)
{
	struct task_spec spec = spec_of("completed-x");

	begin(&spec);
	UNTIL(w.last == TASK_COMPLETED);
	cr_assert(eq(int, w.spawned, 1));
	end();
}

Test(supervisor, a_child_that_lies_is_killed_and_the_worker_unharmed)
{
	struct task_spec spec = spec_of("lies-x");

	begin(&spec);
	UNTIL(w.seen[TASK_FAILED] >= 1);
	cr_assert(ne(ptr, strstr(w.cause, "broke the protocol"), NULL));
	end();
}

Test(supervisor, a_message_of_the_wrong_way_is_a_lie)
{
	struct task_spec spec = spec_of("wrongway-x");

	begin(&spec);
	UNTIL(w.seen[TASK_FAILED] >= 1);
	cr_assert(ne(ptr, strstr(w.cause, "broke the protocol"), NULL));
	end();
}

Test(supervisor, a_long_call_is_shown_as_stalled_then_killed)
{
	struct task_spec spec = spec_of("hangs-x");

	spec.limits.hang_ms = 1500;
	begin(&spec);
	UNTIL(w.stalled);
	cr_assert(eq(int, w.last, TASK_RUNNING));
	cr_assert(eq(int, strncmp(w.cause, "poll has not returned", 21), 0));
	UNTIL(w.seen[TASK_FAILED] >= 1);
	cr_assert(ne(ptr, strstr(w.cause, "poll did not return"), NULL));
	end();
}

Test(supervisor, a_deaf_task_is_killed_at_the_limit_of_its_stop)
{
	struct task_spec spec = spec_of("deaf-x");
	struct clock_ms began;

	spec.limits.stop_ms = 400;
	begin(&spec);
	UNTIL(w.last == TASK_RUNNING);
	began = clock_now();
	end();
	cr_assert(ge(i64, clock_since(began, clock_now()), 350));
	cr_assert(le(i64, clock_since(began, clock_now()), 5000));
}

Test(supervisor, a_stop_while_offsets_are_read_ends_without_a_process)
{
	struct task_spec spec = spec_of("run-x");

	w.hold = true;
	begin(&spec);
	UNTIL(w.ready == 1);
	end();
	cr_assert(eq(int, w.spawned, 0));
}

Test(supervisor, offsets_that_cannot_be_read_are_tried_again)
{
	struct task_spec spec = spec_of("run-x");
	struct ps_error err = { 0 };

	w.hold = true;
	begin(&spec);
	UNTIL(w.ready == 1);
	(void)ps_fail(&err, PS_E_RETRY, "no broker");
	task_unready(w.t, &err);
	cr_assert(eq(int, w.last, TASK_FAILED));
	w.hold = false;
	UNTIL(w.last == TASK_RUNNING);
	end();
}
