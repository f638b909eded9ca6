#include "supervise/supervisor.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define LIMIT_MS 20000
#define TASKS    12

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
	const struct task *tasks[TASKS]; /* by id */
	int starting_at_most;
	int64_t again_at[TASKS]; /* as its next action says */
} w;

static int
how_many(enum task_state state)
{
	int n = 0;

	for (int i = 0; i < TASKS; i++)
		n += w.tasks[i] != NULL && task_view(w.tasks[i]).state == state;
	return n;
}

static void
on_moved(void *ctx, struct task *t)
{
	struct task_view v = task_view(t);
	int ms;

	(void)ctx;
	w.last = v.state;
	w.seen[v.state]++;
	w.tasks[v.id] = t;
	if (v.state == TASK_FAILED && v.next_action != NULL &&
	    sscanf(v.next_action, "starts again by itself in %d ms", &ms) == 1)
		w.again_at[v.id] = clock_after(clock_now(), ms).ms;
	if (how_many(TASK_STARTING) > w.starting_at_most)
		w.starting_at_most = how_many(TASK_STARTING);
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
	w.tasks[task_view(t).id] = NULL;
	w.removed++;
	w.t = NULL;
}

static const struct task_ops ops = { on_moved, on_ready, on_spawned, on_message,
	on_removed, NULL, NULL };

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
end_all(struct task **tasks, int count)
{
	for (int i = 0; i < count; i++)
		task_remove(tasks[i]);
	UNTIL(w.removed == count);
	supervisor_free(&w.s);
	(void)uv_run(&w.loop, UV_RUN_DEFAULT);
	cr_assert(eq(int, uv_loop_close(&w.loop), 0));
	cr_assert(eq(sz, w.gate.inside, 0));
}

static void
end(void)
{
	end_all(&w.t, w.t != NULL);
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

Test(supervisor, records_that_do_not_arrive_are_a_stall)
{
	struct task_spec spec = spec_of("clogged-x");

	begin(&spec);
	UNTIL(w.stalled);
	cr_assert(eq(int, w.last, TASK_RUNNING));
	cr_assert(
	    eq(int, strncmp(w.cause, "7 records are on their way", 26), 0));
	UNTIL(!task_view(w.t).stalled);
	UNTIL(task_view(w.t).stalled);
	cr_assert(eq(int, w.seen[TASK_FAILED], 0));
	end();
}

Test(supervisor, one_whose_partitions_are_nobodys_is_stalled_A10)
{
	struct task_spec spec = spec_of("shares-x");

	begin(&spec);
	UNTIL(w.stalled);
	cr_assert(eq(int, w.last, TASK_RUNNING));
	cr_assert(
	    eq(str, w.cause, "partitions of its topics are read by nobody"));
	UNTIL(!task_view(w.t).stalled);
	cr_assert(eq(int, w.seen[TASK_FAILED], 0));
	end();
}

static bool
says(const char *cause, const char *next)
{
	struct task_view v = task_view(w.t);

	return v.stalled && v.cause != NULL && v.next_action != NULL &&
	       strncmp(v.cause, cause, strlen(cause)) == 0 &&
	       strncmp(v.next_action, next, strlen(next)) == 0;
}

Test(supervisor, a_stall_of_another_kind_is_said_as_well)
{
	struct task_spec spec = spec_of("hangs_then_shares-x");

	begin(&spec);
	UNTIL(says("put has not returned", "is killed and started again"));
	UNTIL(says("topic t, partition 3", "end what else reads"));
	end();
}

Test(supervisor, what_a_stalled_task_says_takes_no_next_action_away)
{
	struct task_spec spec = spec_of("shares_then_hangs-x");

	begin(&spec);
	UNTIL(says("topic t, partition 3", "end what else reads"));
	UNTIL(says("topic t, partition 4", "end what else reads"));
	UNTIL(says("put has not returned", "is killed and started again"));
	end();
}

/* No terminal of the worker's reaches it, and where the kernel schedules
 * sessions it has the share of one. */
Test(supervisor, each_leads_a_session)
{
	struct task_spec spec = spec_of("run-x");

	begin(&spec);
	UNTIL(w.last == TASK_RUNNING);
	cr_assert(eq(int, getsid(task_view(w.t).pid), task_view(w.t).pid));
	end();
}

Test(supervisor, one_that_has_nothing_to_do_is_not_stalled)
{
	struct task_spec spec = spec_of("idle-x");

	begin(&spec);
	UNTIL(w.last == TASK_COMPLETED);
	cr_assert(not(w.stalled));
	end();
}

Test(supervisor, a_death_by_sigkill_says_whose_it_was)
{
	struct task_spec spec = spec_of("slain-x");

	begin(&spec);
	UNTIL(w.seen[TASK_FAILED] >= 1);
	cr_expect(eq(str, w.cause,
	    "killed by SIGKILL: not by this worker; the kernel does so when "
	    "memory is short"));
	supervisor_lease(w.s, clock_now());
	UNTIL(w.seen[TASK_FAILED] >= 3);
	cr_expect(eq(str, w.cause,
	    "killed by SIGKILL: the worker's lease had ended"));
	end();
}

static bool
has_died_after_silence(bool leased)
{
	struct task_spec spec = spec_of("frozen-x");
	bool said;

	begin(&spec);
	if (leased)
		supervisor_lease(w.s, clock_after(clock_now(), LIMIT_MS));
	UNTIL(w.seen[TASK_FAILED] >= 1);
	said = strstr(w.cause, "the lease it has had ends it") != NULL;
	end();
	return said;
}

/* Its own lease was not renewed; the worker's was. */
Test(supervisor, a_death_in_silence_may_be_its_leases)
{
	cr_expect(has_died_after_silence(true), "%s", w.cause);
}

Test(supervisor, a_death_in_silence_without_a_lease_is_not)
{
	cr_expect(not(has_died_after_silence(false)), "%s", w.cause);
}

Test(supervisor, silence_is_the_cause_when_it_kills)
{
	struct task_spec spec = spec_of("silent-x");

	spec.limits.silence_ms = 300;
	begin(&spec);
	UNTIL(w.seen[TASK_FAILED] >= 1);
	cr_expect(eq(str, w.cause, "killed: no sign of life for 300 ms"));
	end();
}

Test(supervisor, a_stalled_task_that_goes_on_is_not_stalled_any_more)
{
	struct task_spec spec = spec_of("stalls-x");

	begin(&spec);
	UNTIL(w.stalled);
	UNTIL(!task_view(w.t).stalled);
	cr_assert(eq(int, w.last, TASK_RUNNING));
	cr_assert(eq(int, w.seen[TASK_FAILED], 0));
	end();
}

/* What a beat has not seen a call may have returned from. */
Test(supervisor, a_call_lasts_as_long_as_beats_have_seen)
{
	struct task_spec spec = spec_of("waits-x");

	begin(&spec);
	UNTIL(w.last == TASK_COMPLETED);
	cr_assert(not(w.stalled), "%s", w.cause);
	cr_assert(eq(int, w.seen[TASK_FAILED], 0));
	end();
}

Test(supervisor, nothing_wakes_it_until_a_task_may_be_in_trouble)
{
	struct task_spec spec = spec_of("run-x");

	begin(&spec);
	UNTIL(w.last == TASK_RUNNING);
	UNTIL(uv_backend_timeout(&w.loop) >= 5000);
	end();
}

/* The worker had no time for a while: what its tasks said meanwhile counts,
 * before anybody is judged. */
Test(supervisor, beats_that_wait_to_be_read_are_signs_of_life)
{
	struct task_spec spec = spec_of("hangs-x");

	spec.limits.silence_ms = 400;
	spec.limits.stall_ms = 60000;
	begin(&spec);
	UNTIL(w.last == TASK_RUNNING);
	for (int i = 0; i < 3; i++) {
		(void)usleep(800000); /* no turn of the loop */
		(void)uv_run(&w.loop, UV_RUN_NOWAIT);
		(void)uv_run(&w.loop, UV_RUN_NOWAIT);
	}
	cr_assert(eq(int, w.last, TASK_RUNNING), "%s", w.cause);
	cr_assert(eq(int, w.seen[TASK_FAILED], 0), "%s", w.cause);
	end();
}

/* Pauses double from the first to the longest, with up to half of jitter. */
Test(supervisor, restarts_wait_as_their_keys_say)
{
	static const int64_t full_ms[] = { 40, 80, 160, 160, 160 };
	struct task_spec spec = spec_of("retry-x");

	spec.limits.restart_first_ms = 40;
	spec.limits.restart_max_ms = 160;
	begin(&spec);
	for (int i = 0; i < 5; i++) {
		int ms = -1;

		UNTIL(w.seen[TASK_FAILED] > i);
		cr_assert(
		    eq(int,
			sscanf(w.next, "starts again by itself in %d ms", &ms),
			1),
		    "%s", w.next);
		cr_expect(ge(i64, ms, full_ms[i] / 2 - 1), "restart %d", i);
		cr_expect(le(i64, ms, full_ms[i]), "restart %d", i);
		UNTIL(w.spawned > i + 1);
	}
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

/* The first of `count` tasks is there already. */
static void
add_more(struct task **tasks, struct task_spec *spec, int count)
{
	tasks[0] = w.t;
	for (spec->id = 1; spec->id < count; spec->id++)
		tasks[spec->id] = task_add(w.s, spec);
}

Test(supervisor, no_more_start_at_once_than_the_gate_lets_in)
{
	struct task_spec spec = spec_of("slow-x");
	struct task *tasks[TASKS];

	begin(&spec);
	add_more(tasks, &spec, TASKS);
	UNTIL(how_many(TASK_RUNNING) == TASKS);
	cr_assert(eq(int, w.starting_at_most, 2));
	end_all(tasks, TASKS);
}

Test(supervisor, starts_that_hang_do_not_keep_the_others_out)
{
	struct task_spec spec = spec_of("stuck-x");
	struct task *tasks[4];

	spec.limits.stop_ms = 200;
	begin(&spec);
	add_more(tasks, &spec, 3);
	spec.connector = "run-x";
	spec.id = 3;
	tasks[3] = task_add(w.s, &spec);
	UNTIL(how_many(TASK_RUNNING) == 1);
	cr_assert(eq(int, how_many(TASK_STARTING), 3));
	end_all(tasks, 4);
}

Test(supervisor, tasks_of_one_cause_are_restarted_together)
{
	struct task_spec spec = spec_of("retry-x");
	struct task *tasks[4];

	spec.limits.restart_first_ms = spec.limits.restart_max_ms = 3000;
	begin(&spec);
	add_more(tasks, &spec, 4);
	UNTIL(how_many(TASK_FAILED) == 4);
	for (int i = 1; i < 4; i++)
		cr_expect(lt(i64, llabs(w.again_at[i] - w.again_at[0]), 150),
		    "%d ms apart", (int)(w.again_at[i] - w.again_at[0]));
	UNTIL(w.spawned == 8);
	end_all(tasks, 4);
}
