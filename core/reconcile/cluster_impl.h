/*
 * cluster_impl: the cluster's state; private to cluster*.c.
 */
#ifndef PENSTOCK_RECONCILE_CLUSTER_IMPL_H
#define PENSTOCK_RECONCILE_CLUSTER_IMPL_H

#include "cluster/mark.h"
#include "journal/leases.h"
#include "journal/pen.h"
#include "reconcile/cluster.h"
#include "reconcile/election.h"
#include "reconcile/moves.h"

#define CLUSTER_AREA "cluster"

/* An incarnation reads the config topic to its end. */
struct catch_up {
	struct cluster *c;
	uint64_t token;
};

struct cluster {
	struct cluster_env env;
	const struct cluster_ops *ops;
	void *ctx;
	struct ps_arena *a;
	const char *host;
	struct herder *h;
	struct reconcile *reconcile;
	struct leases *leases;
	struct election *election;
	struct pen *pen;
	struct moves *moves;
	uv_timer_t tick, limit;
	int handles;

	char incarnation[17];
	enum herder_role role; /* as told last */
	bool read, hears;      /* the logs; the lease topic */
	bool ready, led;       /* told */
	bool stepping, closing, broken;
	unsigned leaves, leaves_told; /* wishes to leave; what herder knows */
	bool still, gone, left;
	struct catch_up *catching;
	bool heals;         /* when the claim is written */
	bool claim_refused; /* at once: told on the next turn */

	struct mark mark; /* whose the topics are */
	bool marking;     /* that record is being written */
	const struct cluster_tasks_ops *tasks;
	void *tasks_ctx;
};

/* The one place where the herder is asked. */
void cluster_step(struct cluster *c, const struct herder_event *ev);
void cluster_step_plain(struct cluster *c, enum herder_event_kind kind);
/* The worker cannot go on: told once. */
void cluster_break(struct cluster *c, const struct ps_error *err);

/* cluster_leave.c: nothing runs, and others know it. */
void cluster_gone(struct cluster *c);
void cluster_on_left(void *ctx);

/* cluster_write.c: what the leader writes. */
void cluster_claim(struct cluster *c, int64_t epoch);
void cluster_heal(struct cluster *c);
void cluster_assign(struct cluster *c, const struct herder_action *act);
void cluster_introduce(struct cluster *c);
/* The topics belong to this group: says so once it leads. */
void cluster_mark(struct cluster *c);
extern const struct pen_ops cluster_pen_ops;

/* cluster_read.c: what is read. */
void cluster_on_lease(void *ctx, const struct wire_lease *r, int64_t offset);

#endif
