/*
 * encode: values as the text that COPY reads into a column.
 */
#ifndef PENSTOCK_POSTGRES_ENCODE_H
#define PENSTOCK_POSTGRES_ENCODE_H

#include <penstock/schema.h>

#include "str.h"
#include "target.h"

/* Appends the value for a column of that kind, escaped for COPY; `a` is for
 * what is needed on the way. PS_E_DATA when it has no form there. */
int encode_cell(struct str *out, struct ps_arena *a, const struct tcolumn *c,
    const struct ps_value *v, const struct ps_schema *s, struct ps_error *err);
/* Compact JSON of any value, as schemaless JSON has it. */
int encode_json(struct str *out, struct ps_arena *a, const struct ps_value *v,
    const struct ps_schema *s, struct ps_error *err);

/* One value inside a document. */
struct json_out;
int encode_json_any(struct json_out *j, const struct ps_value *v,
    const struct ps_schema *s);

#endif
