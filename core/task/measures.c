#include "task/measures.h"

#include <stdio.h>

enum { WINDOW_MS = 30000 };

#define MS_PER_S 1000.0

/* ---- windows ----------------------------------------------------------- */

void
measures_init(struct measures *m, struct clock_ms now)
{
	*m = (struct measures){ .began = now, .looked = now };
}

static void
turn_window(struct measures *m, struct clock_ms now)
{
	if (clock_since(m->began, now) < WINDOW_MS)
		return;
	m->began = now;
	for (size_t i = 0; i < MEASURE_COUNTERS; i++) {
		m->counters[i].before = m->counters[i].now;
		m->counters[i].now = m->counters[i].total;
	}
	for (size_t i = 0; i < MEASURE_VALUES; i++) {
		m->values[i].before = m->values[i].now;
		m->values[i].now = (struct measure_span){ 0 };
	}
	m->had_window = true;
}

static double
smaller(const struct measure_span *s, double value)
{
	return s->count == 0 || value < s->min ? value : s->min;
}

void
measures_value(struct measures *m, enum measure_value which, double value)
{
	struct measure_span *s = &m->values[which].now;

	s->min = smaller(s, value);
	s->max = value > s->max ? value : s->max;
	s->sum += value;
	s->count++;
}

void
measures_commit(struct measures *m, struct clock_ms began, bool failed)
{
	measures_value(m, MEASURE_COMMIT,
	    (double)clock_since(began, clock_now()));
	m->commits_done++;
	m->commits_failed += failed;
}

void
measures_paused(struct measures *m, bool paused, struct clock_ms now)
{
	int64_t ms = clock_since(m->looked, now);

	if (m->is_paused)
		m->paused_ms += ms;
	else
		m->running_ms += ms;
	m->looked = now;
	m->is_paused = paused;
}

/* ---- figures ----------------------------------------------------------- */

struct look {
	const struct measures *m;
	double window_s; /* that the rates are of */
	const char *prefix;
};

static double
average(const struct measure *v)
{
	uint64_t count = v->now.count + v->before.count;

	return count == 0 ? 0 : (v->now.sum + v->before.sum) / (double)count;
}

static double
largest(const struct measure *v)
{
	return v->now.max > v->before.max ? v->now.max : v->before.max;
}

static double
smallest(const struct measure *v)
{
	if (v->now.count == 0)
		return v->before.min;
	return v->before.count == 0 ? v->now.min
				    : smaller(&v->before, v->now.min);
}

static double
rate(const struct look *l, enum measure_counter which)
{
	const struct measure_rate *c = &l->m->counters[which];

	return l->window_s <= 0 ? 0 : (c->total - c->before) / l->window_s;
}

static double
share(double part, double other)
{
	return part + other <= 0 ? 0 : part / (part + other);
}

enum figure {
	TOTAL,
	RATE,
	AVERAGE,
	LARGEST,
	SMALLEST,
	ACTIVE,
	PARTITIONS,
	RUNNING,
	PAUSED,
	SUCCEEDED,
	FAILED,
	COMMITS,
	LETTERS,
	LETTERS_FAILED,
	LAG,
};

static double
of_task(const struct measures *m, enum figure f)
{
	double failed = (double)m->commits_failed;
	double done = (double)m->commits_done;

	switch (f) {
	case ACTIVE:
		return m->active;
	case PARTITIONS:
		return m->partitions;
	case RUNNING:
		return share((double)m->running_ms, (double)m->paused_ms);
	case PAUSED:
		return share((double)m->paused_ms, (double)m->running_ms);
	case SUCCEEDED:
		return share(done - failed, failed);
	case FAILED:
		return share(failed, done - failed);
	case COMMITS:
		return done;
	case LETTERS:
		return m->letters;
	case LETTERS_FAILED:
		return m->letters_failed;
	case LAG:
		return m->lag;
	case TOTAL:
	case RATE:
	case AVERAGE:
	case LARGEST:
	case SMALLEST:
		break;
	}
	return 0;
}

struct row {
	const char *name; /* behind kafka_connect_, or a client's: kafka_ */
	enum figure figure;
	int of; /* counter or value */
};

static double
figure_of(const struct look *l, const struct row *r)
{
	switch (r->figure) {
	case TOTAL:
		return l->m->counters[r->of].total;
	case RATE:
		return rate(l, (enum measure_counter)r->of);
	case AVERAGE:
		return average(&l->m->values[r->of]);
	case LARGEST:
		return largest(&l->m->values[r->of]);
	case SMALLEST:
		return smallest(&l->m->values[r->of]);
	case ACTIVE:
	case PARTITIONS:
	case RUNNING:
	case PAUSED:
	case SUCCEEDED:
	case FAILED:
	case COMMITS:
	case LETTERS:
	case LETTERS_FAILED:
	case LAG:
		break;
	}
	return of_task(l->m, r->figure);
}

/* ---- names ------------------------------------------------------------- */

static const struct row both[] = {
	{ "connector_task_running_ratio", RUNNING, 0 },
	{ "connector_task_pause_ratio", PAUSED, 0 },
	{ "connector_task_batch_size_avg", AVERAGE, MEASURE_BATCH },
	{ "connector_task_batch_size_max", LARGEST, MEASURE_BATCH },
	{ "connector_task_offset_commit_avg_time_ms", AVERAGE, MEASURE_COMMIT },
	{ "connector_task_offset_commit_max_time_ms", LARGEST, MEASURE_COMMIT },
	{ "connector_task_offset_commit_success_percentage", SUCCEEDED, 0 },
	{ "connector_task_offset_commit_failure_percentage", FAILED, 0 },
	{ "task_error_deadletterqueue_produce_requests", LETTERS, 0 },
	{ "task_error_deadletterqueue_produce_failures", LETTERS_FAILED, 0 },
};

static const struct row sources[] = {
	{ "source_task_source_record_poll_total", TOTAL, MEASURE_READ },
	{ "source_task_source_record_poll_rate", RATE, MEASURE_READ },
	{ "source_task_source_record_write_total", TOTAL, MEASURE_WRITTEN },
	{ "source_task_source_record_write_rate", RATE, MEASURE_WRITTEN },
	{ "source_task_poll_batch_avg_time_ms", AVERAGE, MEASURE_CALL },
	{ "source_task_poll_batch_max_time_ms", LARGEST, MEASURE_CALL },
	{ "source_task_source_record_active_count", ACTIVE, 0 },
	{ "source_task_source_record_active_count_avg", AVERAGE,
	    MEASURE_ACTIVE },
	{ "source_task_source_record_active_count_max", LARGEST,
	    MEASURE_ACTIVE },
	{ "source_task_transaction_size_min", SMALLEST, MEASURE_TRANSACTION },
	{ "source_task_transaction_size_max", LARGEST, MEASURE_TRANSACTION },
	{ "source_task_transaction_size_avg", AVERAGE, MEASURE_TRANSACTION },
};

static const struct row sinks[] = {
	{ "sink_task_sink_record_read_total", TOTAL, MEASURE_READ },
	{ "sink_task_sink_record_read_rate", RATE, MEASURE_READ },
	{ "sink_task_sink_record_send_total", TOTAL, MEASURE_WRITTEN },
	{ "sink_task_sink_record_send_rate", RATE, MEASURE_WRITTEN },
	{ "sink_task_sink_record_active_count", ACTIVE, 0 },
	{ "sink_task_sink_record_active_count_avg", AVERAGE, MEASURE_ACTIVE },
	{ "sink_task_sink_record_active_count_max", LARGEST, MEASURE_ACTIVE },
	{ "sink_task_partition_count", PARTITIONS, 0 },
	{ "sink_task_offset_commit_seq_no", COMMITS, 0 },
	{ "sink_task_offset_commit_completion_total", TOTAL,
	    MEASURE_COMMITTED },
	{ "sink_task_offset_commit_completion_rate", RATE, MEASURE_COMMITTED },
	{ "sink_task_offset_commit_skip_total", TOTAL, MEASURE_SKIPPED },
	{ "sink_task_offset_commit_skip_rate", RATE, MEASURE_SKIPPED },
	{ "sink_task_put_batch_avg_time_ms", AVERAGE, MEASURE_CALL },
	{ "sink_task_put_batch_max_time_ms", LARGEST, MEASURE_CALL },
};

static const struct row producers[] = {
	{ "producer_record_send_total", TOTAL, MEASURE_WRITTEN },
	{ "producer_record_send_rate", RATE, MEASURE_WRITTEN },
	{ "producer_record_error_total", TOTAL, MEASURE_FAILED },
	{ "producer_record_error_rate", RATE, MEASURE_FAILED },
};

static const struct row consumers[] = {
	{ "consumer_fetch_manager_records_consumed_total", TOTAL,
	    MEASURE_READ },
	{ "consumer_fetch_manager_records_consumed_rate", RATE, MEASURE_READ },
	{ "consumer_fetch_manager_bytes_consumed_total", TOTAL, MEASURE_BYTES },
	{ "consumer_fetch_manager_bytes_consumed_rate", RATE, MEASURE_BYTES },
	{ "consumer_fetch_manager_records_lag_max", LAG, 0 },
	{ "consumer_coordinator_assigned_partitions", PARTITIONS, 0 },
	{ "consumer_coordinator_commit_total", TOTAL, MEASURE_COMMITTED },
	{ "consumer_coordinator_commit_latency_avg", AVERAGE, MEASURE_COMMIT },
	{ "consumer_coordinator_commit_latency_max", LARGEST, MEASURE_COMMIT },
};

#define NAME_MAX_BYTES 128

static void
publish(const struct look *l, const struct row *rows, size_t count,
    struct metric_registry *to, const char *labels)
{
	char name[NAME_MAX_BYTES];

	for (size_t i = 0; i < count; i++) {
		enum metric_kind kind = rows[i].figure == TOTAL ||
						rows[i].figure == LETTERS ||
						rows[i].figure == LETTERS_FAILED
					    ? METRIC_COUNTER
					    : METRIC_GAUGE;

		(void)snprintf(name, sizeof name, "%s%s", l->prefix,
		    rows[i].name);
		metric_set(to, kind, name, labels, figure_of(l, &rows[i]));
	}
}

static double
window_s(const struct measures *m, struct clock_ms now)
{
	int64_t ms = clock_since(m->began, now);

	return (double)(m->had_window ? ms + WINDOW_MS : ms) / MS_PER_S;
}

void
measures_publish(struct measures *m, enum measures_kind kind,
    struct metric_registry *to, const char *labels, struct clock_ms now)
{
	struct look l = { m, 0, "kafka_connect_" };

	measures_paused(m, m->is_paused, now);
	measures_value(m, MEASURE_ACTIVE, m->active);
	l.window_s = window_s(m, now);
	publish(&l, both, sizeof both / sizeof *both, to, labels);
	if (kind == MEASURES_SOURCE)
		publish(&l, sources, sizeof sources / sizeof *sources, to,
		    labels);
	else
		publish(&l, sinks, sizeof sinks / sizeof *sinks, to, labels);
	l.prefix = "kafka_";
	if (m->client != NULL && kind == MEASURES_SOURCE)
		publish(&l, producers, sizeof producers / sizeof *producers, to,
		    m->client);
	else if (m->client != NULL)
		publish(&l, consumers, sizeof consumers / sizeof *consumers, to,
		    m->client);
	turn_window(m, now);
}
