/*
 * host: struct ps_host for tasks and connectors.
 *
 * What needs only memory is done here (schemas, source partitions, stored
 * offsets, metrics, log lines); what the process must do is asked from the
 * hooks. Data thread only.
 */
#ifndef PENSTOCK_PLUGIN_HOST_H
#define PENSTOCK_PLUGIN_HOST_H

#include <penstock/host.h>

#include "base/metric.h"
#include "plugin/partition.h"

/* What the owner of the host does; a NULL hook does nothing (report: fails
 * with `why`). */
struct host_hooks {
	bool (*stopping)(void *ctx);
	void (*request_commit)(void *ctx);
	void (*retry_after)(void *ctx, int64_t ms);
	void (*pause)(void *ctx, const struct ps_topic_position *tps,
	    size_t count);
	void (*resume)(void *ctx, const struct ps_topic_position *tps,
	    size_t count);
	int (*report)(void *ctx, const struct ps_record *r,
	    const struct ps_error *why, struct ps_error *err);
	void (*request_reconfiguration)(void *ctx);
	void (*raise_error)(void *ctx, const struct ps_error *why);
	void (*waiting)(void *ctx, const char *cause);
	const char *(*topic_id)(void *ctx, const char *topic);
	void (*set_mark)(void *ctx, const char *topic, int32_t partition,
	    int64_t mark);
	int64_t (*mark)(void *ctx, const char *topic, int32_t partition);
};

struct host_options {
	const char *connector;
	int task; /* -1: the connector's own process */
	int wake_fd;
	size_t budget_bytes;
	size_t schemas; /* how many are interned */
	const struct host_hooks *hooks;
	void *ctx;
};

struct host;

struct host *host_new(const struct host_options *o);
void host_free(struct host **hp);
const struct ps_host *host_abi(const struct host *h);
struct partition_set *host_partitions(struct host *h);
struct metric_registry *host_metrics(struct host *h);
/* Schemas beyond the ceiling live here until the owner says otherwise. */
void host_set_arena(struct host *h, struct ps_arena *a);
/* `connector="x",task="0"` */
const char *host_labels(const struct host *h);

#endif
