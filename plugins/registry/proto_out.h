/*
 * proto_out: a Connect schema as the text of a .proto file.
 */
#ifndef PENSTOCK_REGISTRY_PROTO_OUT_H
#define PENSTOCK_REGISTRY_PROTO_OUT_H

#include "proto.h"

int proto_text(struct ps_arena *a, const struct proto_options *o,
    const struct ps_schema *s, const char **text, struct ps_error *err);
/* The full name of the message that a schema becomes. */
const char *proto_full_name(struct ps_arena *a, const struct ps_schema *s);

#endif
