/*
 * json: schemaless values as the compact JSON of Connect's internal topics.
 *
 * Source partitions and offsets only: null, booleans, numbers, strings,
 * bytes (base64), arrays and maps with string keys. Control path.
 */
#ifndef PENSTOCK_RECORD_JSON_H
#define PENSTOCK_RECORD_JSON_H

#include <penstock/error.h>
#include <penstock/value.h>

/* Compact, members in order, in the arena; NULL for values without a form. */
char *value_to_json(struct ps_arena *a, const struct ps_value *v, size_t *len,
    struct ps_error *err);
int value_from_json(struct ps_arena *a, const char *text, size_t len,
    struct ps_value *out, struct ps_error *err);

#endif
