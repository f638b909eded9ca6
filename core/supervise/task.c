#include "supervise/run.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "supervise/timer.h"

#define LINE_MAX_BYTES 2048
#define AREA           SUPERVISOR_AREA
#define LAST_WORDS_MS  5000 /* from `failed` to the end */
/* A task that ran so long starts its back-off anew. */
#define HEALTHY_MS 60000
/* Beats come each second: who says nothing for so long stands still. */
#define SILENT_MS   3000
#define ARENA_BYTES 1024

/* ---- moving ------------------------------------------------------------ */

void
task_forget_text(struct task *t)
{
	arena_reset(t->text, ARENA_BYTES);
	t->trace = t->cause = t->next_action = NULL;
}

void
task_tell(struct task *t)
{
	t->s->env.ops->moved(t->s->env.ctx, t);
}

/* The one place where a task's state changes. */
static void
move(struct task *t, enum task_event e)
{
	enum task_state to = task_next(t->state, e);

	if (to == t->state)
		return;
	log_debug(AREA, "task %s-%d: %s -> %s", t->connector, t->id,
	    task_state_name(t->state), task_state_name(to));
	t->state = to;
	t->since = wall_now();
	t->stall.kind = STALL_NONE;
	if (to == TASK_RUNNING || to == TASK_PAUSED || to == TASK_FAILED ||
	    to == TASK_COMPLETED)
		gate_leave(t->s->env.gate, &t->ticket);
	task_tell(t);
}

/* ---- starting ---------------------------------------------------------- */

static void
on_enter(void *ctx)
{
	struct task *t = ctx;

	t->s->env.ops->ready(t->s->env.ctx, t);
}

static void
get_in_line(struct task *t)
{
	(void)uv_timer_stop(&t->retry);
	task_forget_text(t);
	t->after = AFTER_NOTHING;
	t->failed = t->completed = t->retriable = t->held = false;
	t->code = PS_OK;
	move(t, TASK_EV_START);
	gate_wait(t->s->env.gate, &t->ticket);
}

static void
on_retry(uv_timer_t *timer)
{
	struct task *t = timer->data;

	if (t->state != TASK_FAILED)
		return;
	t->restarts++;
	get_in_line(t);
}

/* ---- ending ------------------------------------------------------------ */

static void
on_timer_closed(uv_handle_t *h)
{
	struct task *t = h->data;

	arena_free(&t->text);
	lines_fini(&t->lines);
	free(t->connector);
	free(t);
}

static void
finish_removal(struct task *t)
{
	struct supervisor *s = t->s;

	gate_leave(s->env.gate, &t->ticket);
	if (t->prev != NULL)
		t->prev->next = t->next;
	else
		s->first = t->next;
	if (t->next != NULL)
		t->next->prev = t->prev;
	s->count--;
	s->env.ops->removed(s->env.ctx, t);
	uv_close((uv_handle_t *)&t->retry, on_timer_closed);
}

static void
finish_stop(struct task *t)
{
	switch (t->after) {
	case AFTER_REMOVE:
		finish_removal(t);
		break;
	case AFTER_RESTART:
		gate_leave(t->s->env.gate, &t->ticket);
		get_in_line(t);
		break;
	case AFTER_NOTHING:
		gate_leave(t->s->env.gate, &t->ticket);
		break;
	}
}

static bool
may_restart(const struct task *t)
{
	if (t->limits.restart_tries == 0 || !t->retriable)
		return false;
	return t->limits.restart_tries < 0 ||
	       t->backoff.tries < (unsigned)t->limits.restart_tries;
}

/* An outage is everybody's, a crash is the connector's own. */
static int64_t
wait_ms(struct task *t)
{
	struct causes *all = t->s->causes;

	(void)backoff_next_ms(&t->backoff); /* counts the try */
	if (t->code == PS_E_RETRY)
		return causes_outage_ms(all, t->cause, &t->backoff,
		    clock_now());
	return causes_wait_ms(all,
	    ps_printf(t->text, "%s: %s", t->connector, t->cause), &t->backoff,
	    clock_now());
}

static const char *
next_action_of(enum ps_code code)
{
	switch (code) {
	case PS_E_CONFIG:
		return "change the configuration";
	case PS_E_GAP:
		return "stop the connector, alter its offsets to say where to "
		       "go on, and resume it";
	case PS_OK:
	case PS_E_DATA:
	case PS_E_RETRY:
	case PS_E_FATAL:
		break;
	}
	return "restart the task when the cause is gone";
}

static void
on_line(void *ctx, enum ps_level level, const char *area, const char *text)
{
	struct task *t = ctx;
	char line[LINE_MAX_BYTES];

	lines_add(&t->lines, line,
	    log_format(line, sizeof line, level, area, text));
}

/* Why it failed is known: say it, and try again when that may help. */
static void
fail(struct task *t)
{
	const char *text;
	int64_t wait;

	if (clock_since(t->began, clock_now()) >= HEALTHY_MS)
		backoff_reset(&t->backoff);
	if (may_restart(t)) {
		wait = wait_ms(t);
		t->next_action = ps_printf(t->text,
		    "starts again by itself in %lld ms", (long long)wait);
		timer_in(&t->retry, on_retry, wait);
	} else if (t->next_action == NULL) {
		t->next_action = next_action_of(t->code);
	}
	text = ps_printf(t->text, "task %s-%d failed: %s (%s)", t->connector,
	    t->id, t->cause, t->next_action);
	log_error(AREA, "%s", text);
	on_line(t, PS_ERROR, AREA, text);
	move(t, TASK_EV_DIED);
}

static const char *
trace_of_end(struct task *t, const struct child_end *end)
{
	return end->words[0] == '\0'
		   ? t->cause
		   : ps_printf(t->text, "%s\n%s", t->cause, end->words);
}

/* We did not: its lease's timer did, or somebody else. Who stands still has
 * heard of no renewal. */
static const char *
who_killed(struct task *t, const struct child_end *end, struct clock_ms heard)
{
	struct clock_ms lease = t->s->lease;
	int64_t silent_ms = clock_since(heard, clock_now());

	if (end->killed != NULL || !WIFSIGNALED(end->status) ||
	    WTERMSIG(end->status) != SIGKILL)
		return "";
	if (lease.ms != 0 && clock_since(lease, clock_now()) >= 0)
		return ": the worker's lease had ended";
	if (lease.ms != 0 && silent_ms >= SILENT_MS)
		return ps_printf(t->text,
		    ": no sign of life for %lld s; then the lease it has had "
		    "ends it, or the kernel does so when memory is short",
		    (long long)silent_ms / 1000);
	return ": not by this worker; the kernel does so when memory is short";
}

static void
on_ended(void *ctx, const struct child_end *end)
{
	struct task *t = ctx;
	struct clock_ms heard = child_heard(t->child);

	t->child = NULL;
	if (t->s->env.ops->reaped != NULL)
		t->s->env.ops->reaped(t->s->env.ctx, t);
	if (t->completed && WIFEXITED(end->status)) {
		move(t, TASK_EV_DONE);
	} else if (t->state != TASK_STOPPING) {
		if (!t->failed) {
			t->cause = ps_printf(t->text, "%s%s",
			    child_end_text(t->text, end,
				t->limits.memory_bytes),
			    who_killed(t, end, heard));
			t->trace = trace_of_end(t, end);
			t->retriable = true;
		}
		fail(t);
	} else {
		if (end->killed != NULL)
			log_warn(AREA, "task %s-%d: %s", t->connector, t->id,
			    end->killed);
		move(t, TASK_EV_DIED);
	}
	if (t->state == TASK_STOPPED || t->after != AFTER_NOTHING)
		finish_stop(t);
}

/* ---- what it says ------------------------------------------------------ */

static void
take_text(struct task *t, const struct msg_status *m)
{
	task_forget_text(t);
	if (m->cause != NULL)
		t->cause = ps_strdup(t->text, m->cause);
	if (m->trace != NULL)
		t->trace = ps_strdup(t->text, m->trace);
	if (m->next != NULL)
		t->next_action = ps_strdup(t->text, m->next);
}

static void
take_status(struct task *t, const struct msg_status *m)
{
	enum task_state was = t->state;
	enum task_event e;

	if (t->failed || t->completed || t->state == TASK_STOPPING)
		return;
	if (strcmp(m->state, "RUNNING") == 0)
		e = TASK_EV_RUNS;
	else if (strcmp(m->state, "PAUSED") == 0)
		e = TASK_EV_PAUSES;
	else
		return;
	if (!task_may(t->state, e))
		return;
	take_text(t, m);
	move(t, e);
	if (t->state == was)
		task_tell(t); /* another cause */
}

static const struct {
	const char *name;
	enum ps_code code;
} codes[] = {
	{ "CONFIG", PS_E_CONFIG },
	{ "DATA", PS_E_DATA },
	{ "RETRY", PS_E_RETRY },
	{ "GAP", PS_E_GAP },
};

static enum ps_code
code_of(const char *name)
{
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (strcmp(codes[i].name, name) == 0)
			return codes[i].code;
	return PS_E_FATAL;
}

static void
take_failed(struct task *t, const struct msg_failed *m)
{
	if (t->failed || t->completed)
		return;
	task_forget_text(t);
	t->failed = true;
	t->code = code_of(m->code);
	t->retriable =
	    m->retriable && t->code != PS_E_CONFIG && t->code != PS_E_GAP;
	t->cause = ps_strdup(t->text, m->text);
	t->trace = ps_strdup(t->text, m->trace == NULL ? m->text : m->trace);
	if (m->next != NULL)
		t->next_action = ps_strdup(t->text, m->next);
	child_expect_end(t->child, LAST_WORDS_MS);
}

static void
on_message(void *ctx, const struct msg *m)
{
	struct task *t = ctx;

	switch (m->type) {
	case MSG_TYPE_STATUS:
		take_status(t, &m->status);
		task_look(t);
		break;
	case MSG_TYPE_FAILED:
		take_failed(t, &m->failed);
		break;
	case MSG_TYPE_COMPLETED:
		t->completed = !t->failed;
		child_expect_end(t->child, LAST_WORDS_MS);
		break;
	case MSG_TYPE_BEAT:
		task_look(t);
		break;
	default: /* not about its state */
		t->s->env.ops->message(t->s->env.ctx, t, m);
		break;
	}
}

/* ---- tasks ------------------------------------------------------------- */

struct task *
task_add(struct supervisor *s, const struct task_spec *spec)
{
	struct task *t = xcalloc(1, sizeof *t);
	const struct task_limits *l = &spec->limits;

	t->s = s;
	t->connector = xstrdup(spec->connector);
	t->id = spec->id;
	t->limits = *l;
	t->paused = spec->paused;
	t->text = arena_new(ARENA_BYTES);
	t->since = wall_now();
	t->ticket.enter = on_enter;
	t->ticket.ctx = t;
	t->retry.data = t;
	(void)uv_timer_init(s->env.loop, &t->retry);
	backoff_init(&t->backoff, l->restart_first_ms, l->restart_max_ms,
	    (uint64_t)wall_now().ms + (uint64_t)t->id * 7919U);
	t->next = s->first;
	if (s->first != NULL)
		s->first->prev = t;
	s->first = t;
	s->count++;
	get_in_line(t);
	return t;
}

void
task_send_lease(struct task *t)
{
	struct msg m = { .type = MSG_TYPE_LEASE,
		.lease.ends_ms = t->s->lease.ms };

	if (t->child != NULL)
		child_send(t->child, &m);
}

void
task_unready(struct task *t, const struct ps_error *err)
{
	if (t->state != TASK_RESTARTING)
		return;
	t->began = clock_now();
	t->cause = ps_strdup(t->text, err->text);
	t->trace = t->cause;
	t->code = err->code;
	t->retriable = err->code == PS_E_RETRY;
	fail(t);
}

static void
start_child(struct task *t)
{
	static const struct child_ops ops = { on_message, on_ended, on_line };
	struct child_spec spec = { MSG_TASK, t->connector, t->id,
		t->s->env.program, t->s->env.keep_fd, t->s->env.cgroups,
		t->limits.cpu_weight };
	struct ps_error err = { 0 };

	t->child = child_start(t->s->env.loop, &spec, &ops, t, &err);
	if (t->child == NULL) {
		task_unready(t, &err);
		return;
	}
	t->began = clock_now();
	task_send_lease(t);
	move(t, TASK_EV_SPAWNED);
	task_look(t);
	t->s->env.ops->spawned(t->s->env.ctx, t);
}

static bool
may_start(struct task *t)
{
	const struct task_ops *ops = t->s->env.ops;

	return ops->may_start == NULL || ops->may_start(t->s->env.ctx, t);
}

void
task_spawn(struct task *t)
{
	/* A stop may have come while it waited for its offsets. */
	if (t->state != TASK_RESTARTING)
		return;
	if (t->ticket.lent) { /* so long that it waits for its turn again */
		gate_wait(t->s->env.gate, &t->ticket);
	} else if (t->ticket.inside && may_start(t)) {
		start_child(t);
	} else if (t->ticket.inside) {
		t->held = true;
		gate_leave(t->s->env.gate, &t->ticket);
	}
}

void
task_queue(struct task *t)
{
	if (!t->held || t->state != TASK_RESTARTING)
		return;
	t->held = false;
	gate_wait(t->s->env.gate, &t->ticket);
}

static void
tell_paused(struct task *t)
{
	struct msg m = { .type = t->paused ? MSG_TYPE_PAUSE : MSG_TYPE_RESUME };

	if (t->child != NULL && t->state != TASK_STOPPING && !t->failed)
		child_send(t->child, &m);
}

void
task_pause(struct task *t)
{
	if (!t->paused) {
		t->paused = true;
		tell_paused(t);
	}
}

void
task_resume(struct task *t)
{
	if (t->paused) {
		t->paused = false;
		tell_paused(t);
	}
}

static void
stop(struct task *t, enum after after)
{
	if (after > t->after)
		t->after = after;
	(void)uv_timer_stop(&t->retry);
	if (t->state == TASK_STOPPING)
		return;
	if (t->state == TASK_RESTARTING)
		gate_leave(t->s->env.gate, &t->ticket);
	move(t, TASK_EV_STOP);
	if (t->child != NULL)
		child_stop(t->child, t->limits.stop_ms);
	else
		finish_stop(t);
}

void
task_restart(struct task *t)
{
	if (t->after == AFTER_REMOVE)
		return;
	if (t->state == TASK_RESTARTING)
		return; /* it is about to */
	backoff_reset(&t->backoff);
	stop(t, AFTER_RESTART);
}

void
task_remove(struct task *t)
{
	stop(t, AFTER_REMOVE);
}

void
task_kill(struct task *t, const char *why)
{
	struct child *child = t->child;

	/* Without a process it is gone when this returns. */
	stop(t, AFTER_REMOVE);
	if (child != NULL)
		child_kill(child, why);
}

void
task_send(struct task *t, const struct msg *m)
{
	if (t->child != NULL)
		child_send(t->child, m);
}

/* Of its target and its topics it knows more than the worker, and nothing of a
 * call that it hangs in. */
static const char *
cause_of(const struct task *t)
{
	if (t->stall.kind == STALL_CALL)
		return t->stall.cause;
	return t->stall.kind == STALL_NONE || t->cause != NULL ? t->cause
							       : t->stall.cause;
}

struct task_view
task_view(const struct task *t)
{
	const struct child_delivered none = { 0, 0, 0 };

	return (struct task_view){
		.connector = t->connector,
		.id = t->id,
		.state = t->state,
		.stalled = t->stall.kind != STALL_NONE,
		.is_gap = t->state == TASK_FAILED && t->code == PS_E_GAP,
		.trace = t->trace,
		.cause = cause_of(t),
		.next_action = t->stall.kind == STALL_NONE
				   ? t->next_action
				   : t->stall.next_action,
		.since = t->since,
		.restarts = t->restarts,
		.delivered =
		    t->child == NULL ? none : child_delivered(t->child),
		.pid = t->child == NULL ? 0 : child_pid(t->child),
		.lines = t->lines.text,
		.lines_len = t->lines.len,
	};
}

bool
task_is_removing(const struct task *t)
{
	return t->after == AFTER_REMOVE;
}
