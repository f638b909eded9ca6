/*
 * when: a point in time as people write it.
 */
#ifndef PENSTOCK_WORKER_WHEN_H
#define PENSTOCK_WORKER_WHEN_H

#include <stdint.h>

#include <jansson.h>

#include <penstock/error.h>

/* Milliseconds since 1970, or text like 2026-11-28T23:35:00Z, with parts of a
 * second or without, always UTC. PS_E_CONFIG. */
int when_parse(const json_t *value, int64_t *ms, struct ps_error *err);

#endif
