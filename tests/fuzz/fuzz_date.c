/*
 * Any text as a pattern of SimpleDateFormat, and behind a NUL one as a date of
 * it, or a time: what is written is what the C library's calendar says, what
 * is read of whole dates is the time that was written, and fields beyond their
 * ranges count on as mktime's do.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../../plugins/transforms/date_format.h"
#include "base/arena.h"
#include "base/buf.h"

#define TEXT_BYTES 4096
#define MS_END     INT64_C(253402300800000) /* the year 10000 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- What the C library says ------------------------------------------- */

struct moment {
	struct tm tm;
	long long year;
	int ms;
};

static bool
moment_of(int64_t ms, struct moment *m)
{
	time_t seconds = ms / 1000 - (ms % 1000 < 0);

	m->ms = (int)(ms - seconds * 1000);
	if (gmtime_r(&seconds, &m->tm) == NULL)
		return false;
	m->year = m->tm.tm_year + 1900LL;
	return true;
}

static void
put_tm(struct buf *b, const struct tm *tm, const char *format)
{
	char text[32];

	(void)strftime(text, sizeof text, format, tm);
	(void)buf_puts(b, text);
}

/* The first of January is in week 1, which may have begun in December. */
static int
week_of(const struct moment *m, long long *year)
{
	struct tm last = { .tm_year = m->tm.tm_year,
		.tm_mon = 11,
		.tm_mday = 31 };
	char text[8];
	int first;

	(void)timegm(&last);
	*year = m->year;
	if (m->tm.tm_yday + 6 - m->tm.tm_wday > last.tm_yday) {
		++*year;
		return 1;
	}
	(void)strftime(text, sizeof text, "%U", &m->tm);
	first = (m->tm.tm_wday - m->tm.tm_yday % 7 + 7) % 7;
	return atoi(text) + (first != 0);
}

static int
week_of_month(const struct moment *m)
{
	int week = 1;

	for (int day = 2; day <= m->tm.tm_mday; day++)
		week += (m->tm.tm_wday + 35 - (m->tm.tm_mday - day)) % 7 == 0;
	return week;
}

static int
number_of(const struct moment *m, char letter)
{
	const struct tm *tm = &m->tm;
	long long year;

	switch (letter) {
	case 'M':
	case 'L':
		return tm->tm_mon + 1;
	case 'd':
		return tm->tm_mday;
	case 'D':
		return tm->tm_yday + 1;
	case 'F':
		return (tm->tm_mday + 6) / 7;
	case 'H':
		return tm->tm_hour;
	case 'k':
		return tm->tm_hour > 0 ? tm->tm_hour : 24;
	case 'K':
		return tm->tm_hour % 12;
	case 'h':
		return (tm->tm_hour + 11) % 12 + 1;
	case 'm':
		return tm->tm_min;
	case 's':
		return tm->tm_sec;
	case 'S':
		return m->ms;
	case 'u':
		return (tm->tm_wday + 6) % 7 + 1;
	case 'w':
		return week_of(m, &year);
	default:
		assert(letter == 'W');
		return week_of_month(m);
	}
}

static void
put_year(struct buf *b, long long year, int count)
{
	(void)buf_printf(b, "%0*lld", count, count == 2 ? year % 100 : year);
}

/* False: weeks of years before the first are not looked at. */
static bool
put_field(struct buf *b, const struct moment *m, char letter, int count)
{
	long long year;

	switch (letter) {
	case 'G':
		(void)buf_puts(b, m->year > 0 ? "AD" : "BC");
		return true;
	case 'y':
		put_year(b, m->year > 0 ? m->year : 1 - m->year, count);
		return true;
	case 'Y':
		(void)week_of(m, &year);
		put_year(b, year, count);
		return year > 0;
	case 'E':
		put_tm(b, &m->tm, count > 3 ? "%A" : "%a");
		return true;
	case 'a':
		put_tm(b, &m->tm, "%p");
		return true;
	case 'z':
		(void)buf_puts(b,
		    count > 3 ? "Coordinated Universal Time" : "UTC");
		return true;
	case 'Z':
		(void)buf_puts(b, "+0000");
		return true;
	case 'X':
		(void)buf_puts(b, "Z");
		return true;
	default:
		if (strchr("ML", letter) != NULL && count > 2)
			put_tm(b, &m->tm, count > 3 ? "%B" : "%b");
		else
			(void)buf_printf(b, "%0*d", count,
			    number_of(m, letter));
		return true;
	}
}

/* A pattern that was taken; false: there is no saying. */
static bool
put_expected(struct buf *b, const char *pattern, int64_t ms)
{
	bool is_quoted = false;
	struct moment m;

	if (!moment_of(ms, &m))
		return false;
	for (const char *p = pattern; *p != '\0'; p++) {
		const char *start = p;

		if (*p == '\'' && p[1] == '\'')
			(void)buf_append(b, ++p, 1);
		else if (*p == '\'')
			is_quoted = !is_quoted;
		else if (is_quoted ||
			 strchr("GyMdkHmsSEDFwWahKzZYuXL", *p) == NULL)
			(void)buf_append(b, p, 1);
		else {
			while (p[1] == *start)
				p++;
			if (!put_field(b, &m, *start, (int)(p - start) + 1))
				return false;
		}
	}
	return true;
}

static void
look_at_text(const char *pattern, int64_t ms, const struct ps_value *text)
{
	struct buf b;

	buf_init(&b, (size_t)1 << 20);
	if (put_expected(&b, pattern, ms))
		assert(b.len == text->len &&
		       memcmp(buf_str(&b), text->s, b.len) == 0);
	buf_fini(&b);
}

/* ---- Whole dates ------------------------------------------------------- */

static void
turn_round(struct common *t, struct ps_arena *a, int64_t ms)
{
	static const char *const patterns[] = {
		"G yyyy-MM-dd'T'HH:mm:ss.SSSX",
		"EEEE, d MMMM yyyy G K:mm:ss.S a",
		"D yyyy G kk''m's's.SSS Z",
		"GyyyyMMddhhmmssSSSa",
	};

	for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
		const struct date_format *f =
		    date_format_new(t, patterns[i], NULL);
		struct ps_value text = date_format_put(f, a, ms);
		int64_t back;

		look_at_text(patterns[i], ms, &text);
		assert(date_format_read(f, text.s, text.len, &back) == 0);
		assert(back == ms);
	}
}

static void
read_fields(struct common *t, const int16_t n[7])
{
	struct tm tm = { .tm_year = n[0] - 1900,
		.tm_mon = n[1] - 1,
		.tm_mday = n[2],
		.tm_hour = n[3],
		.tm_min = n[4],
		.tm_sec = n[5] };
	const struct date_format *f =
	    date_format_new(t, "yyyy-M-d H:m:s.S", NULL);
	char text[TEXT_BYTES];
	int len = snprintf(text, sizeof text, "%d-%d-%d %d:%d:%d.%d", n[0],
	    n[1], n[2], n[3], n[4], n[5], n[6]);
	int64_t ms;

	assert(date_format_read(f, text, (size_t)len, &ms) == 0);
	assert(ms == timegm(&tm) * INT64_C(1000) + n[6]);
}

/* ---- Any --------------------------------------------------------------- */

static void
look_at(struct common *t, struct ps_arena *a, const char *pattern,
    const uint8_t *date, size_t len)
{
	struct ps_error err = { 0 };
	const struct date_format *f = date_format_new(t, pattern, &err);
	struct ps_value text;
	int64_t ms = 0;

	if (f == NULL) {
		assert(err.text[0] != '\0');
		return;
	}
	if (date_format_read(f, (const char *)date, len, &ms) != 0 &&
	    len >= sizeof ms)
		memcpy(&ms, date, sizeof ms);
	ms %= MS_END;
	text = date_format_put(f, a, ms);
	assert(text.type == PS_STRING);
	look_at_text(pattern, ms, &text);
	turn_round(t, a, ms);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct ps_config none = { NULL, 0 };
	static const struct ps_class class = { .name = "TimestampConverter" };
	const uint8_t *end = (const uint8_t *)memchr(data, 0, size);
	size_t len = end == NULL ? size : (size_t)(end - data);
	size_t left = size - len - (end != NULL);
	struct ps_arena *a = arena_new(4096);
	struct common *t =
	    (struct common *)common_new(sizeof *t, NULL, &class, &none);
	int16_t fields[7];

	look_at(t, a, ps_strndup(a, (const char *)data, len),
	    data + size - left, left);
	if (left >= sizeof fields) {
		memcpy(fields, data + size - left, sizeof fields);
		read_fields(t, fields);
	}
	common_free(t);
	arena_free(&a);
	return 0;
}
