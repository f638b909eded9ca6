/*
 * worker: one node: its logs, its children, its place in the cluster.
 *
 * One thread, one loop; nothing here waits. REST is opened by whoever opened
 * the worker and answers from the start on; work begins when the logs were
 * read to their ends.
 */
#ifndef PENSTOCK_WORKER_WORKER_H
#define PENSTOCK_WORKER_WORKER_H

#include <uv.h>

#include "base/metric.h"
#include "journal/journal.h"
#include "options/options.h"
#include "reconcile/cluster.h"
#include "reconcile/reconcile.h"
#include "supervise/inventory.h"
#include "worker/requests.h"

struct documents;
struct revisions;
struct worker;

enum worker_phase { WORKER_STARTING, WORKER_READY, WORKER_STOPPING };

/* Reads the properties (references resolved by a child). */
struct worker *worker_open(const char *properties, enum worker_kind kind,
    struct ps_error *err);
/* `port` is where REST listens: part of the worker's id. */
int worker_start(struct worker *w, int port, struct ps_error *err);
/* Connectors of a standalone worker, created when it is ready. */
void worker_add_connector(struct worker *w, const struct request_spec *spec,
    const char *file);
/* Whom a worker tells that it ends. */
struct worker_ending {
	/* Once, while all still works; who is told calls worker_leave when the
	 * worker may go. One that failed does not wait for that. */
	void (*stopping)(void *ctx);
	/* At each signal after that: nothing is waited for any more. */
	void (*hurry)(void *ctx);
};
/* Before worker_start: it may fail while it starts. */
void worker_tell_end(struct worker *w, const struct worker_ending *ending,
    void *ctx);
/* Until SIGTERM, SIGINT or a failure: the exit code. */
int worker_run(struct worker *w);
void worker_free(struct worker **wp);
/* Begins the end; `code` is worker_run's, of several the first that is not
 * 0: it may fail while it ends. */
void worker_stop(struct worker *w, int code);
/* It leaves the cluster and stops its children, if it does not yet. */
void worker_leave(struct worker *w);

uv_loop_t *worker_loop(struct worker *w);
const struct options *worker_options(const struct worker *w);
struct journal *worker_journal(const struct worker *w);
/* NULL: standalone. */
struct cluster *worker_cluster(const struct worker *w);
struct inventory *worker_inventory(const struct worker *w);
struct reconcile *worker_reconcile(const struct worker *w);
struct documents *worker_documents(const struct worker *w);
const struct revisions *worker_revisions(const struct worker *w);
struct requests *worker_requests(const struct worker *w);
struct metric_registry *worker_metrics(const struct worker *w);
const struct errand_env *worker_errands(const struct worker *w);

const char *worker_id(const struct worker *w); /* host:port */
const char *worker_incarnation(const struct worker *w);
enum worker_phase worker_phase(const struct worker *w);
/* Are the logs read, so that what they say can be answered? */
bool worker_has_read(const struct worker *w);
/* What it is doing, and since when; for /health and time-outs. */
const char *worker_stage(const struct worker *w, struct wall_ms *since);
struct wall_ms worker_started(const struct worker *w);

#endif
