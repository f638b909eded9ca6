/*
 * reconcile: what the config log says becomes what runs.
 *
 * Each connector is looked at again whenever anything about it changed, and
 * brought one step nearer: task configs are computed and written, tasks
 * stopped and started, statuses written. Nothing runs before the logs are
 * read; none of a new set of tasks starts before all of the old have ended.
 */
#ifndef PENSTOCK_RECONCILE_RECONCILE_H
#define PENSTOCK_RECONCILE_RECONCILE_H

#include "base/metric.h"
#include "journal/journal.h"
#include "reconcile/cluster.h"
#include "supervise/errand.h"
#include "supervise/inventory.h"
#include "supervise/supervisor.h"

struct reconcile;

struct reconcile_env {
	uv_loop_t *loop;
	struct gate *gate;
	const struct options *options;
	const struct errand_env *errands;
	struct journal *journal;
	struct cluster *cluster; /* NULL: all is ours */
	struct inventory *inventory;
	struct metric_registry *metrics;
	const char *worker_id;   /* host:port */
	const char *incarnation; /* a buffer: it may change */
	int keep_fd;
	struct cgroups *cgroups; /* for the tasks, NULL: none */
	/* Called once when all work has ended after reconcile_stop. */
	void (*stopped)(void *ctx);
	void *ctx;
};

struct reconcile *reconcile_new(const struct reconcile_env *env);
void reconcile_free(struct reconcile **rp);
/* The logs are read: begin. */
void reconcile_begin(struct reconcile *r);
/* An event of the config log. */
void reconcile_event(struct reconcile *r, const struct configs_event *e);
/* A status was read (task -1: the connector's). */
void reconcile_status(struct reconcile *r, const char *connector, int task,
    enum statuses_what what);
/* Ends all work; statuses become UNASSIGNED. */
void reconcile_stop(struct reconcile *r);
/* All processes end at once; what is ours then starts again. */
void reconcile_kill(struct reconcile *r);
/* What is to run of a connector (NULL: of any) may have changed. */
void reconcile_touch(struct reconcile *r, const char *connector);
/* This worker leads: what nobody runs is its to clear away. */
void reconcile_lead(struct reconcile *r);
/* Commits task configs, unless they are what is committed; `fn` once. */
void reconcile_put_tasks(struct reconcile *r, const char *connector,
    const struct ps_config *tasks, size_t count, journal_done_fn *fn,
    void *ctx);

/* The connector itself, as POST …/restart without flags. -1: unknown. */
int reconcile_restart_connector(struct reconcile *r, const char *name);
/* -1: unknown connector, -2: unknown task. */
int reconcile_restart_task(struct reconcile *r, const char *name, int id);
/* false: not run here. */
bool reconcile_task(const struct reconcile *r, const char *name, int id,
    struct task_view *out);
/* No task of it and no process is left (offsets may be changed). */
bool reconcile_is_idle(const struct reconcile *r, const char *name);
struct supervisor *reconcile_supervisor(struct reconcile *r);

struct reconcile_counts {
	size_t connectors, tasks;
	double connector_starts, connector_failures;
	double task_starts, task_failures;
};
struct reconcile_counts reconcile_counts(const struct reconcile *r);

#endif
