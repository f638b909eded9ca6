#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/dict.h"
#include "base/xalloc.h"
#include "reconcile/cluster.h"
#include "reconcile/moves.h"
#include "rest/handlers.h"
#include "worker/worker.h"

#define MS_PER_S       1000.0
#define NAME_MAX_BYTES 128
#define LABELS_BYTES   ((size_t)16384)
#define SERIES_MAX     ((size_t)1000000)

/* ---- the worker -------------------------------------------------------- */

static double
share(double part, double all)
{
	return all <= 0 ? 0 : part / all;
}

/* What was started, and what became of it. */
static void
set_starts(struct metric_registry *m, const char *what, double attempts,
    double failures)
{
	const struct {
		const char *suffix;
		enum metric_kind kind;
		double value;
	} rows[] = {
		{ "attempts_total", METRIC_COUNTER, attempts },
		{ "success_total", METRIC_COUNTER, attempts - failures },
		{ "failure_total", METRIC_COUNTER, failures },
		{ "success_percentage", METRIC_GAUGE,
		    share(attempts - failures, attempts) },
		{ "failure_percentage", METRIC_GAUGE,
		    share(failures, attempts) },
	};
	char name[NAME_MAX_BYTES];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		(void)snprintf(name, sizeof name,
		    "kafka_connect_worker_%s_startup_%s", what, rows[i].suffix);
		metric_set(m, rows[i].kind, name, "", rows[i].value);
	}
}

static void
set_gauge(struct metric_registry *m, const char *name, const char *labels,
    double value)
{
	metric_set(m, METRIC_GAUGE, name, labels, value);
}

static void
take_rebalances(struct worker *w, struct metric_registry *m)
{
	static const char *const names[] = { "epoch", "rebalancing",
		"rebalance_avg_time_ms", "rebalance_max_time_ms",
		"time_since_last_rebalance_ms" };
	const struct cluster *c = worker_cluster(w);
	struct moves_rebalances r = { 0 };
	double values[5] = { 0 };
	char name[NAME_MAX_BYTES];

	if (c != NULL) {
		r = moves_rebalances(cluster_moves(c), clock_now());
		values[0] = (double)herder_epoch(cluster_herder(c));
	}
	values[1] = worker_phase(w) == WORKER_STARTING || r.now;
	values[2] = share((double)r.total_ms, (double)r.completed);
	values[3] = (double)r.longest_ms;
	values[4] = (double)r.since_last_ms;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		(void)snprintf(name, sizeof name,
		    "kafka_connect_worker_rebalance_%s", names[i]);
		set_gauge(m, name, "", values[i]);
	}
	metric_set(m, METRIC_COUNTER,
	    "kafka_connect_worker_rebalance_completed_rebalances_total", "",
	    (double)r.completed);
}

static void
take_coordinator(struct worker *w, struct metric_registry *m,
    const struct reconcile_counts *c)
{
	char labels[NAME_MAX_BYTES];

	(void)snprintf(labels, sizeof labels, "clientId=\"connect-%s\"",
	    worker_id(w));
	set_gauge(m, "kafka_connect_coordinator_assigned_connectors", labels,
	    (double)c->connectors);
	set_gauge(m, "kafka_connect_coordinator_assigned_tasks", labels,
	    (double)c->tasks);
	set_gauge(m, "kafka_connect_start_time_seconds", labels,
	    (double)worker_started(w).ms / MS_PER_S);
	(void)snprintf(labels, sizeof labels,
	    "clientId=\"connect-%s\",version=\"%s\"", worker_id(w),
	    REST_VERSION);
	set_gauge(m, "kafka_connect_version_info", labels, 1);
	(void)snprintf(labels, sizeof labels,
	    "clientId=\"connect-%s\",commit_id=\"%s\"", worker_id(w),
	    REST_COMMIT);
	set_gauge(m, "kafka_connect_commit_id_info", labels, 1);
}

static void
take_worker(struct worker *w, struct metric_registry *m)
{
	struct reconcile_counts c = reconcile_counts(worker_reconcile(w));

	set_gauge(m, "kafka_connect_worker_connector_count", "",
	    (double)c.connectors);
	set_gauge(m, "kafka_connect_worker_task_count", "", (double)c.tasks);
	set_starts(m, "connector", c.connector_starts, c.connector_failures);
	set_starts(m, "task", c.task_starts, c.task_failures);
	take_rebalances(w, m);
	take_coordinator(w, m, &c);
}

/* ---- states ------------------------------------------------------------ */

/* A task is in one of these. */
static const char *const states[] = { "running", "paused", "failed",
	"unassigned", "destroyed", "restarting" };

#define STATES (sizeof states / sizeof *states)

struct counts {
	size_t tasks, in[STATES];
};

/* Only what this worker runs: a sum over all workers counts each once. */
struct look {
	struct metric_registry *m;
	struct worker *w;
	const char *worker;
	struct dict *mine; /* struct counts by connector */
};

static void
lower(struct buf *b, const char *text)
{
	for (; *text != '\0'; text++) {
		char c = (char)tolower((unsigned char)*text);

		(void)buf_append(b, &c, 1);
	}
}

/* connector="…"[,task="0"][,status="running"] */
static void
set_state(struct look *l, const char *metric, const char *connector, int task,
    const char *state)
{
	struct buf b;

	buf_init(&b, LABELS_BYTES);
	metric_put_label(&b, "connector", connector);
	if (task >= 0)
		(void)buf_printf(&b, ",task=\"%d\"", task);
	(void)buf_puts(&b, ",status=\"");
	lower(&b, state);
	(void)buf_puts(&b, "\"");
	set_gauge(l->m, metric, buf_str(&b), 1);
	buf_fini(&b);
}

/* What Connect's connector-metrics say in texts. */
static void
set_info(struct look *l, const char *connector, const char *version)
{
	const struct configs_connector *cfg =
	    configs_find(journal_configs(worker_journal(l->w)), connector);
	const char *class;
	struct buf b;

	if (cfg == NULL)
		return;
	class = ps_config_str(&cfg->config, "connector.class");
	buf_init(&b, LABELS_BYTES);
	metric_put_label(&b, "connector", connector);
	(void)buf_puts(&b, ",");
	metric_put_label(&b, "class", class);
	(void)buf_puts(&b, ",");
	metric_put_label(&b, "type",
	    inventory_connector_type(worker_inventory(l->w), class));
	(void)buf_puts(&b, ",");
	metric_put_label(&b, "version", version == NULL ? "" : version);
	set_gauge(l->m, "penstock_connector_info", buf_str(&b), 1);
	buf_fini(&b);
}

static void
on_connector(void *ctx, const char *connector, int task,
    const struct status *st)
{
	struct look *l = ctx;

	if (task >= 0 || strcmp(st->worker_id, l->worker) != 0)
		return;
	set_state(l, "penstock_connector_status", connector, -1, st->state);
	set_info(l, connector, st->version);
	(void)dict_put_str(l->mine, connector,
	    xcalloc(1, sizeof(struct counts)));
}

/* The exporters' examples know a task's state by two names. */
static void
on_task(void *ctx, const char *connector, int task, const struct status *st)
{
	struct look *l = ctx;
	struct counts *c;

	if (task < 0)
		return;
	if (strcmp(st->worker_id, l->worker) == 0) {
		set_state(l, "kafka_connect_connector_status", connector, task,
		    st->state);
		set_state(l, "kafka_connect_connector_task_status", connector,
		    task, st->state);
	}
	c = dict_get_str(l->mine, connector);
	if (c == NULL)
		return;
	c->tasks++;
	for (size_t i = 0; i < STATES; i++)
		c->in[i] += strcasecmp(st->state, states[i]) == 0;
}

static void
set_count(struct look *l, const char *connector, const char *what, size_t count)
{
	char name[NAME_MAX_BYTES];
	struct buf b;

	buf_init(&b, LABELS_BYTES);
	metric_put_label(&b, "connector", connector);
	(void)snprintf(name, sizeof name,
	    "kafka_connect_worker_connector_%s_task_count", what);
	set_gauge(l->m, name, buf_str(&b), (double)count);
	buf_fini(&b);
}

static void
set_counts(struct look *l)
{
	for (const struct dict_entry *e = dict_first(l->mine); e != NULL;
	     e = dict_next(e)) {
		struct counts *c = dict_value(e);
		size_t len;
		const char *connector = dict_key(e, &len);

		set_count(l, connector, "total", c->tasks);
		for (size_t i = 0; i < STATES; i++)
			set_count(l, connector, states[i], c->in[i]);
		free(c);
	}
}

static void
put_states(struct worker *w, struct buf *b)
{
	const struct statuses *all = journal_statuses(worker_journal(w));
	struct look l = { metric_new(SERIES_MAX), w, worker_id(w), dict_new() };

	statuses_each(all, NULL, on_connector, &l);
	statuses_each(all, NULL, on_task, &l);
	set_counts(&l);
	(void)metric_print_series(l.m, b);
	dict_free(&l.mine);
	metric_free(&l.m);
}

void
rest_connect_metrics(struct exchange *x, struct buf *b)
{
	struct metric_registry *m = worker_metrics(x->worker);

	take_worker(x->worker, m);
	(void)metric_print(m, b);
	put_states(x->worker, b);
}
