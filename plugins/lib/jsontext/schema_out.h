/*
 * schema_out: a schema as the JSON that goes before a payload.
 */
#ifndef PENSTOCK_JSON_SCHEMA_OUT_H
#define PENSTOCK_JSON_SCHEMA_OUT_H

#include "out.h"
#include "plan.h"

/* `n` is the compiled form of `s`; it writes defaults. */
int schema_out(struct out *o, const struct ps_schema *s,
    const struct plan_node *n, enum json_decimal decimal, struct ps_error *err);
/* The name of the type in JSON schemas: "float", not "FLOAT32". */
const char *schema_type_name(enum ps_type type);

#endif
