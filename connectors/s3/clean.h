/*
 * clean: a sink that is deleted takes along the logs of its cuts and uploads.
 *
 * They are all that it keeps in the bucket for itself; the objects are what
 * it delivered, and stay. So do the logs of an earlier version, which are not
 * told apart by connector: others may need them.
 */
#ifndef PENSTOCK_CONNECTORS_S3_CLEAN_H
#define PENSTOCK_CONNECTORS_S3_CLEAN_H

#include <penstock/host.h>

struct clean_limits {
	int64_t silent_ms; /* without any answer */
	int64_t whole_ms;
};

/* As struct ps_sink_ops has it. */
int clean_logs(const struct ps_host *h, const struct ps_config *c,
    const char *const *topics, struct ps_error *err);
int clean_within(const struct clean_limits *limits, const struct ps_host *h,
    const struct ps_config *c, const char *const *topics, struct ps_error *err);

#endif
