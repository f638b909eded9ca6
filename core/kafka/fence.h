/*
 * fence: whoever has a transactional.id now can commit nothing more.
 *
 * For tasks of the past, whose ids are known and whose processes are not.
 */
#ifndef PENSTOCK_KAFKA_FENCE_H
#define PENSTOCK_KAFKA_FENCE_H

#include <stddef.h>

#include <penstock/config.h>
#include <penstock/error.h>

/* Waits until all are fenced; limit_ms is for some of them at a time. Open
 * transactions of theirs are aborted. `settings` are Java's keys. */
int fence_ids(const struct ps_config *settings, const char *const *ids,
    size_t count, int limit_ms, struct ps_error *err);

#endif
