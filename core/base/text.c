#include "base/text.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NEAREST_MAX 128u

static bool
is_blank(char c)
{
	return (unsigned char)c <= ' ';
}

static const char *
skip_blanks(const char *s)
{
	while (*s != '\0' && is_blank(*s))
		s++;
	return s;
}

int
text_int64(const char *s, int64_t min, int64_t max, int64_t *out)
{
	const char *start = skip_blanks(s);
	const char *digits = start + (*start == '+' || *start == '-');
	char *end;
	long long n;

	if (!isdigit((unsigned char)*digits))
		return -1;
	errno = 0;
	n = strtoll(start, &end, 10);
	if (errno != 0 || *skip_blanks(end) != '\0' || n < min || n > max)
		return -1;
	*out = n;
	return 0;
}

int
text_double(const char *s, double *out)
{
	const char *start = skip_blanks(s);
	char *end;
	double d = strtod(start, &end);

	/* strtod takes words and hexadecimals, of which Java has two. */
	if (end == start || *skip_blanks(end) != '\0')
		return -1;
	for (const char *p = start; p < end; p++)
		if (isalpha((unsigned char)*p) && strchr("eE", *p) == NULL &&
		    strncmp(p, "NaN", 3) != 0 && strncmp(p, "Infinity", 8) != 0)
			return -1;
		else if (*p == 'N' || *p == 'I')
			break;
	*out = d;
	return 0;
}

int
text_bool(const char *s, bool *out)
{
	const char *start = skip_blanks(s);
	size_t len = strlen(start);

	while (len > 0 && is_blank(start[len - 1]))
		len--;
	if (len == 4 && strncasecmp(start, "true", 4) == 0)
		*out = true;
	else if (len == 5 && strncasecmp(start, "false", 5) == 0)
		*out = false;
	else
		return -1;
	return 0;
}

void
text_of_double(char out[TEXT_DOUBLE], double d)
{
	if (isnan(d) || isinf(d)) {
		(void)snprintf(out, TEXT_DOUBLE, "%s",
		    isnan(d) ? "NaN"
		    : d > 0  ? "Infinity"
			     : "-Infinity");
		return;
	}
	for (int digits = 1; digits <= 17; digits++) {
		(void)snprintf(out, TEXT_DOUBLE, "%.*g", digits, d);
		if (strtod(out, NULL) == d)
			return;
	}
}

bool
text_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool
text_ends(const char *s, const char *suffix)
{
	size_t len = strlen(s), tail = strlen(suffix);

	return len >= tail && memcmp(s + len - tail, suffix, tail) == 0;
}

bool
text_names(const char *s, const char *name)
{
	return strcasestr(s, name) != NULL && strcasecmp(s, name) != 0;
}

static char *
trimmed(struct ps_arena *a, const char *s, size_t len)
{
	while (len > 0 && is_blank(s[0])) {
		s++;
		len--;
	}
	while (len > 0 && is_blank(s[len - 1]))
		len--;
	return ps_strndup(a, s, len);
}

char *
text_trim(struct ps_arena *a, const char *s)
{
	return trimmed(a, s, strlen(s));
}

char **
text_list(struct ps_arena *a, const char *s, size_t *count)
{
	size_t room = 2, n = 0;
	char **items;

	s = skip_blanks(s);
	for (const char *p = s; *p != '\0'; p++)
		room += *p == ',';
	items = ps_alloc(a, room * sizeof *items);
	while (*s != '\0' || n > 0) {
		size_t len = strcspn(s, ",");

		items[n++] = trimmed(a, s, len);
		if (s[len] == '\0')
			break;
		s += len + 1;
	}
	items[n] = NULL;
	*count = n;
	return items;
}

char *
text_join(struct ps_arena *a, const char *const *items, size_t count,
    const char *separator)
{
	size_t gap = strlen(separator), len = 1;
	char *out, *p;

	for (size_t i = 0; i < count; i++)
		len += strlen(items[i]) + gap;
	p = out = ps_alloc(a, len);
	for (size_t i = 0; i < count; i++) {
		size_t n = strlen(items[i]);

		if (i > 0) {
			memcpy(p, separator, gap);
			p += gap;
		}
		memcpy(p, items[i], n);
		p += n;
	}
	*p = '\0';
	return out;
}

static size_t
least(size_t x, size_t y, size_t z)
{
	size_t m = x < y ? x : y;

	return m < z ? m : z;
}

static size_t
distance(const char *s, size_t slen, const char *t, size_t tlen)
{
	size_t row[NEAREST_MAX + 1];

	for (size_t j = 0; j <= tlen; j++)
		row[j] = j;
	for (size_t i = 1; i <= slen; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= tlen; j++) {
			size_t above = row[j];

			row[j] = least(above + 1, row[j - 1] + 1,
			    corner + (s[i - 1] != t[j - 1]));
			corner = above;
		}
	}
	return row[tlen];
}

const char *
text_nearest(const char *s, const char *const *candidates, size_t count)
{
	size_t len = strlen(s), best = len / 3 + 1;
	const char *found = NULL;

	if (len > NEAREST_MAX)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t n = strlen(candidates[i]), d;

		if (n > NEAREST_MAX)
			continue;
		d = distance(s, len, candidates[i], n);
		if (d < best || (d == best && found == NULL)) {
			best = d;
			found = candidates[i];
		}
	}
	return found;
}
