#include "worker/run.h"

#include <assert.h>

#include "base/arena.h"
#include "base/xalloc.h"

#define TICK_MS 250
/* A start that takes longer waits for something, it does not compute. */
#define LEND_MS 1000

/* ---- watching ---------------------------------------------------------- */

static void
see_stall(struct task *t, const char *call, int64_t ms)
{
	bool stalled = call != NULL && ms >= t->limits.stall_ms;

	if (stalled == t->stalled)
		return;
	if (stalled) {
		task_forget_text(t);
		t->cause = ps_printf(t->text, "%s has not returned for %lld ms",
		    call, (long long)ms);
		t->next_action = ps_printf(t->text,
		    "is killed and started again after %lld ms",
		    (long long)t->limits.hang_ms);
	} else {
		task_forget_text(t);
	}
	t->stalled = stalled;
	task_tell(t);
}

/* Is anything wrong with it at this time? Why, or NULL. */
static const char *
trouble_of(struct task *t, struct clock_ms now, char *why, size_t room)
{
	struct clock_ms since;
	const char *call = child_call(t->child, &since);
	int64_t ms = clock_since(since, now);

	if (clock_since(child_heard(t->child), now) >= t->limits.silence_ms) {
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

static void
watch(struct task *t)
{
	char why[128];

	if (t->child == NULL || t->state == TASK_STOPPING || t->failed)
		return;
	if (trouble_of(t, clock_now(), why, sizeof why) == NULL)
		return;
	/* What waits to be read may say otherwise. */
	child_pump(t->child);
	if (trouble_of(t, clock_now(), why, sizeof why) != NULL)
		child_kill(t->child, why);
}

static void
on_tick(uv_timer_t *timer)
{
	struct supervisor *s = timer->data;

	for (struct task *t = s->first, *next; t != NULL; t = next) {
		next = t->next;
		watch(t);
	}
	gate_lend(s->env.gate, clock_now(), LEND_MS);
}

/* ---- the supervisor ---------------------------------------------------- */

struct supervisor *
supervisor_new(const struct supervisor_env *env)
{
	struct supervisor *s = xcalloc(1, sizeof *s);

	s->env = *env;
	s->causes = causes_new();
	s->tick.data = s;
	(void)uv_timer_init(env->loop, &s->tick);
	(void)uv_timer_start(&s->tick, on_tick, TICK_MS, TICK_MS);
	return s;
}

static void
on_tick_closed(uv_handle_t *h)
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
	uv_close((uv_handle_t *)&(*sp)->tick, on_tick_closed);
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
