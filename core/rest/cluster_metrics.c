#include <inttypes.h>

#include "reconcile/cluster.h"
#include "reconcile/moves.h"
#include "rest/handlers.h"
#include "worker/worker.h"

#define MS_PER_S 1000.0

static void
put_head(struct buf *b, const char *name, const char *type, const char *help)
{
	(void)buf_printf(b, "# HELP penstock_cluster_%s %s\n", name, help);
	(void)buf_printf(b, "# TYPE penstock_cluster_%s %s\n", name, type);
}

static void
put_one(struct buf *b, const char *name, const char *type, const char *help,
    double value)
{
	put_head(b, name, type, help);
	(void)buf_printf(b, "penstock_cluster_%s %.15g\n", name, value);
}

static void
put_text(struct buf *b, const char *text)
{
	for (; *text != '\0'; text++)
		if (*text == '\n')
			(void)buf_puts(b, "\\n");
		else
			(void)buf_printf(b, "%s%c",
			    *text == '"' || *text == '\\' ? "\\" : "", *text);
}

static int
members(const struct herder *h)
{
	int count = 0;

	for (const struct peer *p = peers_first(herder_peers(h)); p != NULL;
	     p = p->next)
		count += peer_is_member(p);
	return count;
}

static int
unassigned(const struct table *t)
{
	int count = 0;

	for (size_t i = 0; i < table_count(t); i++) {
		const struct entry *e = table_at(t, i);

		for (size_t n = 0; n < entry_task_count(e); n++)
			count += entry_owner(e, (int)n) == NULL;
	}
	return count;
}

/* As this worker hears them; epochs count the records of the config topic
 * that matter to the cluster. */
static void
put_workers(struct buf *b, const struct herder *h)
{
	struct clock_ms now = clock_now();

	put_head(b, "lease_age_seconds", "gauge",
	    "Time since a worker's last heartbeat was read.");
	for (const struct peer *p = peers_first(herder_peers(h)); p != NULL;
	     p = p->next) {
		if (p->over)
			continue;
		(void)buf_puts(b,
		    "penstock_cluster_lease_age_seconds{worker=\"");
		put_text(b, p->who.id);
		(void)buf_printf(b, "\"} %.3f\n",
		    (double)clock_since(p->heard, now) / MS_PER_S);
	}
	put_head(b, "log_lag", "gauge",
	    "Epochs of the config topic that a worker has not applied yet.");
	for (const struct peer *p = peers_first(herder_peers(h)); p != NULL;
	     p = p->next) {
		int64_t lag = herder_epoch(h) - p->epoch;

		if (p->over)
			continue;
		(void)buf_puts(b, "penstock_cluster_log_lag{worker=\"");
		put_text(b, p->who.id);
		(void)buf_printf(b, "\"} %" PRId64 "\n", lag < 0 ? 0 : lag);
	}
}

static void
put_unassigned(void *ctx, const char *connector, int task, int64_t ms)
{
	struct buf *b = ctx;

	(void)buf_puts(b,
	    "penstock_cluster_task_unassigned_seconds_total{connector=\"");
	put_text(b, connector);
	(void)buf_printf(b, "\",task=\"%d\"} %.3f\n", task,
	    (double)ms / MS_PER_S);
}

void
rest_cluster_metrics(struct exchange *x, struct buf *b)
{
	const struct cluster *c = worker_cluster(x->worker);
	const struct herder *h;

	if (c == NULL)
		return;
	h = cluster_herder(c);
	put_one(b, "members", "gauge", "Workers that may be given work.",
	    members(h));
	put_one(b, "leader", "gauge", "1 when this worker leads.",
	    cluster_leads(c) ? 1 : 0);
	put_one(b, "epoch", "gauge", "The highest epoch that was read.",
	    (double)herder_epoch(h));
	put_one(b, "moves_total", "counter",
	    "Tasks that went from one worker to another.",
	    (double)moves_count(cluster_moves(c)));
	put_one(b, "unassigned_tasks", "gauge",
	    "Tasks that are to run and have no worker now.",
	    unassigned(herder_table(h)));
	put_head(b, "task_unassigned_seconds_total", "counter",
	    "Time in which a task had no worker.");
	moves_each(cluster_moves(c), clock_now(), put_unassigned, b);
	put_workers(b, h);
}
