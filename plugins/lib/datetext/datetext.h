/*
 * datetext: moments as Java writes them, without printf.
 */
#ifndef PENSTOCK_DATETEXT_H
#define PENSTOCK_DATETEXT_H

#include <string.h>

#include <penstock/calendar.h>
#include <penstock/number.h>

#define DATETEXT_ROOM 64

/* As %0*lld does. */
static inline size_t
datetext_padded(char *to, int64_t n, size_t width)
{
	uint64_t u = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
	size_t sign = n < 0, digits = ps_count_digits(u);
	size_t zeros = sign + digits < width ? width - sign - digits : 0;

	if (sign)
		*to = '-';
	memset(to + sign, '0', zeros);
	return sign + zeros + ps_put_u64(to + sign + zeros, u);
}

/* 23:59:59 of the milliseconds of a day. */
static inline size_t
datetext_time(char *to, int64_t rest)
{
	(void)datetext_padded(to, rest / 3600000, 2);
	to[2] = ':';
	(void)datetext_padded(to + 3, rest / 60000 % 60, 2);
	to[5] = ':';
	return 6 + datetext_padded(to + 6, rest / 1000 % 60, 2);
}

/* As Connect's Values chooses: a time before the second day, a date at
 * midnight, else both; it looks at the number, not at the schema. Without a
 * NUL, DATETEXT_ROOM at most. */
static inline size_t
datetext_iso(char *to, int64_t ms)
{
	int64_t days = ps_day_number(ms), rest = ms - days * PS_MS_PER_DAY;
	struct ps_day d = ps_day_of(days);
	size_t n = 0;

	if (ms >= PS_MS_PER_DAY) {
		n = datetext_padded(to, d.year, 4);
		to[n++] = '-';
		n += datetext_padded(to + n, d.month, 2);
		to[n++] = '-';
		n += datetext_padded(to + n, d.day, 2);
		if (rest == 0)
			return n;
		to[n++] = 'T';
	}
	n += datetext_time(to + n, rest);
	to[n++] = '.';
	n += datetext_padded(to + n, rest % 1000, 3);
	to[n++] = 'Z';
	return n;
}

/* java.util.Date.toString() in UTC: Thu Jan 01 00:00:00 UTC 1970 */
static inline size_t
datetext_java(char *to, int64_t ms)
{
	static const char names[] = "SunMonTueWedThuFriSat";
	static const char zone[] = { ' ', 'U', 'T', 'C', ' ' };
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	int64_t days = ps_day_number(ms);
	struct ps_day d = ps_day_of(days);
	size_t n;

	memcpy(to, &names[(size_t)3 * (size_t)d.weekday], 3);
	to[3] = ' ';
	memcpy(to + 4, &months[(size_t)3 * (size_t)(d.month - 1)], 3);
	to[7] = ' ';
	n = 8 + datetext_padded(to + 8, d.day, 2);
	to[n++] = ' ';
	n += datetext_time(to + n, ms - days * PS_MS_PER_DAY);
	memcpy(to + n, zone, sizeof zone);
	n += sizeof zone;
	return n + datetext_padded(to + n, d.year, 4);
}

#endif
