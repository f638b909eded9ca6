#include <string.h>

#include "base/js.h"
#include "rest/handlers.h"
#include "worker/worker.h"

#define VERSION       "4.1.0"
#define METRICS_BYTES (64u << 20)

void
rest_root(struct exchange *x)
{
	const char *cluster = journal_cluster_id(worker_journal(x->worker));

	exchange_json(x, 200,
	    json_pack("{s:s, s:s, s:s?}", "version", VERSION, "commit",
		"penstock", "kafka_cluster_id", cluster));
}

static const struct {
	int status;
	const char *name, *text;
} phases[] = {
	[WORKER_STARTING] = { 503, "starting", "Worker is still starting up." },
	[WORKER_READY] = { 200, "healthy",
	    "Worker has completed startup and is ready to handle "
	    "requests." },
	[WORKER_STOPPING] = { 500, "unhealthy",
	    "Worker was unable to handle this request and may be unable to "
	    "handle other requests." },
};

void
rest_health(struct exchange *x)
{
	enum worker_phase phase = worker_phase(x->worker);
	struct wall_ms since;
	const char *stage = worker_stage(x->worker, &since);
	const char *text = phases[phase].text;

	if (phase != WORKER_READY)
		text = ps_printf(x->a,
		    "%s The worker is currently %s, which "
		    "began at %s",
		    text, stage, wall_iso(x->a, since));
	exchange_json(x, phases[phase].status,
	    json_pack("{s:s, s:s}", "status", phases[phase].name, "message",
		text));
}

/* ---- metrics ----------------------------------------------------------- */

static void
set_gauge(struct metric_registry *m, const char *name, double value)
{
	metric_set(m, METRIC_GAUGE, name, "", value);
}

static void
set_counter(struct metric_registry *m, const char *name, double value)
{
	metric_set(m, METRIC_COUNTER, name, "", value);
}

static void
take_worker(struct worker *w, struct metric_registry *m)
{
	struct reconcile_counts c = reconcile_counts(worker_reconcile(w));

	set_gauge(m, "kafka_connect_worker_connector_count",
	    (double)c.connectors);
	set_gauge(m, "kafka_connect_worker_task_count", (double)c.tasks);
	set_counter(m, "kafka_connect_worker_connector_startup_attempts_total",
	    c.connector_starts);
	set_counter(m, "kafka_connect_worker_connector_startup_failure_total",
	    c.connector_failures);
	set_counter(m, "kafka_connect_worker_task_startup_attempts_total",
	    c.task_starts);
	set_counter(m, "kafka_connect_worker_task_startup_failure_total",
	    c.task_failures);
	set_gauge(m, "kafka_connect_worker_rebalance_rebalancing",
	    worker_phase(w) == WORKER_STARTING ? 1 : 0);
}

static void
put_escaped(struct buf *b, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			(void)buf_puts(b, "\\");
		if (*text == '\n')
			(void)buf_puts(b, "\\n");
		else
			(void)buf_append(b, text, 1);
	}
}

/* 1 for the state each connector and task is in. */
static void
put_state(void *ctx, const char *connector, int task, const struct status *st)
{
	struct buf *b = ctx;

	(void)buf_printf(b, "kafka_connect_%s_status{connector=\"",
	    task < 0 ? "connector" : "connector_task");
	put_escaped(b, connector);
	if (task >= 0)
		(void)buf_printf(b, "\",task=\"%d", task);
	(void)buf_puts(b, "\",status=\"");
	for (const char *s = st->state; *s != '\0'; s++) {
		char lower = (char)(*s >= 'A' && *s <= 'Z' ? *s + 32 : *s);

		(void)buf_append(b, &lower, 1);
	}
	(void)buf_puts(b, "\"} 1\n");
}

void
rest_metrics(struct exchange *x)
{
	struct metric_registry *m = worker_metrics(x->worker);
	struct buf b;
	char *text;

	take_worker(x->worker, m);
	buf_init(&b, METRICS_BYTES);
	(void)metric_print(m, &b);
	statuses_each(journal_statuses(worker_journal(x->worker)), NULL,
	    put_state, &b);
	rest_cluster_metrics(x, &b);
	text = ps_strndup(x->a, buf_str(&b), b.len);
	exchange_text(x, 200, "text/plain; version=0.0.4; charset=utf-8", text,
	    b.len);
	buf_fini(&b);
}
