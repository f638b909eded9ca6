/*
 * fencing: tasks of the past that may not be dead commit nothing more.
 *
 * A question to a connector's process: only with the connector's own client
 * settings are the transactional ids of its tasks taken from them.
 */
#ifndef PENSTOCK_RECONCILE_FENCING_H
#define PENSTOCK_RECONCILE_FENCING_H

#include "supervise/errand.h"

/* Do tasks of sources have transactional ids here? */
bool fencing_is_on(const struct options *o);
/* Of the connector that `e` is about: ids 0 … tasks-1. */
void fencing_ask(struct errand *e, size_t tasks, errand_fn *fn, void *ctx);

#endif
