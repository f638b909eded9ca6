#include "access/audit.h"
#include "access/guard.h"
#include "access/rate.h"
#include "base/js.h"
#include "rest/handlers.h"
#include "worker/worker.h"

#define METRICS_BYTES (64u << 20)

void
rest_root(struct exchange *x)
{
	const char *cluster = journal_cluster_id(worker_journal(x->worker));

	exchange_json(x, 200,
	    json_pack("{s:s, s:s, s:s?}", "version", REST_VERSION, "commit",
		REST_COMMIT, "kafka_cluster_id", cluster));
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

/* What else only the log would say. */
static void
take_access(const struct exchange *x)
{
	struct metric_registry *m = worker_metrics(x->worker);

	metric_set(m, METRIC_GAUGE, "penstock_rest_audit_lines_lost", "",
	    audit_lost(x->audit));
	metric_set(m, METRIC_GAUGE, "penstock_rest_access_files_stale", "",
	    guard_stale(x->guard));
	for (int r = ROLE_NOBODY; r <= ROLE_ADMIN; r++)
		metric_set(m, METRIC_COUNTER, "penstock_quota_refused_total",
		    ps_printf(x->a, "quota=\"%s\"", rate_quota((enum role)r)),
		    (double)guard_refused(x->guard, (enum role)r));
}

void
rest_metrics(struct exchange *x)
{
	struct buf b;

	buf_init(&b, METRICS_BYTES);
	take_access(x);
	rest_connect_metrics(x, &b);
	rest_cluster_metrics(x, &b);
	exchange_buf(x, 200, "text/plain; version=0.0.4; charset=utf-8", &b);
	buf_fini(&b);
}
