/*
 * numeric: Postgres' binary numeric, exactly.
 *
 * The wire has base 10000 digits; Connect's Decimal is an unscaled integer
 * in big-endian two's complement with the scale in the schema.
 */
#ifndef PENSTOCK_POSTGRES_NUMERIC_H
#define PENSTOCK_POSTGRES_NUMERIC_H

#include <penstock/value.h>

/* value * 10^scale as bytes in the arena. PS_E_DATA for NaN, infinities and
 * digits behind `scale`. */
int numeric_decimal(const uint8_t *p, size_t len, int scale, struct ps_arena *a,
    struct ps_value *out, struct ps_error *err);
/* The integer; PS_E_DATA when it is none or beyond 18 digits. */
int
numeric_int(const uint8_t *p, size_t len, int64_t *out, struct ps_error *err);
/* Nearest double; NaN and infinities are themselves. */
int numeric_double(const uint8_t *p, size_t len, struct ps_arena *a,
    double *out, struct ps_error *err);

/* Text of an unscaled two's complement number: "-12.50". In the arena. */
char *numeric_text(struct ps_arena *a, const uint8_t *unscaled, size_t len,
    int scale, size_t *out_len);

#endif
