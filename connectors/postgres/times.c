#include "times.h"

#include <stdio.h>
#include <string.h>

struct civil {
	int64_t year;
	int month, day;
};

/* Proleptic Gregorian; the year 0 is 1 BC. */
static struct civil
civil_of(int64_t days)
{
	int64_t z = days + 719468, era = times_floor_div(z, 146097);
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	int month = (int)(mp < 10 ? mp + 3 : mp - 9);

	return (struct civil){ yoe + era * 400 + (month <= 2), month,
		(int)(doy - (153 * mp + 2) / 5 + 1) };
}

/* The date with a year that is at least 1; says if it is before Christ. */
static size_t
date_part(char *out, int64_t days, int *bc)
{
	struct civil c = civil_of(days);

	*bc = c.year <= 0;
	return (size_t)snprintf(out, TIMES_TEXT, "%04lld-%02d-%02d",
	    (long long)(*bc ? 1 - c.year : c.year), c.month, c.day);
}

static size_t
add_era(char *out, size_t n, int bc)
{
	if (bc)
		memcpy(out + n, " BC", 4);
	return bc ? n + 3 : n;
}

size_t
times_date_text(char out[TIMES_TEXT], int64_t days)
{
	int bc;
	size_t n = date_part(out, days, &bc);

	return add_era(out, n, bc);
}

size_t
times_day_text(char out[TIMES_TEXT], int64_t us)
{
	long long s = (long long)(us / 1000000);
	int rest = (int)(us % 1000000);
	size_t n = (size_t)snprintf(out, TIMES_TEXT, "%02lld:%02lld:%02lld",
	    s / 3600, s / 60 % 60, s % 60);

	if (rest != 0)
		n += (size_t)snprintf(out + n, TIMES_TEXT - n, ".%06d", rest);
	return n;
}

/* Also of the first, cut off, day of 64 bits. */
static int64_t
in_day_of(int64_t us)
{
	int64_t rest = us % TIMES_DAY_US;

	return rest < 0 ? rest + TIMES_DAY_US : rest;
}

size_t
times_stamp_text(char out[TIMES_TEXT], int64_t us)
{
	int64_t in_day, days;
	char day[TIMES_TEXT];
	size_t n, day_len;
	int bc;

	if (us == INT64_MAX || us == INT64_MIN) {
		const char *name = us > 0 ? "infinity" : "-infinity";

		memcpy(out, name, strlen(name) + 1);
		return strlen(name);
	}
	days = times_floor_div(us, TIMES_DAY_US);
	in_day = in_day_of(us);
	n = date_part(out, days + TIMES_EPOCH_DAYS, &bc);
	out[n++] = ' ';
	day_len = times_day_text(day, in_day);
	memcpy(out + n, day, day_len + 1);
	return add_era(out, n + day_len, bc);
}

size_t
times_iso_text(char out[TIMES_TEXT], int64_t us, int digits)
{
	int64_t days = times_floor_div(us, TIMES_DAY_US);
	int64_t in_day = in_day_of(us);
	struct civil c = civil_of(days + TIMES_EPOCH_DAYS);
	long long s = (long long)(in_day / 1000000);

	return (size_t)snprintf(out, TIMES_TEXT,
	    "%04lld-%02d-%02dT%02lld:%02lld:%02lld.%06d%s", (long long)c.year,
	    c.month, c.day, s / 3600, s / 60 % 60, s % 60,
	    (int)(in_day % 1000000), digits == 9 ? "000" : "");
}
