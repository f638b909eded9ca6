/*
 * json: values as JSON for the driver, both ways.
 *
 * Bytes are {"hex": "…"}, NaN and infinities {"float": "…"}; a record's value
 * in the form {"schema": …, "payload": …} is built with that schema.
 */
#ifndef PENSTOCK_TESTS_DRIVE_JSON_H
#define PENSTOCK_TESTS_DRIVE_JSON_H

#include <jansson.h>

#include <penstock/host.h>

/* Bytes that are no UTF-8 made visible. */
json_t *json_of_text(const char *text);
/* {"error": class, "text": …} */
json_t *json_of_error(const struct ps_error *err);
json_t *json_of_value(const struct ps_value *v, const struct ps_schema *s);
json_t *json_of_schema(const struct ps_schema *s);
struct ps_value value_of_json(struct ps_arena *a, const json_t *j);
/* Fills value and schema (interned) from a plain or enveloped document. */
void datum_of_json(const struct ps_host *h, struct ps_arena *a, const json_t *j,
    struct ps_value *v, const struct ps_schema **s);

#endif
