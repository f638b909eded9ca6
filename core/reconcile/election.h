/*
 * election: this worker in its consumer group, whose owner of the config
 * topic's partition is the candidate.
 *
 * A static member, named by worker and machine: who was killed and starts
 * again there takes its own place, and nobody waits for its session to end.
 */
#ifndef PENSTOCK_RECONCILE_ELECTION_H
#define PENSTOCK_RECONCILE_ELECTION_H

#include <uv.h>

#include "options/options.h"

struct election;

struct election_ops {
	void (*candidate)(void *ctx, bool is_candidate);
	/* It is out for good; the error says the way out. */
	void (*broken)(void *ctx, const struct ps_error *err);
	/* What election_leave began is done. */
	void (*left)(void *ctx);
};

struct election_spec {
	uv_loop_t *loop;
	const struct options *options;
	const char *id, *host; /* as in struct beat */
};

/* Strings are borrowed. */
struct election *election_new(const struct election_spec *spec,
    const struct election_ops *ops, void *ctx);
void election_free(struct election **ep);
int election_join(struct election *e, struct ps_error *err);
/* Leaves, and joins again after a pause. */
void election_rejoin(struct election *e);
void election_leave(struct election *e);
/* As group_metadata. */
char *election_metadata(const struct election *e, struct ps_arena *a);
const char *election_trouble(const struct election *e);

#endif
