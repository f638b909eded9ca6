#include "text.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include <penstock/arena.h>

#define DEPTH_MAX 64

struct text {
	struct ps_arena *arena;
	char *data;
	size_t len, room;
	int depth;
};

static void
put(struct text *t, const char *s, size_t len)
{
	char *grown;

	if (len > t->room - t->len) {
		t->room = 2 * t->room + len + 64;
		grown = ps_alloc(t->arena, t->room);
		if (t->len > 0)
			memcpy(grown, t->data, t->len);
		t->data = grown;
	}
	if (len > 0)
		memcpy(t->data + t->len, s, len);
	t->len += len;
}

static void
put_text(struct text *t, const char *s)
{
	put(t, s, strlen(s));
}

/* The shortest digits that read back as the same number. */
static int
shortest(char *buf, size_t room, double f, bool is_float)
{
	int max = is_float ? 9 : 17;

	for (int digits = 1; digits < max; digits++) {
		(void)snprintf(buf, room, "%.*e", digits - 1, f);
		if (is_float ? strtof(buf, NULL) == (float)f
			     : strtod(buf, NULL) == f)
			return digits;
	}
	(void)snprintf(buf, room, "%.*e", max - 1, f);
	return max;
}

/* Double.toString: 1.0, 123.25, 1.0E10, 1.234E-5. */
static void
put_double(struct text *t, double f, bool is_float)
{
	char buf[64], out[96];
	int digits, exp;
	double size = fabs(f);

	if (isnan(f) || isinf(f)) {
		put_text(t, isnan(f) ? "NaN"
			    : f < 0  ? "-Infinity"
				     : "Infinity");
		return;
	}
	digits = shortest(buf, sizeof buf, f, is_float);
	exp = (int)strtol(strchr(buf, 'e') + 1, NULL, 10);
	if (size == 0 || (size >= 1e-3 && size < 1e7)) {
		int places = digits - 1 - exp;

		(void)snprintf(out, sizeof out, "%.*f", places > 1 ? places : 1,
		    f);
		put_text(t, out);
		return;
	}
	*strchr(buf, 'e') = '\0';
	(void)snprintf(out, sizeof out, "%s%sE%d", buf,
	    strchr(buf, '.') == NULL ? ".0" : "", exp);
	put_text(t, out);
}

/* java.util.Date in UTC: Thu Jan 01 00:00:00 UTC 1970 */
static void
put_date(struct text *t, int64_t ms)
{
	time_t s = (time_t)(ms / 1000 - (ms % 1000 < 0));
	char out[64];
	struct tm tm;

	if (gmtime_r(&s, &tm) == NULL ||
	    strftime(out, sizeof out, "%a %b %d %H:%M:%S UTC %Y", &tm) == 0) {
		(void)snprintf(out, sizeof out, "%lld", (long long)ms);
	}
	put_text(t, out);
}

/* Decimal digits of a big-endian two's complement number, without sign. */
static size_t
digits_of(struct ps_arena *a, const struct ps_value *v, char **digits)
{
	size_t len = v->len, n = 0, first = 0;
	bool negative = len > 0 && (v->p[0] & 0x80) != 0;
	uint8_t *work = ps_alloc(a, len + 1);
	char *out = ps_alloc(a, len * 3 + 2), c;
	unsigned carry = negative, rest;

	for (size_t i = len; i-- > 0;) {
		unsigned byte = negative ? (uint8_t)~v->p[i] : v->p[i];

		work[i] = (uint8_t)(byte + carry);
		carry = (byte + carry) >> 8;
	}
	/* |min| of a full length is the one that carries out of the top. */
	while (first < len && work[first] == 0)
		first++;
	while (first < len) {
		rest = 0;
		for (size_t i = first; i < len; i++) {
			unsigned cur = rest * 256 + work[i];

			work[i] = (uint8_t)(cur / 10);
			rest = cur % 10;
		}
		out[n++] = (char)('0' + rest);
		while (first < len && work[first] == 0)
			first++;
	}
	if (n == 0)
		out[n++] = '0';
	for (size_t i = 0; i < n / 2; i++) {
		c = out[i];
		out[i] = out[n - 1 - i];
		out[n - 1 - i] = c;
	}
	*digits = out;
	return n;
}

/* BigDecimal.toString */
static void
put_decimal(struct text *t, const struct ps_value *v, int32_t scale)
{
	char *digits, exp[32];
	size_t n = digits_of(t->arena, v, &digits);
	int64_t adjusted = (int64_t)n - 1 - scale;

	if (v->len > 0 && (v->p[0] & 0x80) != 0)
		put_text(t, "-");
	if (scale == 0) {
		put(t, digits, n);
	} else if (scale > 0 && adjusted >= -6) {
		int64_t whole = (int64_t)n - scale;

		if (whole <= 0)
			put_text(t, "0");
		else
			put(t, digits, (size_t)whole);
		put_text(t, ".");
		for (int64_t i = whole; i < 0; i++)
			put_text(t, "0");
		put(t, whole > 0 ? digits + whole : digits,
		    whole > 0 ? (size_t)scale : n);
	} else {
		put(t, digits, 1);
		if (n > 1)
			put_text(t, ".");
		put(t, digits + 1, n - 1);
		(void)snprintf(exp, sizeof exp, "E%+lld", (long long)adjusted);
		put_text(t, adjusted == 0 ? "" : exp);
	}
}

/* The base types; false for those with elements. */
static bool
put_scalar(struct text *t, const struct ps_value *v,
    const struct ps_schema *schema)
{
	enum ps_logical logical = schema == NULL ? PS_PLAIN : schema->logical;
	char out[32];

	switch (v->type) {
	case PS_NULL:
	case PS_UNCHANGED:
		put_text(t, "null");
		return true;
	case PS_INT8:
	case PS_INT16:
	case PS_INT32:
	case PS_INT64:
		if (logical == PS_DATE) {
			put_date(t, v->i * 86400000);
			return true;
		}
		if (logical == PS_TIME || logical == PS_TIMESTAMP) {
			put_date(t, v->i);
			return true;
		}
		(void)snprintf(out, sizeof out, "%lld", (long long)v->i);
		put_text(t, out);
		return true;
	case PS_FLOAT32:
	case PS_FLOAT64:
		put_double(t, v->f, v->type == PS_FLOAT32);
		return true;
	case PS_BOOLEAN:
		put_text(t, v->b ? "true" : "false");
		return true;
	case PS_STRING:
		put(t, v->s, v->len);
		return true;
	case PS_BYTES:
		if (logical == PS_DECIMAL)
			put_decimal(t, v, schema->scale);
		else
			put(t, (const char *)v->p, v->len);
		return true;
	case PS_ARRAY:
	case PS_MAP:
	case PS_STRUCT:
		return false;
	}
	return true;
}

struct item {
	const struct ps_value *name; /* of a map's entry */
	const struct ps_field *field;
	const struct ps_value *value;
	const struct ps_schema *schema;
};

/* The i-th of a container; false when toString leaves it out. */
static bool
item_at(const struct ps_value *v, const struct ps_schema *schema, uint32_t i,
    struct item *out)
{
	*out = (struct item){ .schema = schema == NULL ? NULL : schema->elem };
	if (v->type == PS_MAP) {
		out->name = &v->pairs[i].key;
		out->value = &v->pairs[i].value;
		return true;
	}
	out->value = &v->items[i];
	if (v->type == PS_ARRAY)
		return true;
	if (schema == NULL || i >= schema->field_count)
		return false;
	out->field = &schema->fields[i];
	out->schema = out->field->schema;
	return out->value->type != PS_NULL;
}

static void
put_opening(struct text *t, enum ps_type type)
{
	if (type == PS_ARRAY)
		put_text(t, "[");
	else
		put_text(t, type == PS_STRUCT ? "Struct{" : "{");
}

static void
put_value(struct text *t, const struct ps_value *v,
    const struct ps_schema *schema)
{
	bool first = true;
	struct item it;

	if (put_scalar(t, v, schema))
		return;
	if (t->depth == DEPTH_MAX) {
		put_text(t, "...");
		return;
	}
	t->depth++;
	put_opening(t, v->type);
	for (uint32_t i = 0; i < v->len; i++) {
		if (!item_at(v, schema, i, &it))
			continue;
		if (!first)
			put_text(t, v->type == PS_STRUCT ? "," : ", ");
		first = false;
		if (it.field != NULL)
			put(t, it.field->name, it.field->name_len);
		if (it.name != NULL)
			put_value(t, it.name,
			    schema == NULL ? NULL : schema->key);
		if (v->type != PS_ARRAY)
			put_text(t, "=");
		put_value(t, it.value, it.schema);
	}
	put_text(t, v->type == PS_ARRAY ? "]" : "}");
	t->depth--;
}

struct ps_value
text_of(struct ps_arena *a, const struct ps_value *v,
    const struct ps_schema *schema)
{
	struct text t = { .arena = a };

	if (v->type == PS_STRING)
		return *v;
	if (v->type == PS_BYTES &&
	    (schema == NULL || schema->logical != PS_DECIMAL))
		return *v;
	put_value(&t, v, schema);
	return ps_string(t.data, t.len);
}
