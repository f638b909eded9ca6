#include <time.h>

#include "date_format_impl.h"

enum { HALF_DAY = 12, CENTURY = 100, YEARS_BACK = 80 };

/* What was read so far; later fields overrule earlier ones. */
struct reader {
	const char *p, *end;
	int64_t year, month, day, day_of_year;
	int64_t hour, minute, second, ms, offset_ms;
	bool bc, pm, half_hours, has_date, has_day_of_year;
};

/* Digits with a sign, at most `width` characters of them; 0: any. */
static bool
read_number(struct reader *r, int width, int64_t *out)
{
	const char *end = r->end;
	bool negative = false;
	const char *start;

	if (width > 0 && end - r->p < width)
		return false;
	if (width > 0)
		end = r->p + width;
	if (r->p < end && *r->p == '-') {
		negative = true;
		r->p++;
	}
	start = r->p;
	for (*out = 0; r->p < end && *r->p >= '0' && *r->p <= '9'; r->p++)
		*out = (int32_t)(uint32_t)((uint64_t)*out * 10 +
					   (uint64_t)(*r->p - '0'));
	if (negative)
		*out = -*out;
	return r->p > start;
}

/* The index of the longest name here, whole or by its first three. */
static int
read_name(struct reader *r, const char *const *names)
{
	size_t left = (size_t)(r->end - r->p), best = 0;
	int found = -1;

	for (int i = 0; names[i] != NULL; i++)
		for (size_t n = strlen(names[i]); n > best; n = n > 3 ? 3 : 0)
			if (n <= left && strncasecmp(r->p, names[i], n) == 0) {
				best = n;
				found = i;
			}
	r->p += best;
	return found;
}

static bool
take(struct reader *r, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(r->end - r->p) < n || strncasecmp(r->p, word, n) != 0)
		return false;
	r->p += n;
	return true;
}

static bool
two_digits(struct reader *r, bool one_will_do, int64_t *out)
{
	int n = 0;

	for (*out = 0; n < 2 && r->p < r->end && *r->p >= '0' && *r->p <= '9';
	     n++)
		*out = *out * 10 + (*r->p++ - '0');
	return n == 2 || (n == 1 && one_will_do);
}

/* hh, hhmm or hh:mm behind its sign */
static bool
read_offset(struct reader *r, bool colon, bool minutes, bool loose)
{
	int64_t sign = *r->p++ == '-' ? -1 : 1, h, m = 0;

	if (!two_digits(r, loose, &h) || h > 23)
		return false;
	if (minutes &&
	    ((colon && !take(r, ":")) || !two_digits(r, false, &m) || m > 59))
		return false;
	r->offset_ms = sign * (h * 60 + m) * 60000;
	return true;
}

static bool
at_sign(const struct reader *r)
{
	return r->p < r->end && (*r->p == '+' || *r->p == '-');
}

static bool
read_zone(struct reader *r, const struct date_part *p)
{
	r->offset_ms = 0;
	if (p->letter == 'X')
		return (r->p < r->end && *r->p == 'Z' && r->p++ != NULL) ||
		       (at_sign(r) &&
			   read_offset(r, p->count == 3, p->count > 1, false));
	if (at_sign(r))
		return read_offset(r, false, true, false);
	if (take(r, "GMT"))
		return !at_sign(r) || read_offset(r, true, true, true);
	return take(r, "Coordinated Universal Time") || take(r, "UTC");
}

/* Two digits are a year from 80 years ago to 20 years from now. */
static int64_t
whole_year(int64_t two)
{
	int64_t first = ps_day_of(time(NULL) / 86400).year - YEARS_BACK;

	return first / CENTURY * CENTURY + two +
	       (two < first % CENTURY ? CENTURY : 0);
}

static bool
read_year(struct reader *r, const struct date_part *p, int width)
{
	const char *start = r->p;

	if (!read_number(r, width, &r->year))
		return false;
	if (p->letter == 'y' && p->count <= 2 && r->p - start == 2 &&
	    *start != '-')
		r->year = whole_year(r->year);
	r->has_date |= p->letter == 'y';
	return true;
}

static bool
read_month(struct reader *r, const struct date_part *p, int width)
{
	r->has_date = true;
	if (p->count < 3)
		return read_number(r, width, &r->month);
	r->month = read_name(r, month_names) + 1;
	return r->month > 0;
}

static bool
read_hour(struct reader *r, const struct date_part *p, int width)
{
	if (!read_number(r, width, &r->hour))
		return false;
	r->half_hours = p->letter == 'h' || p->letter == 'K';
	if ((p->letter == 'k' && r->hour == 24) ||
	    (p->letter == 'h' && r->hour == HALF_DAY))
		r->hour = 0;
	return true;
}

static bool
read_half(struct reader *r)
{
	r->pm = take(r, "PM");
	return r->pm || take(r, "AM");
}

static bool
read_era(struct reader *r)
{
	r->bc = take(r, "BC");
	return r->bc || take(r, "AD");
}

static bool
read_part(struct reader *r, const struct date_part *p, int width)
{
	int64_t ignored;

	if (p->letter == '\0')
		return r->p < r->end && *r->p++ == p->literal;
	while (r->p < r->end && (*r->p == ' ' || *r->p == '\t'))
		r->p++;
	switch (p->letter) {
	case 'G':
		return read_era(r);
	case 'y':
	case 'Y':
		return read_year(r, p, width);
	case 'M':
	case 'L':
		return read_month(r, p, width);
	case 'd':
		r->has_date = true;
		return read_number(r, width, &r->day);
	case 'D':
		r->has_day_of_year = true;
		return read_number(r, width, &r->day_of_year);
	case 'H':
	case 'k':
	case 'K':
	case 'h':
		return read_hour(r, p, width);
	case 'm':
		return read_number(r, width, &r->minute);
	case 's':
		return read_number(r, width, &r->second);
	case 'S':
		return read_number(r, width, &r->ms);
	case 'E':
		return read_name(r, day_names) >= 0;
	case 'a':
		return read_half(r);
	case 'z':
	case 'Z':
	case 'X':
		return read_zone(r, p);
	default: /* weeks */
		return read_number(r, width, &ignored);
	}
}

static bool
is_numeric(const struct date_part *p)
{
	if (p->letter == 'M' || p->letter == 'L')
		return p->count <= 2;
	return p->letter != '\0' && strchr("GEazZX", p->letter) == NULL;
}

/* Years of many digits go round, as Java's long does. */
static int64_t
instant(const struct reader *r)
{
	int64_t year = r->bc ? 1 - r->year : r->year, days, of_day;
	int64_t hour = r->hour + (r->half_hours && r->pm ? HALF_DAY : 0);

	days = r->has_day_of_year ? ps_days_of(year, 1, 1) + r->day_of_year - 1
				  : ps_days_of(year, r->month, 1) + r->day - 1;
	of_day = ((hour * 60 + r->minute) * 60 + r->second) * 1000 + r->ms -
		 r->offset_ms;
	return (int64_t)((uint64_t)days * PS_MS_PER_DAY + (uint64_t)of_day);
}

int
date_format_read(const struct date_format *f, const char *s, size_t len,
    int64_t *ms)
{
	struct reader r = { .p = s,
		.end = s + len,
		.year = 1970,
		.month = 1,
		.day = 1 };

	for (size_t i = 0; i < f->count; i++) {
		const struct date_part *p = &f->parts[i];
		bool next = i + 1 < f->count && is_numeric(p) &&
			    is_numeric(&f->parts[i + 1]);

		if (!read_part(&r, p, next ? p->count : 0))
			return -1;
	}
	if (r.p == s)
		return -1;
	*ms = instant(&r);
	return 0;
}
