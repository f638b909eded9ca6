#include "task/sink.h"

enum { PURGE_MS = 1000 /* a suspension leaves two seconds */ };

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
