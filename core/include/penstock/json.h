/*
 * json: one field of a JSON document, found without building anything.
 *
 * For documents that somebody has validated, and small answers of servers:
 * malformed input finds nothing or the wrong thing, but reads no byte behind
 * its end.
 */
#ifndef PENSTOCK_JSON_H
#define PENSTOCK_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum ps_json_kind {
	PS_JSON_MISSING,
	PS_JSON_NULL,
	PS_JSON_STRING, /* text without its quotes, still escaped */
	PS_JSON_NUMBER,
	PS_JSON_BOOLEAN,
	PS_JSON_OTHER, /* object or array */
};

struct ps_json {
	enum ps_json_kind kind;
	const char *text;
	size_t len;
};

struct ps_json_cursor {
	const char *p, *end;
};

static inline bool
ps_json_space(struct ps_json_cursor *c)
{
	while (c->p < c->end && (*c->p == ' ' || *c->p == '\n' ||
				    *c->p == '\t' || *c->p == '\r'))
		c->p++;
	return c->p < c->end;
}

/* From behind the opening quote to behind the closing one; how many bytes
 * are between them. */
static inline size_t
ps_json_skip_string(struct ps_json_cursor *c)
{
	const char *start = c->p;
	size_t len;

	for (; c->p < c->end && *c->p != '"'; c->p++)
		if (*c->p == '\\' && c->p + 1 < c->end)
			c->p++;
	len = (size_t)(c->p - start);
	if (c->p < c->end)
		c->p++;
	return len;
}

/* Behind an object or array, however deep. */
static inline void
ps_json_skip_nested(struct ps_json_cursor *c)
{
	size_t depth = 0;

	while (c->p < c->end) {
		char ch = *c->p++;

		if (ch == '"')
			(void)ps_json_skip_string(c);
		if (ch == '{' || ch == '[')
			depth++;
		if ((ch == '}' || ch == ']') && --depth == 0)
			return;
	}
}

/* The cursor stands on the value's first byte. */
static inline struct ps_json
ps_json_value(struct ps_json_cursor *c)
{
	struct ps_json v = { .kind = PS_JSON_MISSING, .text = c->p };

	if (c->p == c->end)
		return v;
	if (*c->p == '"') {
		v.kind = PS_JSON_STRING;
		v.text = ++c->p;
		v.len = ps_json_skip_string(c);
		return v;
	}
	if (*c->p == '{' || *c->p == '[') {
		v.kind = PS_JSON_OTHER;
		ps_json_skip_nested(c);
		v.len = (size_t)(c->p - v.text);
		return v;
	}
	while (c->p < c->end && *c->p != '\0' &&
	       strchr(",}] \n\t\r", *c->p) == NULL)
		c->p++;
	v.len = (size_t)(c->p - v.text);
	if (v.len == 0)
		return v;
	v.kind = *v.text == 'n'                     ? PS_JSON_NULL
		 : *v.text == 't' || *v.text == 'f' ? PS_JSON_BOOLEAN
						    : PS_JSON_NUMBER;
	return v;
}

static inline uint32_t
ps_json_hex4(const char *p, const char *end)
{
	uint32_t v = 0;

	for (int i = 0; i < 4 && p < end; i++, p++) {
		char c = *p;

		v = v * 16 + (uint32_t)(c >= '0' && c <= '9'   ? c - '0'
					: c >= 'a' && c <= 'f' ? c - 'a' + 10
					: c >= 'A' && c <= 'F' ? c - 'A' + 10
							       : 0);
	}
	return v;
}

static inline size_t
ps_json_put_utf8(char *to, uint32_t c)
{
	static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		to[i] = (char)(unsigned char)(0x80 | (c & 0x3f));
	to[0] = (char)(unsigned char)(lead[n] | c);
	return n;
}

/* The escape behind \u at *p, with its partner if it is half of a pair; a
 * lone half is U+FFFD. */
static inline size_t
ps_json_put_escape(char *to, const char **p, const char *end)
{
	uint32_t c = ps_json_hex4(*p, end), low;

	*p = end - *p > 4 ? *p + 4 : end;
	if (c >= 0xd800 && c < 0xdc00 && end - *p >= 6 && (*p)[0] == '\\' &&
	    (*p)[1] == 'u') {
		low = ps_json_hex4(*p + 2, end);
		if (low >= 0xdc00 && low < 0xe000) {
			*p += 6;
			return ps_json_put_utf8(to,
			    0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
		}
	}
	return ps_json_put_utf8(to, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
}

/* What a string says, escapes resolved. Room at `to`: len. */
static inline size_t
ps_json_unescape(char *to, const char *text, size_t len)
{
	static const char from[] = "bfnrt", is[] = "\b\f\n\r\t";
	const char *end = text + len, *at, *start = to;

	while (text < end) {
		if (*text != '\\' || text + 1 == end) {
			*to++ = *text++;
			continue;
		}
		text += 2;
		if (text[-1] == 'u' && end - text >= 4) {
			to += ps_json_put_escape(to, &text, end);
			continue;
		}
		at = text[-1] == '\0' ? NULL : strchr(from, text[-1]);
		*to++ = *(at != NULL ? is + (at - from) : text - 1);
	}
	return (size_t)(to - start);
}

/* The last member of that name, as in Java; `name` is compared with what an
 * escaped one says. */
static inline struct ps_json
ps_json_member(const char *json, size_t json_len, const char *want, size_t len)
{
	struct ps_json_cursor c = { json, json + json_len };
	struct ps_json found = { .kind = PS_JSON_MISSING }, name, value;
	char plain[512];

	if (!ps_json_space(&c) || *c.p++ != '{')
		return found;
	while (ps_json_space(&c) && *c.p == '"') {
		name = ps_json_value(&c);
		if (!ps_json_space(&c) || *c.p++ != ':')
			return found;
		(void)ps_json_space(&c);
		value = ps_json_value(&c);
		if (name.len <= sizeof plain &&
		    memchr(name.text, '\\', name.len) != NULL) {
			name.len = ps_json_unescape(plain, name.text, name.len);
			name.text = plain;
		}
		if (name.len == len && memcmp(name.text, want, len) == 0)
			found = value;
		if (!ps_json_space(&c) || *c.p++ != ',')
			return found;
	}
	return found;
}

/* `path` is a name or names joined by dots: a.b is b within a. */
static inline struct ps_json
ps_json_find(const char *json, size_t len, const char *path)
{
	struct ps_json v = { PS_JSON_OTHER, json, len };

	while (v.kind == PS_JSON_OTHER) {
		size_t n = strcspn(path, ".");

		v = ps_json_member(v.text, v.len, path, n);
		if (path[n] == '\0')
			return v;
		path += n + 1;
	}
	v.kind = v.kind == PS_JSON_NULL ? PS_JSON_NULL : PS_JSON_MISSING;
	return v;
}

#endif
