/*
 * cluster: this worker among others: drives the herder.
 *
 * Gives it what the logs, the group, the clock and the processes say, and
 * does what it decides. A NULL cluster is a standalone worker's: it leads,
 * owns all and may start all.
 */
#ifndef PENSTOCK_RECONCILE_CLUSTER_H
#define PENSTOCK_RECONCILE_CLUSTER_H

#include <uv.h>

#include "cluster/herder.h"
#include "journal/journal.h"
#include "supervise/errand.h"

struct cluster;
struct reconcile;

struct cluster_env {
	uv_loop_t *loop;
	const struct options *options;
	const struct errand_env *errands;
	struct journal *journal;
	const char *id;  /* host:port */
	const char *url; /* where other workers reach it */
};

struct cluster_ops {
	/* The first time that there is a leader: requests can be served. */
	void (*ready)(void *ctx);
	/* This worker leads from now on, or no more. */
	void (*leads)(void *ctx, bool leads);
	/* What it waits for, for people. */
	void (*stage)(void *ctx, const char *text);
	/* It cannot be part of the cluster: the worker is to end. */
	void (*broken)(void *ctx, const struct ps_error *err);
	/* Leaving takes too long, or nobody is there to take over: all work is
	 * to stop. */
	void (*hurry)(void *ctx);
	/* It has left. */
	void (*left)(void *ctx);
};

struct cluster *cluster_new(const struct cluster_env *env,
    const struct cluster_ops *ops, void *ctx, struct ps_error *err);
void cluster_free(struct cluster **cp);
/* Whose work it is; before anything runs. */
void cluster_attach(struct cluster *c, struct reconcile *r);
/* The topics exist. */
void cluster_listen(struct cluster *c);
/* There is a new list of them. */
void cluster_plugins_changed(struct cluster *c);
/* The logs are read. */
void cluster_begin(struct cluster *c);
/* What was read in the config topic and in the status topic. */
void cluster_config(struct cluster *c, const struct configs_event *e);
void cluster_status(struct cluster *c, const char *name, const void *value,
    size_t len);
/* Somebody else wrote that into the config topic, while this worker leads. */
void cluster_stranger(struct cluster *c, const char *key, int64_t offset);
/* `left` follows. A second call: without delay. */
void cluster_leave(struct cluster *c);
/* Nothing runs any more, nor will. */
void cluster_is_still(struct cluster *c);
/* Gives its work away, or takes some again. */
void cluster_drain(struct cluster *c, bool drain);

/* ---- What runs where ---- */

/* As herder_owns, herder_may_start, herder_may_speak, herder_is_idle. */
bool cluster_owns(const struct cluster *c, const char *connector, int task,
    int64_t generation);
bool cluster_may_start(const struct cluster *c, const char *connector, int task,
    int64_t generation);
bool cluster_may_speak(const struct cluster *c);
bool cluster_is_idle(const struct cluster *c, const char *connector);
/* Is none of its tasks of earlier task configs left? */
bool cluster_has_moved_on(const struct cluster *c, const char *connector);
void cluster_process(struct cluster *c, const char *connector, int task,
    int64_t generation, bool began);
/* May it be what that worker says it is (task -1: the connector)? */
bool cluster_trusts(const struct cluster *c, const char *connector, int task,
    const char *id, const char *incarnation);

/* ---- Who leads ---- */

bool cluster_leads(const struct cluster *c);
/* The leader's url, NULL: there is none now. */
const char *cluster_leader(const struct cluster *c);
/* The url of the worker that runs the task (-1: the connector's own process);
 * NULL: nobody does. */
const char *
cluster_owner(const struct cluster *c, const char *connector, int task);
/* 16 hexadecimal digits; another buffer's content after a lost lease. */
const char *cluster_incarnation(const struct cluster *c);
const struct herder *cluster_herder(const struct cluster *c);
struct moves;
const struct moves *cluster_moves(const struct cluster *c);

/* ---- Task configs ---- */

struct cluster_tasks_ops {
	/* `fn` when they are committed, or with why not. */
	void (*send)(void *ctx, const char *connector,
	    const struct ps_config *tasks, size_t count, journal_done_fn *fn,
	    void *fn_ctx);
	/* What was sent with this fn_ctx is forgotten. */
	void (*forget)(void *ctx, const void *fn_ctx);
};
/* How they go to a leader that is another worker; NULL: not at all. */
void cluster_on_tasks(struct cluster *c, const struct cluster_tasks_ops *ops,
    void *ctx);
/* Of a connector whose process runs here, to the leader that is elsewhere. */
void cluster_send_tasks(struct cluster *c, const char *connector,
    const struct ps_config *tasks, size_t count, journal_done_fn *fn,
    void *ctx);
/* Nobody waits with this ctx any more. */
void cluster_forget_tasks(struct cluster *c, const void *ctx);

#endif
