/*
 * text: what Java's toString() makes of a value.
 *
 * Bytes have no text in Java ("[B@1b2c3d"): they are written as they are.
 */
#ifndef PENSTOCK_CONNECTORS_FILE_TEXT_H
#define PENSTOCK_CONNECTORS_FILE_TEXT_H

#include <penstock/schema.h>
#include <penstock/value.h>

/* A PS_STRING or PS_BYTES value as it is; text in the arena for others. */
struct ps_value text_of(struct ps_arena *a, const struct ps_value *v,
    const struct ps_schema *schema);

#endif
