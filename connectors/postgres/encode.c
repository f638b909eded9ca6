#include "encode.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include <penstock/number.h>

#include "numeric.h"
#include "times.h"
#include "utf8.h"

#define DAY_MS INT64_C(86400000)

/* A value on its way: to a cell of COPY, or inside an array literal. */
struct out {
	struct str *to;
	struct ps_arena *a;
	struct ps_error *err;
};

static int
fail_type(const struct out *o, const char *what)
{
	return ps_fail(o->err, PS_E_DATA, "%s", what);
}

/* The shortest digits that are exact, of a number that has no exponent in
 * Java's notation; without ".0", which no integer column takes. */
static bool
add_plain_float(struct str *to, double f, bool is_float)
{
	char text[PS_NUMBER_ROOM];
	size_t n;

	if (f != 0 && (fabs(f) < 1e-3 || fabs(f) >= 1e7))
		return false;
	n = is_float ? ps_put_float(text, (float)f) : ps_put_double(text, f);
	if (memcmp(text + n - 2, ".0", 2) == 0)
		n -= 2;
	str_add(to, text, n);
	return true;
}

/* The shortest of 15, 16 or 17 digits (6 to 9 for a float) that is exact. */
static void
add_float(struct str *to, double f, bool is_float)
{
	char text[40];

	if (add_plain_float(to, f, is_float))
		return;
	if (isnan(f)) {
		str_put(to, "NaN");
		return;
	}
	if (isinf(f)) {
		str_put(to, f > 0 ? "Infinity" : "-Infinity");
		return;
	}
	for (int digits = is_float ? 6 : 15; digits <= (is_float ? 9 : 17);
	     digits++) {
		(void)snprintf(text, sizeof text, "%.*g", digits, f);
		if (is_float ? strtof(text, NULL) == (float)f
			     : strtod(text, NULL) == f)
			break;
	}
	str_put(to, text);
}

/* Milliseconds since 1970 as a timestamp in UTC. */
static int
add_stamp(const struct out *o, int64_t ms)
{
	char text[TIMES_TEXT];
	size_t n;

	/* What the JDBC driver has for the infinities lies beyond. */
	if (ms > INT64_C(9224318016000000) || ms < INT64_C(-210866803200000)) {
		if (ms < INT64_C(9223372036825200000) &&
		    ms > INT64_C(-9223372036832400000))
			return ps_fail(o->err, PS_E_DATA,
			    "timestamp %" PRId64 " ms is beyond what Postgres "
			    "can store",
			    ms);
		str_put(o->to, ms > 0 ? "infinity" : "-infinity");
		return 0;
	}
	n = times_stamp_text(text,
	    (ms - TIMES_EPOCH_US / 1000) * INT64_C(1000));
	if (n > 3 && memcmp(text + n - 3, " BC", 3) == 0) {
		str_add(o->to, text, n - 3);
		str_put(o->to, "+00 BC");
		return 0;
	}
	str_add(o->to, text, n);
	str_put(o->to, "+00");
	return 0;
}

static int
add_date(const struct out *o, int64_t days)
{
	char text[TIMES_TEXT];
	size_t n;

	if (days == INT32_MAX || days == INT32_MIN) {
		str_put(o->to, days > 0 ? "infinity" : "-infinity");
		return 0;
	}
	if (days > INT32_MAX || days < INT32_MIN)
		return ps_fail(o->err, PS_E_DATA,
		    "date %" PRId64 " is no day that Postgres can store", days);
	n = times_date_text(text, days);
	str_add(o->to, text, n);
	return 0;
}

static int
add_time(const struct out *o, int64_t ms)
{
	char text[TIMES_TEXT];
	size_t n;

	if (ms < 0 || ms > DAY_MS)
		return ps_fail(o->err, PS_E_DATA,
		    "time %" PRId64 " is not within a day of milliseconds", ms);
	n = times_day_text(text, ms * 1000);
	str_add(o->to, text, n);
	return 0;
}

/* An integer is what its schema says, else what its column wants. */
static int
add_integer(const struct out *o, enum kind kind, const struct ps_value *v,
    const struct ps_schema *s)
{
	enum ps_logical logical = s == NULL ? PS_PLAIN : s->logical;

	if (logical == PS_DATE || (logical == PS_PLAIN && kind == KIND_DATE))
		return add_date(o, v->i);
	if (logical == PS_TIME || (logical == PS_PLAIN && kind == KIND_TIME))
		return add_time(o, v->i);
	if (logical == PS_TIMESTAMP ||
	    (logical == PS_PLAIN && kind == KIND_STAMP))
		return add_stamp(o, v->i);
	str_add_int(o->to, v->i);
	return 0;
}

/* Tab, newline, return and backslash have a meaning in COPY: what stands for
 * them behind a backslash, or NUL. */
static char
escape_of(char c)
{
	switch (c) {
	case '\\':
		return '\\';
	case '\t':
		return 't';
	case '\n':
		return 'n';
	case '\r':
		return 'r';
	default:
		return '\0';
	}
}

/* Eight ASCII characters without a control character or a backslash: such
 * text is valid, and stands for itself. */
static bool
is_clean(uint64_t w)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
	uint64_t slashes = w ^ ones * '\\';

	return ((w | ((w - ones * ' ') & ~w) | ((slashes - ones) & ~slashes)) &
		   tops) == 0;
}

/* Copies words while they are clean; how many bytes. */
static size_t
copy_clean(char *to, const char *s, size_t len)
{
	size_t i = 0;
	uint64_t w;

	for (; len - i >= sizeof w; i += sizeof w) {
		memcpy(&w, s + i, sizeof w);
		if (!is_clean(w))
			break;
		memcpy(to + i, &w, sizeof w);
	}
	return i;
}

static size_t
put_escaped(char *to, char c)
{
	char second = escape_of(c);

	if (second == '\0') {
		*to = c;
		return 1;
	}
	to[0] = '\\';
	to[1] = second;
	return 2;
}

static int
add_text(const struct out *o, const char *s, size_t len)
{
	char *to = str_room(o->to, 2 * len);
	size_t i, n;

	if (to == NULL)
		return fail_type(o, "a row is larger than 1 GB");
	n = i = copy_clean(to, s, len);
	if (!utf8_is_valid(s + i, len - i))
		return fail_type(o,
		    "text is not valid UTF-8, or has a NUL character");
	while (i < len) {
		size_t clean;

		n += put_escaped(to + n, s[i++]);
		clean = copy_clean(to + n, s + i, len - i);
		n += clean;
		i += clean;
	}
	o->to->len += n;
	return 0;
}

static int
add_hex(const struct out *o, const uint8_t *p, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	char *to;

	str_put(o->to, "\\\\x");
	to = str_room(o->to, 2 * len);
	if (to == NULL)
		return fail_type(o, "a row is larger than 1 GB");
	for (size_t i = 0; i < len; i++) {
		*to++ = hex[p[i] >> 4];
		*to++ = hex[p[i] & 15];
	}
	o->to->len += 2 * len;
	return 0;
}

static int
sextet(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c == '\0' ? NULL : strchr(digits, c);

	return at == NULL ? -1 : (int)(at - digits);
}

/* Schemaless JSON has bytes as base64; \x… is Postgres' own form. */
static int
add_base64(const struct out *o, const char *s, size_t len)
{
	uint8_t *p = ps_alloc(o->a, len);
	uint32_t bits = 0;
	size_t n = 0, have = 0;

	if (len >= 2 && s[0] == '\\' && s[1] == 'x')
		return add_text(o, s, len);
	for (size_t i = 0; i < len && s[i] != '='; i++) {
		int v = sextet(s[i]);

		if (v < 0)
			return fail_type(o,
			    "text for a bytea column is neither base64 nor "
			    "of the form \\x…");
		bits = bits << 6 | (uint32_t)v;
		have += 6;
		if (have >= 8) {
			have -= 8;
			p[n++] = (uint8_t)(bits >> have);
		}
	}
	return add_hex(o, p, n);
}

static int
add_bytes(const struct out *o, enum kind kind, const struct ps_value *v,
    const struct ps_schema *s)
{
	size_t n;
	char *text;

	if (s != NULL && s->logical == PS_DECIMAL) {
		if (s->scale > 20000 || s->scale < -20000)
			return fail_type(o, "a Decimal's scale is absurd");
		text = numeric_text(o->a, v->p, v->len, s->scale, &n);
		str_add(o->to, text, n);
		return 0;
	}
	if (kind == KIND_TEXT || kind == KIND_JSON)
		return add_text(o, (const char *)v->p, v->len);
	return add_hex(o, v->p, v->len);
}

static int
add_json(const struct out *o, const struct ps_value *v,
    const struct ps_schema *s)
{
	struct str json;
	int r;

	str_init(&json, o->to->limit);
	r = encode_json(&json, o->a, v, s, o->err);
	if (r == 0)
		r = add_text(o, json.data, json.len);
	str_fini(&json);
	return r;
}

static int
add_value(const struct out *o, enum kind kind, const struct ps_value *v,
    const struct ps_schema *s)
{
	switch (v->type) {
	case PS_NULL:
	case PS_UNCHANGED:
		str_put(o->to, "\\N");
		return 0;
	case PS_INT8:
	case PS_INT16:
	case PS_INT32:
	case PS_INT64:
		return add_integer(o, kind, v, s);
	case PS_FLOAT32:
	case PS_FLOAT64:
		add_float(o->to, v->f, v->type == PS_FLOAT32);
		return 0;
	case PS_BOOLEAN:
		str_put(o->to, v->b ? "true" : "false");
		return 0;
	case PS_STRING:
		return kind == KIND_BYTEA ? add_base64(o, v->s, v->len)
					  : add_text(o, v->s, v->len);
	case PS_BYTES:
		return add_bytes(o, kind, v, s);
	case PS_ARRAY:
	case PS_MAP:
	case PS_STRUCT:
		if (kind == KIND_JSON || kind == KIND_TEXT)
			return add_json(o, v, s);
		return fail_type(o,
		    "an array, map or struct goes into json, text or array "
		    "columns only");
	}
	return fail_type(o, "unknown type of value");
}

/* {"…",NULL,…}: an element's text, quoted, its quotes and backslashes
 * escaped, and all of that escaped for COPY again. */
static int
add_element(const struct out *o, enum kind elem, const struct ps_value *v,
    const struct ps_schema *s)
{
	struct str raw;
	struct out inner = { &raw, o->a, o->err };
	int r;

	if (v->type == PS_NULL) {
		str_put(o->to, "NULL");
		return 0;
	}
	str_init(&raw, o->to->limit);
	r = add_value(&inner, elem, v, s);
	str_put(o->to, "\"");
	/* raw is escaped once for COPY; a backslash there stands for itself
	 * behind one more, for the array's reader. */
	for (size_t i = 0; r == 0 && i < raw.len; i++) {
		if (raw.data[i] == '"')
			str_put(o->to, "\\\\");
		if (raw.data[i] == '\\' && raw.data[i + 1] == '\\') {
			str_put(o->to, "\\\\\\\\");
			i++;
			continue;
		}
		str_add(o->to, &raw.data[i], 1);
	}
	str_put(o->to, "\"");
	str_fini(&raw);
	return r;
}

static int
add_array(const struct out *o, enum kind elem, const struct ps_value *v,
    const struct ps_schema *s)
{
	str_put(o->to, "{");
	for (uint32_t i = 0; i < v->len; i++) {
		str_put(o->to, i > 0 ? "," : "");
		if (v->items[i].type == PS_ARRAY) {
			if (add_array(o, elem, &v->items[i],
				s == NULL ? NULL : s->elem) != 0)
				return -1;
		} else if (add_element(o, elem, &v->items[i],
			       s == NULL ? NULL : s->elem) != 0) {
			return -1;
		}
	}
	str_put(o->to, "}");
	return 0;
}

int
encode_cell(struct str *out, struct ps_arena *a, const struct tcolumn *c,
    const struct ps_value *v, const struct ps_schema *s, struct ps_error *err)
{
	struct out o = { out, a, err };
	int r;

	if (c->kind == KIND_ARRAY && v->type == PS_ARRAY)
		r = add_array(&o, c->elem, v, s);
	else
		r = add_value(&o, c->kind, v, s);
	return r == 0 ? 0 : ps_fail_in(err, "column %s", c->name);
}
