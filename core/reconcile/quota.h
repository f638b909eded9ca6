/*
 * quota: how much the cluster may hold, as the leader's file says (quota.*).
 *
 * Connectors, the tasks that they may have by their tasks.max, and the size of
 * a configuration. Only what grows is refused: what is there goes on, though
 * it be too much. Who appends what grows says so to whoever asks before it was
 * read back. Refusals are counted in penstock_quota_refused_total.
 */
#ifndef PENSTOCK_RECONCILE_QUOTA_H
#define PENSTOCK_RECONCILE_QUOTA_H

#include <penstock/error.h>

#include "base/metric.h"
#include "options/options.h"
#include "store/configs.h"

struct quota {
	const struct options *options;
	const struct configs *configs;
	struct metric_registry *metrics;
};

/* Of one connector. */
struct quota_change {
	const char *connector;
	const struct ps_config *config; /* NULL: it goes */
	int64_t seen; /* where its configuration was, -1: nowhere */
};

struct quota_size {
	int64_t connectors, tasks;
};

/* Every series of ours, at 0. */
void quota_begin(struct metric_registry *m);
/* tasks.max, 1 where it says nothing. */
int64_t quota_tasks_max(const struct ps_config *config);
/* `config` NULL: it goes. */
struct quota_change quota_change(const struct quota *q, const char *connector,
    const struct ps_config *config);
/* What they add to what has been read; nothing, if they have been too. */
struct quota_size quota_growth(const struct quota *q,
    const struct quota_change *changes, size_t count);

/* ---- PS_E_CONFIG names the quota, its value and what was asked ---- */

int quota_check_config(const struct quota *q, const char *connector,
    const struct ps_config *config, struct ps_error *err);
/* Beside `pending`, which has been appended and not been read. */
int quota_check_growth(const struct quota *q, const struct quota_size *pending,
    const struct quota_size *growth, struct ps_error *err);
/* The same of task configs, for those that no request of ours made room for:
 * of another program's configuration, or above a quota that is lower now.
 * PS_E_RETRY: there may be room later. */
int quota_check_tasks(const struct quota *q, const char *connector,
    size_t count, struct ps_error *err);

#endif
