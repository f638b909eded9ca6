/*
 * forward: what another worker must do is passed on to it, once.
 *
 * Writes go to the leader, restarts to the owner of what is restarted. A
 * request that was passed on already and reached the wrong worker is refused,
 * so none goes in circles. The answer is given when this worker has read what
 * the leader wrote; while nobody leads, requests wait for a while.
 */
#ifndef PENSTOCK_REST_FORWARD_H
#define PENSTOCK_REST_FORWARD_H

#include <stdbool.h>

#include "http/exchange.h"

enum forward_to {
	FORWARD_NOWHERE,
	FORWARD_LEADER,
	FORWARD_OWNER,      /* of the connector that the path names */
	FORWARD_TASK_OWNER, /* of the task */
};

struct forwarder;
struct tls;

/* Of a worker that is part of a cluster; its followers' task configs go this
 * way as well. */
struct forwarder *forwarder_new(struct worker *w);
void forwarder_free(struct forwarder **fp);
/* What https to other workers is done with; kept. */
void forwarder_use_tls(struct forwarder *f, const struct tls *tls);

/* Whose request it is, if another worker passed it on: before anybody is asked
 * who they are. */
void forward_origin(struct exchange *x);
/* false: it is this worker's to do. Otherwise it is answered, or kept until
 * `run` is called because this worker has become the one. */
bool forward_takes(struct exchange *x, enum forward_to to,
    void (*run)(struct exchange *x));

#endif
