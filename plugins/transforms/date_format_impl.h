/*
 * date_format_impl: a pattern as its parts, for writing and for reading.
 */
#ifndef PENSTOCK_TRANSFORMS_DATE_FORMAT_IMPL_H
#define PENSTOCK_TRANSFORMS_DATE_FORMAT_IMPL_H

#include <penstock/calendar.h>

#include "date_format.h"

struct date_part {
	char letter; /* 0: a literal */
	int count;
	char literal;
};

struct date_format {
	struct date_part *parts;
	size_t count;
	size_t room; /* that any text of it needs */
};

extern const char *const month_names[], *const day_names[];

#endif
