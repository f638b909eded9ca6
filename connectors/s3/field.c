#include "field.h"

#include <stdint.h>
#include <string.h>

struct cursor {
	const char *p, *end;
};

static void
skip_space(struct cursor *c)
{
	while (c->p < c->end && (*c->p == ' ' || *c->p == '\n' ||
				    *c->p == '\t' || *c->p == '\r'))
		c->p++;
}

/* From behind the opening quote to behind the closing one. */
static void
skip_string(struct cursor *c)
{
	for (; c->p < c->end && *c->p != '"'; c->p++)
		if (*c->p == '\\' && c->p + 1 < c->end)
			c->p++;
	if (c->p < c->end)
		c->p++;
}

/* Behind an object or array, however deep. */
static void
skip_nested(struct cursor *c)
{
	size_t depth = 0;

	while (c->p < c->end) {
		char ch = *c->p++;

		if (ch == '"')
			skip_string(c);
		if (ch == '{' || ch == '[')
			depth++;
		if ((ch == '}' || ch == ']') && --depth == 0)
			return;
	}
}

static struct field
read_value(struct cursor *c)
{
	struct field f = { .kind = FIELD_MISSING, .text = c->p };

	if (c->p == c->end)
		return f;
	if (*c->p == '"') {
		f.kind = FIELD_STRING;
		f.text = ++c->p;
		skip_string(c);
		f.len = (size_t)(c->p - f.text) - (c->p[-1] == '"');
		return f;
	}
	if (*c->p == '{' || *c->p == '[') {
		f.kind = FIELD_OTHER;
		skip_nested(c);
		f.len = (size_t)(c->p - f.text);
		return f;
	}
	while (c->p < c->end && strchr(",}] \n\t\r", *c->p) == NULL)
		c->p++;
	f.len = (size_t)(c->p - f.text);
	f.kind = f.len == 0                         ? FIELD_MISSING
		 : *f.text == 'n'                   ? FIELD_NULL
		 : *f.text == 't' || *f.text == 'f' ? FIELD_BOOLEAN
						    : FIELD_NUMBER;
	return f;
}

static bool
same_name(const struct field *name, const char *want, size_t len)
{
	char buf[512] = "";
	struct str s = STR(buf);

	if (memchr(name->text, '\\', name->len) == NULL)
		return name->len == len && memcmp(name->text, want, len) == 0;
	field_unescape(&s, name->text, name->len);
	return !s.full && s.len == len && memcmp(buf, want, len) == 0;
}

static struct field
find_one(const char *json, size_t json_len, const char *want, size_t len)
{
	struct cursor c = { json, json + json_len };
	struct field found = { .kind = FIELD_MISSING }, name, value;

	skip_space(&c);
	if (c.p == c.end || *c.p != '{')
		return found;
	c.p++;
	for (;;) {
		skip_space(&c);
		if (c.p == c.end || *c.p != '"')
			return found;
		name = read_value(&c);
		skip_space(&c);
		if (c.p == c.end || *c.p != ':')
			return found;
		c.p++;
		skip_space(&c);
		value = read_value(&c);
		if (same_name(&name, want, len))
			found = value;
		skip_space(&c);
		if (c.p == c.end || *c.p != ',')
			return found;
		c.p++;
	}
}

struct field
field_find(const char *json, size_t len, const char *path)
{
	struct field f = { .kind = FIELD_OTHER, .text = json, .len = len };

	while (f.kind == FIELD_OTHER) {
		size_t n = strcspn(path, ".");

		f = find_one(f.text, f.len, path, n);
		if (path[n] == '\0')
			return f;
		path += n + 1;
	}
	f.kind = f.kind == FIELD_NULL ? FIELD_NULL : FIELD_MISSING;
	return f;
}

static uint32_t
digit(char c)
{
	if (c >= 'a' && c <= 'f')
		return (uint32_t)c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return (uint32_t)c - 'A' + 10;
	return c >= '0' && c <= '9' ? (uint32_t)c - '0' : 0;
}

static uint32_t
hex4(const char *p, const char *end)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++)
		v = v * 16 + (p + i < end ? digit(p[i]) : 0);
	return v;
}

static void
add_utf8(struct str *out, uint32_t c)
{
	static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	unsigned char b[4];

	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		b[i] = (unsigned char)(0x80 | (c & 0x3f));
	b[0] = (unsigned char)(lead[n] | c);
	str_add(out, (const char *)b, n);
}

/* \uXXXX at `p` (behind the u), with its partner if it is half of a pair;
 * a lone half is U+FFFD. Returns how many bytes it took. */
static size_t
add_escape_u(struct str *out, const char *p, const char *end)
{
	uint32_t c = hex4(p, end), low;

	if (c >= 0xd800 && c < 0xdc00 && end - p >= 10 && p[4] == '\\' &&
	    p[5] == 'u') {
		low = hex4(p + 6, end);
		if (low >= 0xdc00 && low < 0xe000) {
			add_utf8(out,
			    0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
			return 10;
		}
	}
	add_utf8(out, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
	return 4;
}

void
field_unescape(struct str *out, const char *text, size_t len)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char *end = text + len, *at;

	while (text < end) {
		if (*text != '\\' || text + 1 == end) {
			str_add(out, text++, 1);
			continue;
		}
		text += 2;
		if (text[-1] == 'u') {
			text += add_escape_u(out, text, end);
			continue;
		}
		at = strchr(from, text[-1]);
		str_add(out, at != NULL ? &to[at - from] : text - 1, 1);
	}
}
