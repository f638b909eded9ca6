/*
 * times: Postgres' dates and times, and their texts.
 *
 * Binary times count microseconds from 2000-01-01; the two ends of the range
 * are the infinities. Texts are as Postgres writes them with DateStyle ISO.
 */
#ifndef PENSTOCK_POSTGRES_TIMES_H
#define PENSTOCK_POSTGRES_TIMES_H

#include <stddef.h>
#include <stdint.h>

#define TIMES_EPOCH_US   INT64_C(946684800000000) /* 2000 after 1970 */
#define TIMES_EPOCH_DAYS 10957
#define TIMES_DAY_US     INT64_C(86400000000)

enum { TIMES_TEXT = 48 };

/* "2000-01-01 00:00:00.000001", years before 1 with " BC" behind; the
 * infinities by name. `us` counts from 2000. Returns the length. */
size_t times_stamp_text(char out[TIMES_TEXT], int64_t us);
/* "2000-01-01"; `days` count from 1970. */
size_t times_date_text(char out[TIMES_TEXT], int64_t days);
/* "01:02:03.000004"; microseconds of the day. */
size_t times_day_text(char out[TIMES_TEXT], int64_t us);
/* "2000-01-01T00:00:00.000001", as java.time writes it, `digits` of a second
 * behind the point. */
size_t times_iso_text(char out[TIMES_TEXT], int64_t us, int digits);

/* Rounds to minus infinity, as dates before 1970 need. */
static inline int64_t
times_floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

#endif
