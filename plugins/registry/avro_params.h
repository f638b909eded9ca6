/*
 * avro_params: parameters of a schema's draft, and values that are kept.
 */
#ifndef PENSTOCK_REGISTRY_AVRO_PARAMS_H
#define PENSTOCK_REGISTRY_AVRO_PARAMS_H

#include <jansson.h>

#include <penstock/schema.h>

/* Sets one; a name that is there keeps its place. Both are borrowed. */
void avro_set_param(struct ps_arena *a, struct ps_schema *s, const char *name,
    const char *value);
/* connect.parameters; -1: they are no texts. */
int avro_read_params(struct ps_arena *a, struct ps_schema *s,
    const json_t *params, struct ps_error *err);
/* Properties that begin with "avro". */
void
avro_read_props(struct ps_arena *a, struct ps_schema *s, const json_t *props);

/* A copy in the arena that borrows nothing. */
struct ps_value value_kept(struct ps_arena *a, const struct ps_value *v);

#endif
