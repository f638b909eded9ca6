/*
 * stored: JSON values of Connect's internal topics, and configurations.
 *
 * Small helpers that configs, statuses and topics share.
 */
#ifndef PENSTOCK_STORE_STORED_H
#define PENSTOCK_STORE_STORED_H

#include <jansson.h>

#include <penstock/config.h>

/* A whole number, also one that other writers gave a fraction of zero. -1
 * when it is none or out of range. */
int stored_int(const json_t *obj, const char *name, int64_t min, int64_t max,
    int64_t *out);

/* Copies everything into the arena. */
struct ps_config stored_copy(struct ps_arena *a, const struct ps_config *c);
bool stored_equal(const struct ps_config *x, const struct ps_config *y);
/* Sorts settings in place. */
struct ps_config stored_sorted(struct ps_setting *settings, size_t count);

#endif
