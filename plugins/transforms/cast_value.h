/*
 * cast_value: a value as another type, as Connect's Cast and Java do it.
 */
#ifndef PENSTOCK_TRANSFORMS_CAST_VALUE_H
#define PENSTOCK_TRANSFORMS_CAST_VALUE_H

#include "operand.h"

/* Null stays null. -1: the value does not fit, or has no such cast. */
int cast_value(struct ps_arena *a, const struct ps_schema *from,
    struct ps_value *v, enum ps_type to, struct ps_error *err);
/* A number as Java's parsers read it: the whole text, or it is none. */
bool
parse_whole(const char *s, size_t len, int64_t min, int64_t max, int64_t *out);
bool parse_float(const char *s, size_t len, struct ps_arena *a, double *out,
    float *narrow);

#endif
