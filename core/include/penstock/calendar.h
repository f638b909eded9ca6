/*
 * calendar: days since 1970 and the proleptic Gregorian calendar, in UTC.
 */
#ifndef PENSTOCK_CALENDAR_H
#define PENSTOCK_CALENDAR_H

#include <stdint.h>

#define PS_MS_PER_DAY INT64_C(86400000)

struct ps_day {
	int64_t year;
	int month, day, weekday; /* 1..12, 1..31, 0 is Sunday */
};

/* The day that a time in milliseconds is on. */
static inline int64_t
ps_day_number(int64_t ms)
{
	return ms / PS_MS_PER_DAY - (ms % PS_MS_PER_DAY < 0);
}

static inline struct ps_day
ps_day_of(int64_t days)
{
	int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	int64_t month = mp < 10 ? mp + 3 : mp - 9;

	return (struct ps_day){
		.year = yoe + era * 400 + (month <= 2),
		.month = (int)month,
		.day = (int)(doy - (153 * mp + 2) / 5 + 1),
		.weekday = (int)(((days + 4) % 7 + 7) % 7),
	};
}

/* Months and days beyond their range count on into the next, or back. */
static inline int64_t
ps_days_of(int64_t year, int64_t month, int64_t day)
{
	int64_t y, era, yoe, doy;

	year += (month - 1) / 12;
	month = (month - 1) % 12 + 1;
	if (month < 1) {
		month += 12;
		year--;
	}
	y = month <= 2 ? year - 1 : year;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468 +
	       day - 1;
}

#endif
