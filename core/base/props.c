#include "base/props.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "base/xalloc.h"

#define FILE_MAX_BYTES (1u << 20)

/* `line` is the logical line last read, continuations joined. */
struct reader {
	const char *at, *end;
	char *line;
	size_t len;
	size_t ended, first; /* natural lines: read, and where `line` began */
};

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\f';
}

static bool
is_eol(char c)
{
	return c == '\n' || c == '\r';
}

/* Past the end of this natural line; \r\n is one end. */
static void
skip_eol(struct reader *r)
{
	bool cr = *r->at == '\r';

	r->ended++;
	r->at++;
	if (cr && r->at < r->end && *r->at == '\n')
		r->at++;
}

/* What came of one natural line. */
enum part { PART_NOTHING, PART_WHOLE, PART_CONTINUED };

/* Copies the rest of the natural line. */
static enum part
take_natural_line(struct reader *r)
{
	bool backslash = false;

	for (; r->at < r->end && !is_eol(*r->at); r->at++) {
		r->line[r->len++] = *r->at;
		backslash = *r->at == '\\' && !backslash;
	}
	if (backslash)
		r->len--;
	/* Java takes a backslash with nothing behind its line's end as a
	 * whole line, even when it is alone. */
	if (backslash && r->end - r->at <= 1) {
		r->at = r->end;
		return PART_WHOLE;
	}
	if (r->at < r->end)
		skip_eol(r);
	if (backslash)
		return PART_CONTINUED;
	return r->len > 0 ? PART_WHOLE : PART_NOTHING;
}

/* The next logical line that is neither blank nor comment. */
static bool
next_line(struct reader *r)
{
	enum part part = PART_NOTHING;

	r->len = 0;
	while (r->at < r->end && part != PART_WHOLE) {
		while (r->at < r->end && is_space(*r->at))
			r->at++;
		if (r->len == 0)
			r->first = r->ended + 1;
		/* Nothing yet, so this may be a comment. */
		if (r->len == 0 && r->at < r->end &&
		    (*r->at == '#' || *r->at == '!')) {
			(void)take_natural_line(r);
			r->len = 0;
			continue;
		}
		part = take_natural_line(r);
	}
	return part == PART_WHOLE || r->len > 0;
}

/* Four digits of \uXXXX at `s`, or -1. */
static int32_t
four_digits(const char *s, size_t len)
{
	int32_t c = 0;

	if (len < 4)
		return -1;
	for (size_t i = 0; i < 4; i++) {
		int d = text_hex_digit(s[i]);

		if (d < 0)
			return -1;
		c = c * 16 + d;
	}
	return c;
}

static bool
is_high_surrogate(int32_t c)
{
	return c >= 0xd800 && c < 0xdc00;
}

/* Writes what \u at s[0] stands for; how many bytes of `s` that took, or 0. */
static size_t
put_unicode(char **out, const char *s, size_t len)
{
	int32_t c = four_digits(s, len), low = -1;
	size_t took = 4;

	if (c <= 0)
		return 0;
	if (is_high_surrogate(c) && len >= 10 && s[4] == '\\' && s[5] == 'u')
		low = four_digits(s + 6, len - 6);
	if (low >= 0xdc00 && low < 0xe000) {
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		took = 10;
	} else if (c >= 0xd800 && c < 0xe000) {
		c = 0xfffd; /* half a character */
	}
	*out += text_utf8_put(*out, (uint32_t)c);
	return took;
}

static char
unescaped(char c)
{
	switch (c) {
	case 't':
		return '\t';
	case 'r':
		return '\r';
	case 'n':
		return '\n';
	case 'f':
		return '\f';
	default:
		return c;
	}
}

static char *
unescape(struct ps_arena *a, const char *s, size_t len)
{
	char *out = ps_alloc(a, len + 1), *p = out;

	for (size_t i = 0; i < len; i++) {
		size_t took;

		if (s[i] != '\\' || i + 1 == len) {
			*p++ = s[i];
			continue;
		}
		i++;
		if (s[i] != 'u') {
			*p++ = unescaped(s[i]);
			continue;
		}
		took = put_unicode(&p, s + i + 1, len - i - 1);
		if (took == 0)
			return NULL;
		i += took;
	}
	*p = '\0';
	return out;
}

/* Where the key ends: a separator that is not escaped. */
static size_t
key_length(const char *line, size_t len)
{
	size_t i = 0;

	while (
	    i < len && !is_space(line[i]) && line[i] != '=' && line[i] != ':')
		i += line[i] == '\\' && i + 1 < len ? 2 : 1;
	return i;
}

/* Blanks, at most one = or :, blanks. */
static size_t
value_start(const char *line, size_t len, size_t i)
{
	while (i < len && is_space(line[i]))
		i++;
	if (i < len && (line[i] == '=' || line[i] == ':'))
		i++;
	while (i < len && is_space(line[i]))
		i++;
	return i;
}

static int
take_setting(struct ps_arena *a, const struct reader *r, struct ps_setting *out,
    struct ps_error *err)
{
	size_t key = key_length(r->line, r->len);
	size_t value = value_start(r->line, r->len, key);

	out->key = unescape(a, r->line, key);
	out->value = unescape(a, r->line + value, r->len - value);
	if (out->key == NULL || out->value == NULL)
		return ps_fail(err, PS_E_CONFIG,
		    "line %zu: \\u must be followed by four hexadecimal "
		    "digits other than 0000",
		    r->first);
	return 0;
}

struct entry {
	struct ps_setting setting;
	size_t place;
};

static int
by_key_then_place(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;
	int order = strcmp(a->setting.key, b->setting.key);

	if (order != 0)
		return order;
	return a->place < b->place ? -1 : a->place > b->place;
}

/* Sorted, the last of equal keys only. */
static struct ps_config
sorted(struct ps_arena *a, struct entry *entries, size_t count)
{
	struct ps_setting *out = ps_alloc(a, (count + 1) * sizeof *out);
	size_t n = 0;

	if (count > 0)
		qsort(entries, count, sizeof *entries, by_key_then_place);
	for (size_t i = 0; i < count; i++) {
		if (n > 0 &&
		    strcmp(out[n - 1].key, entries[i].setting.key) == 0)
			n--;
		out[n++] = entries[i].setting;
	}
	return (struct ps_config){ out, n };
}

static int
parse_lines(struct ps_arena *a, struct reader *r, struct ps_config *out,
    struct ps_error *err)
{
	struct entry *entries = NULL;
	size_t count = 0, room = 0;
	int rc = 0;

	while (rc == 0 && next_line(r)) {
		if (count == room) {
			room = room == 0 ? 64 : 2 * room;
			entries = xrealloc(entries, room * sizeof *entries);
		}
		entries[count].place = count;
		rc = take_setting(a, r, &entries[count].setting, err);
		count++;
	}
	if (rc == 0)
		*out = sorted(a, entries, count);
	free(entries);
	return rc;
}

/* ISO 8859-1 as UTF-8. */
static char *
from_latin1(struct ps_arena *a, const char *text, size_t *len)
{
	char *out = ps_alloc(a, 2 * *len + 1), *p = out;

	for (size_t i = 0; i < *len; i++)
		p += text_utf8_put(p, (unsigned char)text[i]);
	*len = (size_t)(p - out);
	return out;
}

int
props_parse(struct ps_arena *a, const char *text, size_t len,
    struct ps_config *out, struct ps_error *err)
{
	struct reader r = { 0 };

	*out = (struct ps_config){ 0 };
	if (memchr(text, '\0', len) != NULL)
		return ps_fail(err, PS_E_CONFIG,
		    "byte %zu is NUL, expected text",
		    (size_t)((const char *)memchr(text, '\0', len) - text));
	if (!text_is_utf8(text, len))
		text = from_latin1(a, text, &len);
	r.at = text;
	r.end = text + len;
	r.line = ps_alloc(a, len + 1);
	return parse_lines(a, &r, out, err);
}

int
props_load(struct ps_arena *a, const char *path, struct ps_config *out,
    struct ps_error *err)
{
	FILE *f = fopen(path, "re");
	char *text;
	size_t len;
	int rc;

	*out = (struct ps_config){ 0 };
	if (f == NULL)
		return ps_fail(err, PS_E_CONFIG, "cannot open %s: %s", path,
		    strerror(errno));
	text = ps_alloc(a, FILE_MAX_BYTES + 1);
	len = fread(text, 1, FILE_MAX_BYTES + 1, f);
	rc = ferror(f);
	(void)fclose(f);
	if (rc != 0)
		return ps_fail(err, PS_E_CONFIG, "cannot read %s", path);
	if (len > FILE_MAX_BYTES)
		return ps_fail(err, PS_E_CONFIG, "%s is larger than %u bytes",
		    path, FILE_MAX_BYTES);
	if (props_parse(a, text, len, out, err) != 0)
		return ps_fail_in(err, "%s", path);
	return 0;
}
