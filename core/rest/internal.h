/*
 * internal: what workers ask of each other, signed.
 *
 * The owner of a connector sends its new task configs to the leader.
 */
#ifndef PENSTOCK_REST_INTERNAL_H
#define PENSTOCK_REST_INTERNAL_H

#include "rest/forward.h"

/* From here on the worker's task configs go to the leader by this way. */
void internal_join(struct forwarder *f);
void internal_leave(struct forwarder *f);

#endif
