#include "task/source_gauges.h"

#include "base/arena.h"

enum { EVERY_MS = 1000 };

void
source_gauges_polled(struct source_gauges *n, struct gauges *g,
    const struct ps_batch *b)
{
	n->polled += b->count;
	n->batches++;
	atomic_fetch_add(&g->records, b->count);
	atomic_fetch_add(&g->bytes, arena_size(b->arena));
}

void
source_gauges_committed(struct source_gauges *n, size_t records)
{
	if (n->transactions == 0 || records < n->smallest)
		n->smallest = records;
	if (records > n->largest)
		n->largest = records;
	n->transactions++;
	n->committed += records;
}

static void
set_all(struct task *t, const char *const *names, const double *values,
    size_t count, enum metric_kind kind)
{
	struct metric_registry *m = host_metrics(t->host);

	for (size_t i = 0; i < count; i++)
		metric_set(m, kind, names[i], host_labels(t->host), values[i]);
}

static void
publish_transactions(const struct source_gauges *n, struct task *t)
{
	static const char *const counters[] = {
		"penstock_task_transactions_total",
		"penstock_task_transactions_aborted_total",
	};
	static const char *const gauges[] = {
		"kafka_connect_source_task_transaction_size_min",
		"kafka_connect_source_task_transaction_size_max",
		"kafka_connect_source_task_transaction_size_avg",
	};
	const double totals[] = { (double)n->transactions, (double)n->aborted };
	const double sizes[] = { (double)n->smallest, (double)n->largest,
		n->transactions == 0
		    ? 0
		    : (double)n->committed / (double)n->transactions };

	if (n->transactions + n->aborted == 0)
		return;
	set_all(t, counters, totals, 2, METRIC_COUNTER);
	set_all(t, gauges, sizes, 3, METRIC_GAUGE);
}

void
source_gauges_publish(struct source_gauges *n, struct task *t,
    const struct ack *a)
{
	static const char *const counters[] = {
		"kafka_connect_source_task_source_record_poll_total",
		"kafka_connect_source_task_source_record_write_total",
	};
	static const char *const gauges[] = {
		"kafka_connect_source_task_source_record_active_count",
		"penstock_task_buffer_bytes",
		"kafka_connect_connector_task_batch_size_avg",
	};
	const double totals[] = { (double)n->polled, (double)n->written };
	const double levels[] = { (double)(n->polled - n->written),
		(double)ack_bytes(a),
		n->batches == 0 ? 0 : (double)n->polled / (double)n->batches };

	if (clock_since(n->next, clock_now()) < 0)
		return;
	n->next = clock_after(clock_now(), EVERY_MS);
	set_all(t, counters, totals, 2, METRIC_COUNTER);
	set_all(t, gauges, levels, 3, METRIC_GAUGE);
	publish_transactions(n, t);
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
