#include "lines.h"

#include <stdint.h>
#include <string.h>

#include <penstock/arena.h>

static const char *
find(const char *from, const char *end, char c)
{
	const char *p = memchr(from, c, (size_t)(end - from));

	return p == NULL ? end : p;
}

struct line_scan
line_scan(const char *data, size_t len)
{
	struct line_scan s = { .at = data, .end = data + len };

	s.cr = find(data, s.end, '\r');
	return s;
}

/* The line ends at a CR. */
static int
end_at_cr(struct line_scan *s, const char **line, size_t *len)
{
	const char *cr = s->cr;

	if (cr + 1 == s->end)
		return 0;
	*line = s->at;
	*len = (size_t)(cr - s->at);
	s->at = cr + (cr[1] == '\n' ? 2 : 1);
	s->cr = find(s->at, s->end, '\r');
	return 1;
}

int
line_next(struct line_scan *s, const char **line, size_t *len)
{
	/* Between s->at and s->cr there is no CR, so this never reads far. */
	const char *lf = find(s->at, s->cr, '\n');

	if (lf == s->cr)
		return lf == s->end ? 0 : end_at_cr(s, line, len);
	*line = s->at;
	*len = (size_t)(lf - s->at);
	s->at = lf + 1;
	return 1;
}

struct lead {
	unsigned char from, to, low, high;
	size_t rest;
};

/* Leads of well-formed sequences, and the range of their second byte. */
static const struct lead leads[] = {
	{ 0xc2, 0xdf, 0x80, 0xbf, 1 },
	{ 0xe0, 0xe0, 0xa0, 0xbf, 2 },
	{ 0xe1, 0xec, 0x80, 0xbf, 2 },
	{ 0xed, 0xed, 0x80, 0x9f, 2 },
	{ 0xee, 0xef, 0x80, 0xbf, 2 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 3 },
	{ 0xf1, 0xf3, 0x80, 0xbf, 3 },
	{ 0xf4, 0xf4, 0x80, 0x8f, 3 },
};

static const struct lead *
find_lead(unsigned char c)
{
	for (size_t i = 0; i < sizeof leads / sizeof *leads; i++)
		if (c >= leads[i].from && c <= leads[i].to)
			return &leads[i];
	return NULL;
}

/* Bytes of the sequence at `p`; *good says whether it is well-formed. */
static size_t
sequence(const unsigned char *p, size_t left, int *good)
{
	const struct lead *l;
	size_t n = 1;

	*good = 1;
	if (p[0] < 0x80)
		return 1;
	l = find_lead(p[0]);
	*good = 0;
	if (l == NULL)
		return 1;
	for (; n <= l->rest && n < left; n++)
		if (p[n] < (n == 1 ? l->low : 0x80) ||
		    p[n] > (n == 1 ? l->high : 0xbf))
			return n;
	*good = n == l->rest + 1;
	return n;
}

static int
is_utf8(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;
	int good = 1;

	for (size_t i = 0; good && i < len;)
		i += sequence(p + i, len - i, &good);
	return good;
}

const char *
line_utf8(struct ps_arena *a, const char *text, size_t *len)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t n, out = 0;
	char *copy;
	int good;

	if (is_utf8(text, *len))
		return text;
	copy = ps_alloc(a, *len * 3);
	for (size_t i = 0; i < *len; i += n) {
		n = sequence(p + i, *len - i, &good);
		memcpy(copy + out, good ? text + i : "\xef\xbf\xbd",
		    good ? n : 3);
		out += good ? n : 3;
	}
	*len = out;
	return copy;
}
