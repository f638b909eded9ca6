/*
 * date_format: dates as text, by the patterns of Java's SimpleDateFormat.
 *
 * In UTC, with English names. Reading is as lenient as Java's: the 30th of
 * February is in March, and what follows is not looked at. Weeks are written
 * but not read.
 */
#ifndef PENSTOCK_TRANSFORMS_DATE_FORMAT_H
#define PENSTOCK_TRANSFORMS_DATE_FORMAT_H

#include "operand.h"

struct date_format;

/* Lives as long as `t`; NULL: no such pattern, `err` says why. */
const struct date_format *
date_format_new(struct common *t, const char *pattern, struct ps_error *err);
struct ps_value
date_format_put(const struct date_format *f, struct ps_arena *a, int64_t ms);
/* -1 without an error when the text is not of this format. */
int date_format_read(const struct date_format *f, const char *s, size_t len,
    int64_t *ms);

#endif
