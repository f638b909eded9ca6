#include "task/sink.h"

enum {
	SLICE_MS = 50,
	PURGE_MS = 1000 /* a suspension leaves two seconds */
};

void
sink_suspend(struct sink *s)
{
	struct gauges *g = s->task->gauges;

	if (!s->is_suspended)
		s->suspended_at = clock_now();
	s->is_suspended = gauges_should_suspend(g);
	if (!s->is_suspended)
		return;
	/* What the plugin has on its way while a call is in it, nobody knows;
	 * without one letters are all there can be. */
	if (dlq_pending(s->dlq) == 0 && atomic_load(&g->call) == NULL)
		atomic_store(&g->idle, true);
	else if (clock_since(s->suspended_at, clock_now()) >= PURGE_MS)
		dlq_purge(s->dlq);
}

int
sink_while_waiting(void *ctx, struct ps_error *err)
{
	struct sink *s = (struct sink *)ctx;

	if (gauges_should_suspend(s->task->gauges) &&
	    dlq_serve(s->dlq, 0, err) != 0)
		return -1;
	sink_suspend(s);
	return 0;
}

int
sink_stay_suspended(struct sink *s, struct ps_error *err)
{
	struct task *t = s->task;

	while (gauges_should_suspend(t->gauges)) {
		sink_suspend(s);
		if (task_serve(t, err) != 0 || dlq_serve(s->dlq, 0, err) != 0)
			return -1;
		if (!task_sleep(t, SLICE_MS))
			return ps_fail(err, PS_E_RETRY, "stopped");
	}
	s->is_suspended = false;
	return 0;
}
