#include "task/sink.h"
#include "task/source_gauges.h"

/* Taken by put() and not committed yet. */
static uint64_t
active(const struct sink *s)
{
	uint64_t count = 0;

	for (size_t i = 0; i < positions_count(s->positions); i++) {
		const struct position *p = positions_at(s->positions, i);

		if (p->committed >= 0 && p->current > p->committed)
			count += (uint64_t)(p->current - p->committed);
	}
	return count;
}

/* On their way for certain: put() is to be given them again, or the connector
 * has them and says that it waits. Others may be kept on purpose. */
static uint64_t
pending(const struct sink *s, uint64_t taken)
{
	if (s->is_held)
		return s->batch->count;
	if (!atomic_load(&s->task->gauges->waits))
		return 0;
	return taken > 0 ? taken : 1;
}

void
sink_publish(struct sink *s, struct clock_ms now)
{
	struct measures *m = &s->task->measures;
	uint64_t taken = active(s);

	m->counters[MEASURE_READ].total = (double)s->read;
	m->counters[MEASURE_WRITTEN].total = (double)s->put;
	m->counters[MEASURE_BYTES].total = (double)s->read_bytes;
	m->lag = (double)clients_lags(&s->task->clients, s->consumer);
	m->client = s->task->clients.labels;
	clients_publish(&s->task->clients, host_metrics(s->task->host));
	m->counters[MEASURE_COMMITTED].total = (double)s->commits;
	m->counters[MEASURE_SKIPPED].total = (double)s->given_up;
	m->active = (double)taken;
	atomic_store(&s->task->gauges->pending, pending(s, taken));
	m->partitions = (double)positions_count(s->positions);
	measures_publish(m, MEASURES_SINK, host_metrics(s->task->host),
	    host_labels(s->task->host), now);
	tolerance_publish(s->task);
}
