/*
 * value: copying, comparing and reading values of any shape.
 */
#ifndef PENSTOCK_RECORD_VALUE_H
#define PENSTOCK_RECORD_VALUE_H

#include <penstock/value.h>

/* Deep copy into the arena. */
struct ps_value value_copy(struct ps_arena *a, const struct ps_value *v);
/* Maps compare without regard to order, integers without regard to width,
 * floats as Java compares them (NaN is NaN). */
bool value_equal(const struct ps_value *x, const struct ps_value *y);
const char *value_type_name(enum ps_type type); /* INT8 … STRUCT */

#endif
