#include "date_format_impl.h"

#include <penstock/number.h>

#define LETTERS "GyMdkHmsSEDFwWahKzZYuXL"

const char *const month_names[] = { "January", "February", "March", "April",
	"May", "June", "July", "August", "September", "October", "November",
	"December", NULL };
const char *const day_names[] = { "Sunday", "Monday", "Tuesday", "Wednesday",
	"Thursday", "Friday", "Saturday", NULL };

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void
add_literal(struct date_format *f, char c)
{
	f->parts[f->count++] = (struct date_part){ 0, 1, c };
	f->room++;
}

/* From an opening quote to behind the closing one; '' is a quote. */
static const char *
quoted(struct date_format *f, const char *p, struct ps_error *err)
{
	if (p[1] == '\'') {
		add_literal(f, '\'');
		return p + 2;
	}
	for (p++; *p != '\0'; p++) {
		if (*p == '\'' && p[1] != '\'')
			return p + 1;
		p += *p == '\'';
		add_literal(f, *p);
	}
	(void)ps_fail(err, PS_E_CONFIG, "Unterminated quote");
	return NULL;
}

static const char *
field(struct date_format *f, const char *p, struct ps_error *err)
{
	int count = 0;
	char letter = *p;

	for (; *p == letter; p++)
		count++;
	if (strchr(LETTERS, letter) == NULL)
		(void)ps_fail(err, PS_E_CONFIG,
		    "Illegal pattern character '%c'", letter);
	else if (letter == 'X' && count > 3)
		(void)ps_fail(err, PS_E_CONFIG,
		    "invalid ISO 8601 format: length=%d", count);
	else {
		f->parts[f->count++] =
		    (struct date_part){ letter, count, '\0' };
		f->room += (size_t)count + 32;
		return p;
	}
	return NULL;
}

const struct date_format *
date_format_new(struct common *t, const char *pattern, struct ps_error *err)
{
	struct date_format *f =
	    (struct date_format *)common_alloc(t, sizeof *f);
	const char *p = pattern;

	f->parts = (struct date_part *)common_alloc(t,
	    (strlen(pattern) + 1) * sizeof *f->parts);
	while (*p != '\0') {
		if (*p == '\'') {
			p = quoted(f, p, err);
		} else if (is_letter(*p)) {
			p = field(f, p, err);
		} else {
			add_literal(f, *p++);
		}
		if (p == NULL)
			return NULL;
	}
	return f;
}

/* ---- Writing ---- */

struct clock {
	struct ps_day date;
	int64_t days, rest; /* of the day, in ms */
};

static char *
put_chars(char *to, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = s[i];
	return to + n;
}

static char *
put_padded(char *to, int64_t v, int width)
{
	char digits[24] = "";
	size_t n = ps_put_u64(digits, (uint64_t)(v < 0 ? -v : v));

	if (v < 0)
		*to++ = '-';
	for (int i = (int)n; i < width; i++)
		*to++ = '0';
	return put_chars(to, digits, n);
}

static char *
put_name(char *to, const char *name, int count)
{
	return put_chars(to, name, count >= 4 ? strlen(name) : 3);
}

/* Weeks begin on Sunday; the first has the first of January in it. */
static int64_t
week_of_year(const struct clock *c, int64_t *year)
{
	int64_t first = ps_days_of(c->date.year, 1, 1);
	int64_t next = ps_days_of(c->date.year + 1, 1, 1);
	int64_t sunday = c->days - c->date.weekday;

	*year = c->date.year;
	if (sunday + 7 > next) {
		++*year;
		return 1;
	}
	return (c->days - first + ps_day_of(first).weekday) / 7 + 1;
}

static int64_t
week_of_month(const struct clock *c)
{
	int64_t first = c->days - c->date.day + 1;

	return (c->date.day - 1 + ps_day_of(first).weekday) / 7 + 1;
}

static char *
put_year(char *to, int64_t year, int count)
{
	if (count == 2)
		return put_padded(to, year % 100, 2);
	return put_padded(to, year, count);
}

static int64_t
number_of(const struct clock *c, char letter)
{
	int64_t hour = c->rest / 3600000, year;

	switch (letter) {
	case 'd':
		return c->date.day;
	case 'H':
		return hour;
	case 'k':
		return hour == 0 ? 24 : hour;
	case 'K':
		return hour % 12;
	case 'h':
		return hour % 12 == 0 ? 12 : hour % 12;
	case 'm':
		return c->rest / 60000 % 60;
	case 's':
		return c->rest / 1000 % 60;
	case 'S':
		return c->rest % 1000;
	case 'D':
		return c->days - ps_days_of(c->date.year, 1, 1) + 1;
	case 'F':
		return (c->date.day - 1) / 7 + 1;
	case 'w':
		return week_of_year(c, &year);
	case 'W':
		return week_of_month(c);
	default: /* u: Monday is the first */
		return c->date.weekday == 0 ? 7 : c->date.weekday;
	}
}

static char *
put_part(char *to, const struct clock *c, const struct date_part *p)
{
	static const char utc[] = "Coordinated Universal Time";
	int64_t year = c->date.year;

	switch (p->letter) {
	case 'G':
		return put_chars(to, year > 0 ? "AD" : "BC", 2);
	case 'y':
		return put_year(to, year > 0 ? year : 1 - year, p->count);
	case 'Y':
		(void)week_of_year(c, &year);
		return put_year(to, year, p->count);
	case 'M':
	case 'L':
		if (p->count >= 3)
			return put_name(to, month_names[c->date.month - 1],
			    p->count);
		return put_padded(to, c->date.month, p->count);
	case 'E':
		return put_name(to, day_names[c->date.weekday], p->count);
	case 'a':
		return put_chars(to, c->rest < PS_MS_PER_DAY / 2 ? "AM" : "PM",
		    2);
	case 'z':
		if (p->count < 4)
			return put_chars(to, "UTC", 3);
		return put_chars(to, utc, sizeof utc - 1);
	case 'Z':
		return put_chars(to, "+0000", 5);
	case 'X':
		*to = 'Z';
		return to + 1;
	case '\0':
		*to = p->literal;
		return to + 1;
	default:
		return put_padded(to, number_of(c, p->letter), p->count);
	}
}

struct ps_value
date_format_put(const struct date_format *f, struct ps_arena *a, int64_t ms)
{
	char *start = (char *)ps_alloc(a, f->room + 1), *to = start;
	struct clock c = { .days = ps_day_number(ms) };

	c.date = ps_day_of(c.days);
	c.rest = ms - c.days * PS_MS_PER_DAY;
	for (size_t i = 0; i < f->count; i++)
		to = put_part(to, &c, &f->parts[i]);
	return ps_string(start, (size_t)(to - start));
}
