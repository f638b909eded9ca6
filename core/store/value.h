/*
 * value: reading the JSON values of Connect's internal topics.
 *
 * Small helpers that configs and statuses share.
 */
#ifndef PENSTOCK_STORE_VALUE_H
#define PENSTOCK_STORE_VALUE_H

#include <math.h>
#include <stdint.h>

#include <jansson.h>

/* A whole number, also one that other writers gave a fraction of zero. */
static inline int
value_int(const json_t *obj, const char *name, int64_t min, int64_t max,
    int64_t *out)
{
	const json_t *j = json_object_get(obj, name);

	if (json_is_integer(j))
		*out = json_integer_value(j);
	else if (json_is_real(j) && fabs(json_real_value(j)) < 9e15 &&
		 floor(json_real_value(j)) == json_real_value(j))
		*out = (int64_t)json_real_value(j);
	else
		return -1;
	return *out < min || *out > max ? -1 : 0;
}

#endif
