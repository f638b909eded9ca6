#include "supervise/run.h"

#include <assert.h>

#include "base/arena.h"
#include "base/xalloc.h"

#define NEVER INT64_MAX
/* A start that takes longer waits for something, it does not compute. */
#define LEND_MS  1000
#define YIELD_MS 1000

static struct clock_ms
sooner(struct clock_ms x, struct clock_ms y)
{
	return x.ms < y.ms ? x : y;
}

static struct clock_ms
later(struct clock_ms x, struct clock_ms y)
{
	return x.ms > y.ms ? x : y;
}

/* ---- watching ---------------------------------------------------------- */

static enum stall_kind
stall_of(const struct task *t, const char *call, int64_t ms)
{
	struct clock_ms since;

	if (call != NULL && ms >= t->limits.stall_ms)
		return STALL_CALL;
	if (child_is_unclaimed(t->child))
		return STALL_UNCLAIMED;
	if (child_pending(t->child, &since) > 0 &&
	    clock_since(since, clock_now()) >= t->limits.stall_ms)
		return STALL_PENDING;
	return STALL_NONE;
}

static void
say_call(struct task *t, const char *call, int64_t ms)
{
	struct stall *s = &t->stall;

	(void)snprintf(s->cause, sizeof s->cause,
	    "%s has not returned for %lld ms", call, (long long)ms);
	(void)snprintf(s->next_action, sizeof s->next_action,
	    "is killed and started again after %lld ms",
	    (long long)t->limits.hang_ms);
}

static void
say_unclaimed(struct task *t)
{
	struct stall *s = &t->stall;

	(void)snprintf(s->cause, sizeof s->cause,
	    "partitions of its topics are read by nobody");
	(void)snprintf(s->next_action, sizeof s->next_action,
	    "end what else reads in the sink's group, or give the sink a group "
	    "of its own; it goes on by itself");
}

static void
say_pending(struct task *t)
{
	struct stall *s = &t->stall;
	struct clock_ms since;
	int64_t count = child_pending(t->child, &since);

	(void)snprintf(s->cause, sizeof s->cause,
	    "%lld records are on their way and none has arrived for %lld ms",
	    (long long)count, (long long)clock_since(since, clock_now()));
	(void)snprintf(s->next_action, sizeof s->next_action,
	    "look at what it writes to; it goes on by itself");
}

static void
see_stall(struct task *t, const char *call, int64_t ms)
{
	enum stall_kind kind = stall_of(t, call, ms);

	if (kind == t->stall.kind)
		return;
	t->stall.kind = kind;
	switch (kind) {
	case STALL_CALL:
		say_call(t, call, ms);
		break;
	case STALL_UNCLAIMED:
		say_unclaimed(t);
		break;
	case STALL_PENDING:
		say_pending(t);
		break;
	case STALL_NONE:
		break;
	}
	task_tell(t);
}

/*
 * When it has been silent for too long. If the whole machine stood still, so
 * did the task: whenever the worker comes to see the silence, a sign of life
 * has a part of the limit yet to come.
 */
static struct clock_ms
silent_at(const struct task *t)
{
	struct clock_ms heard = child_heard(t->child);
	int64_t silence = t->limits.silence_ms, grace = silence / 4;
	struct clock_ms at = clock_after(heard, silence);

	if (t->missed.ms < heard.ms)
		return clock_after(heard, silence - grace);
	return later(at, clock_after(t->missed, grace));
}

static bool
is_silent(struct task *t, struct clock_ms now)
{
	if (now.ms < silent_at(t).ms)
		return false;
	if (t->missed.ms >= child_heard(t->child).ms)
		return true;
	t->missed = now;
	return false;
}

/* Is anything wrong with it at this time? Why, or NULL. */
static const char *
trouble_of(struct task *t, struct clock_ms now, char *why, size_t room)
{
	int64_t ms;
	const char *call = child_call(t->child, &ms);

	if (is_silent(t, now)) {
		(void)snprintf(why, room, "no sign of life for %lld ms",
		    (long long)t->limits.silence_ms);
		return why;
	}
	if (call != NULL && ms >= t->limits.hang_ms) {
		(void)snprintf(why, room, "%s did not return for %lld ms", call,
		    (long long)ms);
		return why;
	}
	if (t->state == TASK_STARTING &&
	    clock_since(t->began, now) >= t->limits.start_ms) {
		(void)snprintf(why, room, "not running after %lld ms%s%s",
		    (long long)t->limits.start_ms, call == NULL ? "" : " in ",
		    call == NULL ? "" : call);
		return why;
	}
	if (t->state == TASK_RUNNING)
		see_stall(t, call, ms);
	return NULL;
}

static bool
is_watched(const struct task *t)
{
	return t->child != NULL && t->state != TASK_STOPPING && !t->failed &&
	       !child_is_killed(t->child);
}

static void
watch(struct task *t)
{
	char why[128];

	if (!is_watched(t))
		return;
	if (child_yields(t->child))
		child_look(t->child);
	if (trouble_of(t, clock_now(), why, sizeof why) == NULL)
		return;
	/* What waits to be read may say otherwise. */
	child_pump(t->child);
	if (is_watched(t) &&
	    trouble_of(t, clock_now(), why, sizeof why) != NULL)
		child_kill(t->child, why);
}

/* ---- when to look ------------------------------------------------------ */

/* When it is in trouble, or stalls, if nothing is heard until then. */
static struct clock_ms
due_of(const struct task *t)
{
	const struct task_limits *l = &t->limits;
	struct clock_ms due, since;
	int64_t ms;

	if (!is_watched(t))
		return (struct clock_ms){ NEVER };
	due = silent_at(t);
	/* Its own beats may not come. */
	if (child_yields(t->child))
		due = sooner(due, clock_after(clock_now(), YIELD_MS));
	if (t->state == TASK_STARTING)
		due = sooner(due, clock_after(t->began, l->start_ms));
	if (t->state == TASK_RUNNING && t->stall.kind == STALL_NONE &&
	    child_pending(t->child, &since) > 0)
		due = sooner(due, clock_after(since, l->stall_ms));
	if (t->state == TASK_RUNNING && t->stall.kind == STALL_NONE &&
	    child_is_unclaimed(t->child))
		due = clock_now();
	/* What its call lasts the next beat tells. */
	if (child_call(t->child, &ms) != NULL &&
	    (ms >= l->hang_ms ||
		(t->state == TASK_RUNNING && t->stall.kind == STALL_NONE &&
		    ms >= l->stall_ms)))
		due = clock_now();
	return due;
}

static void
arm(struct supervisor *s, struct clock_ms due)
{
	int64_t wait = clock_since(clock_now(), due);

	s->due = due;
	if (due.ms == NEVER) {
		(void)uv_timer_stop(&s->timer);
		return;
	}
	uv_timer_set_repeat(&s->timer, wait < 1 ? 1 : (uint64_t)wait);
	(void)uv_timer_again(&s->timer);
}

static void
on_due(uv_timer_t *timer)
{
	struct supervisor *s = timer->data;
	struct clock_ms due;

	for (struct task *t = s->first, *next; t != NULL; t = next) {
		next = t->next;
		watch(t);
	}
	gate_lend(s->env.gate, clock_now(), LEND_MS);
	due = gate_lends_at(s->env.gate, LEND_MS);
	for (struct task *t = s->first; t != NULL; t = t->next)
		due = sooner(due, due_of(t));
	arm(s, due);
}

static void
look_by(struct supervisor *s, struct clock_ms due)
{
	if (due.ms < s->due.ms)
		arm(s, due);
}

static void
on_entered(void *ctx)
{
	struct supervisor *s = ctx;

	look_by(s, gate_lends_at(s->env.gate, LEND_MS));
}

void
task_look(struct task *t)
{
	/* One that stalled may go on again, or stall of something else. */
	look_by(t->s, t->stall.kind == STALL_NONE ? due_of(t) : clock_now());
}

/* ---- the supervisor ---------------------------------------------------- */

struct supervisor *
supervisor_new(const struct supervisor_env *env)
{
	struct supervisor *s = xcalloc(1, sizeof *s);

	s->env = *env;
	s->causes = causes_new();
	s->due.ms = NEVER;
	s->timer.data = s;
	(void)uv_timer_init(env->loop, &s->timer);
	(void)uv_timer_start(&s->timer, on_due, 0, 0);
	gate_tell(env->gate, on_entered, s);
	return s;
}

static void
on_timer_closed(uv_handle_t *h)
{
	struct supervisor *s = h->data;

	causes_free(&s->causes);
	free(s);
}

void
supervisor_free(struct supervisor **sp)
{
	if (*sp == NULL)
		return;
	assert((*sp)->first == NULL);
	gate_tell((*sp)->env.gate, NULL, NULL);
	uv_close((uv_handle_t *)&(*sp)->timer, on_timer_closed);
	*sp = NULL;
}

size_t
supervisor_count(const struct supervisor *s)
{
	return s->count;
}

void
supervisor_lease(struct supervisor *s, struct clock_ms ends)
{
	s->lease = ends;
	for (struct task *t = s->first; t != NULL; t = t->next)
		task_send_lease(t);
}

void
supervisor_level(struct supervisor *s, const char *area, const char *level)
{
	struct msg m = { .type = MSG_TYPE_LEVEL,
		.level = { .area = area, .level = level } };

	for (struct task *t = s->first; t != NULL; t = t->next)
		if (t->child != NULL)
			child_send(t->child, &m);
}
