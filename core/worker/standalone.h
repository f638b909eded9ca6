/*
 * standalone: connector files given on the command line.
 *
 * A flat JSON map with a name, {"name", "config", "initial_state"}, or a
 * .properties file; as Kafka Connect's standalone program takes them.
 */
#ifndef PENSTOCK_WORKER_STANDALONE_H
#define PENSTOCK_WORKER_STANDALONE_H

#include "worker/requests.h"

/* Strings in the arena. */
int standalone_read(struct ps_arena *a, const char *path,
    struct request_spec *out, struct ps_error *err);

#endif
