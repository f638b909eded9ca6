/*
 * worker_impl: what a worker consists of; private to worker*.c.
 */
#ifndef PENSTOCK_WORKER_WORKER_IMPL_H
#define PENSTOCK_WORKER_WORKER_IMPL_H

#include "worker/worker.h"

/* A connector's file, of a standalone worker. */
struct start_file {
	struct start_file *next;
	struct worker *w;
	struct request_spec spec;
	const char *file;
};

struct worker {
	uv_loop_t loop;
	uv_signal_t term, interrupt;
	struct options *options;
	struct ps_arena *a;
	struct gate gate;
	struct errand_env errands;
	struct inventory *inventory;
	struct journal *journal;
	struct reconcile *reconcile;
	struct requests *requests;
	struct documents *documents;
	struct revisions *revisions;
	struct upgrader *upgrader;
	struct cluster *cluster; /* NULL: standalone */
	struct session *session; /* the same */
	struct metric_registry *metrics;
	int name_fd;
	struct cgroups *cgroups; /* NULL: none */

	const char *id, *incarnation;
	bool read, listed, led; /* logs; plugins are known; a leader is */
	bool left, still;       /* the cluster; nothing runs */
	enum worker_phase phase;
	char stage[256];
	struct wall_ms stage_since, started;
	struct start_file *files;
	int code;
	bool signals_open, leaving, ended;
	const struct worker_ending *ending; /* NULL: nobody is told */
	void *ending_ctx;
};

/* worker_read.c: what the logs say goes to whom it concerns; ctx: the
 * worker. */
void worker_read_config(void *ctx, const struct configs_event *e);
void
worker_read_own(void *ctx, const char *name, const void *value, size_t len);
void worker_read_status(void *ctx, const char *connector, int task,
    enum statuses_what what);
void worker_read_stranger(void *ctx, const char *key, int64_t offset);

#endif
