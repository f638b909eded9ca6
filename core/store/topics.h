/*
 * topics: the internal topics exist and are as they must be.
 *
 * Creates what is missing with the configured partitions, replication and
 * settings, then checks: Connect's three are compacted, the leases (ours) last
 * an hour, configs and leases have one partition. Words are Connect's, with
 * the command that mends it.
 */
#ifndef PENSTOCK_STORE_TOPICS_H
#define PENSTOCK_STORE_TOPICS_H

#include <penstock/config.h>
#include <penstock/error.h>

#include "kafka/admin.h"

enum topics_which {
	TOPICS_CONFIG,
	TOPICS_OFFSET,
	TOPICS_STATUS,
	TOPICS_LEASE, /* <config.storage.topic>-penstock */
};

struct topics_spec {
	enum topics_which which;
	const char *property; /* config.storage.topic */
	struct admin_new_topic topic;
};

/* From the worker's configuration. Memory from `a`. */
int topics_spec(struct ps_arena *a, const struct ps_config *worker,
    enum topics_which which, struct topics_spec *out, struct ps_error *err);

/* Is a topic with that policy and so many partitions fit for it? The rules
 * alone, for tests. `policy` NULL: not allowed to know. */
int topics_judge(const struct topics_spec *spec, const char *policy,
    int partitions, struct ps_error *err);

typedef void topics_fn(void *ctx, const struct ps_error *err);
/* Creates and checks all of `specs` (borrowed until then); one answer.
 * PS_E_CONFIG: refused; PS_E_RETRY: the cluster does not answer. */
void topics_ensure(struct admin *ad, const struct topics_spec *specs,
    size_t count, int limit_ms, topics_fn *fn, void *ctx);

#endif
