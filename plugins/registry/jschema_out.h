/*
 * jschema_out: a Connect schema as the text of a JSON Schema.
 */
#ifndef PENSTOCK_REGISTRY_JSCHEMA_OUT_H
#define PENSTOCK_REGISTRY_JSCHEMA_OUT_H

#include "jschema.h"

/* `s` NULL: the schema that takes anything. */
int jschema_text(struct ps_arena *a, const struct jschema_options *o,
    const struct ps_schema *s, const char **text, struct ps_error *err);

#endif
