#include "task/source_gauges.h"

#include "base/arena.h"

enum { EVERY_MS = 1000 };

static size_t
kept(const struct ps_batch *b)
{
	size_t count = 0;

	for (size_t i = 0; i < b->count; i++)
		count += b->records[i].outcome == PS_KEPT;
	return count;
}

size_t
source_gauges_polled(struct source_gauges *n, struct gauges *g,
    const struct ps_batch *b)
{
	size_t count = kept(b);

	n->polled += count;
	atomic_fetch_add(&g->records, b->count);
	atomic_fetch_add(&g->bytes, arena_size(b->arena));
	return count;
}

void
source_gauges_left(struct source_gauges *n, size_t polled,
    const struct ps_batch *b)
{
	n->gone += polled - kept(b);
}

static void
set_all(struct task *t, const char *const *names, const double *values,
    size_t count, enum metric_kind kind)
{
	struct metric_registry *m = host_metrics(t->host);

	for (size_t i = 0; i < count; i++)
		metric_set(m, kind, names[i], host_labels(t->host), values[i]);
}

void
source_gauges_publish(struct source_gauges *n, struct task *t,
    const struct ack *a)
{
	static const char *const counters[] = {
		"penstock_task_transactions_total",
		"penstock_task_transactions_aborted_total",
	};
	static const char *const buffer[] = { "penstock_task_buffer_bytes" };
	const double totals[] = { (double)n->transactions, (double)n->aborted };
	const double bytes = (double)ack_bytes(a);
	struct measures *m = &t->measures;
	struct clock_ms now = clock_now();

	if (clock_since(n->next, now) < 0)
		return;
	n->next = clock_after(now, EVERY_MS);
	m->counters[MEASURE_READ].total = (double)n->polled;
	m->counters[MEASURE_WRITTEN].total = (double)n->written;
	m->counters[MEASURE_FAILED].total = (double)n->failed;
	m->client = t->clients.labels;
	clients_publish(&t->clients, host_metrics(t->host));
	m->active = (double)(n->polled - n->written - n->gone);
	atomic_store(&t->gauges->pending, n->polled - n->written - n->gone);
	measures_publish(m, MEASURES_SOURCE, host_metrics(t->host),
	    host_labels(t->host), now);
	set_all(t, counters, totals, 2, METRIC_COUNTER);
	set_all(t, buffer, &bytes, 1, METRIC_GAUGE);
	tolerance_publish(t);
}

void
tolerance_publish(struct task *t)
{
	static const char *const names[] = {
		"kafka_connect_task_error_total_record_failures",
		"kafka_connect_task_error_total_record_errors",
		"kafka_connect_task_error_total_records_skipped",
		"kafka_connect_task_error_total_retries",
		"kafka_connect_task_error_total_errors_logged",
	};
	const struct tolerance_counts *c = &t->tolerance.counts;
	const double totals[] = { (double)c->failures, (double)c->errors,
		(double)c->skipped, (double)c->retries, (double)c->logged };
	static const char *const last[] = {
		"kafka_connect_task_error_last_error_timestamp",
	};
	const double when = (double)c->last_error_ms;

	set_all(t, names, totals, 5, METRIC_COUNTER);
	set_all(t, last, &when, 1, METRIC_GAUGE);
}
