/*
 * schema_name: names of schemas made fit for Avro, as Debezium does it
 * (schema.name.adjustment.mode).
 */
#ifndef PENSTOCK_TRANSFORMS_SCHEMA_NAME_H
#define PENSTOCK_TRANSFORMS_SCHEMA_NAME_H

#include "transforms.h"

#define ADJUSTMENT_KEY "schema.name.adjustment.mode"

enum adjustment { ADJUST_NONE, ADJUST_AVRO, ADJUST_UNICODE };

extern const char *const adjustments[];

enum adjustment adjustment_of(const char *value);
/* The name itself, or one in the arena. */
const char *
schema_name(struct ps_arena *a, enum adjustment how, const char *name);

#endif
