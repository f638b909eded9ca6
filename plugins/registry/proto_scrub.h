/*
 * proto_scrub: a schema whose names Protobuf can have.
 */
#ifndef PENSTOCK_REGISTRY_PROTO_SCRUB_H
#define PENSTOCK_REGISTRY_PROTO_SCRUB_H

#include <penstock/schema.h>

/* scrub.invalid.names: like `s`, with other names for structs and fields where
 * need be; values of the one are values of the other. In `a`. */
const struct ps_schema *
proto_scrubbed(struct ps_arena *a, const struct ps_schema *s);

#endif
