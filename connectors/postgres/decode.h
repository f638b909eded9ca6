/*
 * decode: binary fields to values, in place.
 *
 * Text and bytes of the result point into the field; the caller has copied
 * the row into the batch's arena. What has no exact form is PS_E_DATA.
 */
#ifndef PENSTOCK_POSTGRES_DECODE_H
#define PENSTOCK_POSTGRES_DECODE_H

#include <penstock/record.h>

#include "column.h"

decode_fn decode_bool, decode_int2, decode_int4, decode_int8, decode_oid,
    decode_float4, decode_float8, decode_text, decode_text_checked,
    decode_bytea, decode_uuid, decode_bit, decode_date, decode_time,
    decode_stamp, decode_stamp_long, decode_stamp_text, decode_decimal,
    decode_numeric_int, decode_numeric_double, decode_array;

/* A row's fields, each with its length before it. PS_E_FATAL: it is cut. */
int decode_row(const struct column *columns, size_t count, struct ps_slice row,
    struct ps_arena *a, struct ps_value *out, struct ps_error *err);

#endif
