/*
 * moves: how often tasks moved, and how long each had no worker.
 *
 * From the assignment records as they are read, so every worker counts the
 * same ones since its start.
 */
#ifndef PENSTOCK_RECONCILE_MOVES_H
#define PENSTOCK_RECONCILE_MOVES_H

#include <stdbool.h>

#include "cluster/table.h"

struct moves;

struct moves *moves_new(void);
void moves_free(struct moves **mp);
/* A connector's record was read; NULL: it is gone. */
void moves_assigned(struct moves *m, const char *connector,
    const struct assignment *as, struct clock_ms now);
/* Tasks that went from one worker to another. */
int64_t moves_count(const struct moves *m);
/* From the moment in which a task has no worker until all have one. */
struct moves_rebalances {
	bool now;
	int64_t completed, total_ms, longest_ms;
	int64_t since_last_ms; /* since the last ended, 0: there was none */
};
struct moves_rebalances
moves_rebalances(const struct moves *m, struct clock_ms now);
/* Of each task that was ever without a worker, in all. */
typedef void
moves_fn(void *ctx, const char *connector, int task, int64_t unassigned_ms);
void
moves_each(const struct moves *m, struct clock_ms now, moves_fn *fn, void *ctx);

#endif
