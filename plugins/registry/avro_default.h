/*
 * avro_default: default values, from and to the JSON that Avro writes them as.
 */
#ifndef PENSTOCK_REGISTRY_AVRO_DEFAULT_H
#define PENSTOCK_REGISTRY_AVRO_DEFAULT_H

#include <jansson.h>

#include "avro.h"
#include "writer.h"

int avro_default_out(struct writer *w, const struct avro_options *o,
    const struct ps_schema *s, const struct ps_value *v, struct ps_error *err);
/* The value of a schema's draft; -1 when it does not fit, which is ignored as
 * Connect does. Texts are copied into the arena. */
int avro_default_in(struct ps_arena *a, const struct ps_schema *s,
    const json_t *json, struct ps_value *out);

#endif
