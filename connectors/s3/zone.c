#include "zone.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FILE_MAX ((size_t)256 * 1024)
#define HEADER   44

struct zone {
	size_t count;
	int64_t *at;      /* seconds, UTC, ascending */
	int32_t *seconds; /* offset from at[i] on */
	int32_t before;
};

static uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static int64_t
be64(const uint8_t *p)
{
	return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

/* Where the counts of a TZif header stand. */
enum { ISUT = 20, ISSTD = 24, LEAP = 28, TIMES = 32, TYPES = 36, CHARS = 40 };

static size_t
data_size(const uint8_t *h, size_t width)
{
	return be32(h + TIMES) * (width + 1) + be32(h + TYPES) * (size_t)6 +
	       be32(h + CHARS) + be32(h + LEAP) * (width + 4) +
	       be32(h + ISSTD) + be32(h + ISUT);
}

static bool
is_header(const uint8_t *p, size_t left)
{
	return left >= HEADER && memcmp(p, "TZif", 4) == 0 &&
	       be32(p + TIMES) < FILE_MAX / 9 && be32(p + TYPES) < 256 &&
	       be32(p + TYPES) > 0;
}

static void *
get(size_t count, size_t size)
{
	void *p = calloc(count + 1, size);

	if (p == NULL)
		abort();
	return p;
}

/* The 64-bit block of the file. */
static bool
parse(struct zone *z, const uint8_t *p, size_t left)
{
	const uint8_t *index, *types;
	size_t skip, n, type_count;

	if (!is_header(p, left) || p[4] < '2')
		return false;
	skip = HEADER + data_size(p, 4);
	if (skip > left || !is_header(p + skip, left - skip))
		return false;
	p += skip;
	left -= skip;
	if (HEADER + data_size(p, 8) > left)
		return false;
	n = be32(p + TIMES);
	type_count = be32(p + TYPES);
	p += HEADER;
	index = p + n * 8;
	types = index + n;
	z->count = n;
	z->at = get(n, sizeof *z->at);
	z->seconds = get(n, sizeof *z->seconds);
	z->before = (int32_t)be32(types);
	for (size_t i = 0; i < n; i++) {
		if (index[i] >= type_count)
			return false;
		z->at[i] = be64(p + i * 8);
		z->seconds[i] = (int32_t)be32(types + (size_t)index[i] * 6);
	}
	return true;
}

static bool
is_zone_name(const char *name)
{
	return strstr(name, "..") == NULL && name[0] != '/' &&
	       strspn(name,
		   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		   "0123456789_+-/.") == strlen(name);
}

static bool
load(struct zone *z, const char *name)
{
	char path[512];
	uint8_t *data;
	ssize_t n;
	bool good;
	int fd;

	if (!is_zone_name(name))
		return false;
	(void)snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	data = get(FILE_MAX, 1);
	n = read(fd, data, FILE_MAX);
	(void)close(fd);
	good = n > 0 && parse(z, data, (size_t)n);
	free(data);
	return good;
}

struct zone *
zone_new(const char *name, struct ps_error *err)
{
	struct zone *z = get(1, sizeof *z);

	if (name[0] == '\0' || strcmp(name, "UTC") == 0 || load(z, name))
		return z;
	zone_free(&z);
	(void)ps_fail(err, PS_E_CONFIG,
	    "timezone %s is not one of the system's zones "
	    "(/usr/share/zoneinfo), for example Europe/Paris",
	    name);
	return NULL;
}

void
zone_free(struct zone **zp)
{
	if (*zp == NULL)
		return;
	free((*zp)->at);
	free((*zp)->seconds);
	free(*zp);
	*zp = NULL;
}

int64_t
zone_offset_ms(const struct zone *z, int64_t utc_ms)
{
	int64_t s = utc_ms / 1000 - (utc_ms % 1000 < 0);
	size_t lo = 0, hi = z->count, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (z->at[mid] <= s)
			lo = mid + 1;
		else
			hi = mid;
	}
	return (lo == 0 ? z->before : z->seconds[lo - 1]) * INT64_C(1000);
}

int64_t
zone_floor(const struct zone *z, int64_t ms, int64_t duration_ms, int64_t *end)
{
	int64_t offset = zone_offset_ms(z, ms), local = ms + offset;
	int64_t rest = local % duration_ms, start;

	rest += rest < 0 ? duration_ms : 0;
	start = local - rest - offset;
	*end = start + duration_ms;
	/* A change of the clock within the span moves its edges. */
	if (zone_offset_ms(z, start) != offset ||
	    zone_offset_ms(z, *end) != offset)
		*end = ms + 1;
	return start;
}

static const char *const months[] = { "January", "February", "March", "April",
	"May", "June", "July", "August", "September", "October", "November",
	"December" };
static const char *const days[] = { "Sunday", "Monday", "Tuesday", "Wednesday",
	"Thursday", "Friday", "Saturday" };

static void
put_name(struct str *out, const char *name, size_t width)
{
	str_add(out, name, width < 4 ? 3 : strlen(name));
}

/* One run of a pattern letter. */
static int
put_field(struct str *out, char letter, size_t width, const struct tm *tm,
    int ms)
{
	int year = tm->tm_year + 1900, w = (int)width;

	switch (letter) {
	case 'y':
	case 'Y':
		str_printf(out, "%0*d", w, width == 2 ? year % 100 : year);
		return 0;
	case 'M':
		if (width > 2)
			put_name(out, months[tm->tm_mon], width);
		else
			str_printf(out, "%0*d", w, tm->tm_mon + 1);
		return 0;
	case 'E':
		put_name(out, days[tm->tm_wday], width);
		return 0;
	case 'd':
		str_printf(out, "%0*d", w, tm->tm_mday);
		return 0;
	case 'D':
		str_printf(out, "%0*d", w, tm->tm_yday + 1);
		return 0;
	case 'H':
		str_printf(out, "%0*d", w, tm->tm_hour);
		return 0;
	case 'm':
		str_printf(out, "%0*d", w, tm->tm_min);
		return 0;
	case 's':
		str_printf(out, "%0*d", w, tm->tm_sec);
		return 0;
	case 'S':
		for (int unit = 100; w > 0; w--, unit /= 10)
			str_printf(out, "%d", unit > 0 ? ms / unit % 10 : 0);
		return 0;
	default:
		return -1;
	}
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Text between quotes; '' is a quote. Returns what follows. */
static const char *
put_quoted(struct str *out, const char *p)
{
	if (p[1] == '\'') {
		str_puts(out, "'");
		return p + 2;
	}
	for (p++; *p != '\0' && *p != '\''; p++)
		str_add(out, p, 1);
	return *p == '\'' ? p + 1 : p;
}

int
zone_format(const struct zone *z, const char *pattern, int64_t ms,
    struct str *out, struct ps_error *err)
{
	int64_t local = ms + zone_offset_ms(z, ms);
	int64_t rest = local % 1000 + (local % 1000 < 0 ? 1000 : 0);
	time_t s = (time_t)((local - rest) / 1000);
	const char *p = pattern;
	struct tm tm;
	size_t width;

	if (gmtime_r(&s, &tm) == NULL)
		return ps_fail(err, PS_E_DATA, "timestamp %lld is out of range",
		    (long long)ms);
	while (*p != '\0') {
		if (*p == '\'') {
			p = put_quoted(out, p);
			continue;
		}
		if (!is_letter(*p)) {
			str_add(out, p++, 1);
			continue;
		}
		for (width = 1; width < 9 && p[width] == *p;)
			width++;
		if (put_field(out, *p, width, &tm, (int)rest) != 0)
			return ps_fail(err, PS_E_CONFIG,
			    "path.format %s: letter '%c' is not supported, "
			    "only y M E d D H m s S are",
			    pattern, *p);
		p += width;
	}
	return 0;
}

/* Reads `digits` digits; false when there are none such. */
static bool
number(const char **p, const char *end, int digits, int *out)
{
	*out = 0;
	for (int i = 0; i < digits; i++, (*p)++) {
		if (*p == end || **p < '0' || **p > '9')
			return false;
		*out = *out * 10 + (**p - '0');
	}
	return true;
}

static bool
skip(const char **p, const char *end, char c)
{
	if (*p == end || **p != c)
		return false;
	(*p)++;
	return true;
}

static bool
parse_time(const char **p, const char *end, struct tm *tm, int64_t *ms)
{
	int64_t unit = 100;

	if (!number(p, end, 2, &tm->tm_hour) || !skip(p, end, ':') ||
	    !number(p, end, 2, &tm->tm_min))
		return false;
	if (skip(p, end, ':') && !number(p, end, 2, &tm->tm_sec))
		return false;
	if (!skip(p, end, '.') && !skip(p, end, ','))
		return true;
	for (; *p < end && **p >= '0' && **p <= '9'; (*p)++, unit /= 10)
		*ms += (**p - '0') * unit;
	return true;
}

static bool
parse_offset(const char **p, const char *end, int64_t *ms)
{
	bool west = *p < end && **p == '-';
	int hours, minutes = 0;

	if (*p == end || skip(p, end, 'Z'))
		return true;
	if (!skip(p, end, '+') && !skip(p, end, '-'))
		return false;
	if (!number(p, end, 2, &hours))
		return false;
	(void)skip(p, end, ':');
	if (*p < end && !number(p, end, 2, &minutes))
		return false;
	*ms += (west ? 1 : -1) * ((int64_t)hours * 60 + minutes) * 60000;
	return true;
}

int
iso_parse(const char *text, size_t len, int64_t *ms)
{
	const char *p = text, *end = text + len;
	struct tm tm = { .tm_mon = 1, .tm_mday = 1 };
	int64_t extra = 0;

	if (!number(&p, end, 4, &tm.tm_year))
		return -1;
	if (skip(&p, end, '-') && !number(&p, end, 2, &tm.tm_mon))
		return -1;
	if (skip(&p, end, '-') && !number(&p, end, 2, &tm.tm_mday))
		return -1;
	if ((skip(&p, end, 'T') || skip(&p, end, ' ')) &&
	    !parse_time(&p, end, &tm, &extra))
		return -1;
	if (!parse_offset(&p, end, &extra) || p != end)
		return -1;
	if (tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 ||
	    tm.tm_mday > 31 || tm.tm_hour > 24 || tm.tm_min > 59)
		return -1;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	*ms = (int64_t)timegm(&tm) * 1000 + extra;
	return 0;
}
