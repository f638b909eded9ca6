/*
 * avro_out: a Connect schema as the text of an Avro schema.
 *
 * The text is, member by member, what Confluent's converter registers, so
 * that both get the same id.
 */
#ifndef PENSTOCK_REGISTRY_AVRO_OUT_H
#define PENSTOCK_REGISTRY_AVRO_OUT_H

#include "avro.h"

/* `s` NULL: the schema of values that have none. */
int avro_text(struct ps_arena *a, const struct avro_options *o,
    const struct ps_schema *s, const char **text, struct ps_error *err);
#endif
