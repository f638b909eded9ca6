/*
 * avro_names: names of Connect as Avro allows them.
 */
#ifndef PENSTOCK_REGISTRY_AVRO_NAMES_H
#define PENSTOCK_REGISTRY_AVRO_NAMES_H

#include "avro.h"

/* A name as Avro takes it: with scrub.invalid.names a changed one. NULL and
 * `err` when it cannot be. Dots separate. */
const char *avro_name(struct ps_arena *a, const struct avro_options *o,
    const char *name, struct ps_error *err);
const char *avro_field_name(struct ps_arena *a, const struct avro_options *o,
    const struct ps_field *f, struct ps_error *err);
/* The full name of a top-level record, enum or fixed; NULL: it has none. */
const char *avro_record_name(struct ps_arena *a, const struct avro_options *o,
    const struct ps_schema *s, struct ps_error *err);

#endif
