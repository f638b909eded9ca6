/* JSON text for json, jsonb and text columns. */
#include <inttypes.h>
#include <math.h>

#include "encode.h"
#include "numeric.h"

#define DEPTH 500

struct json_out {
	struct str *to;
	struct ps_arena *a;
	struct ps_error *err;
	int depth;
};

static void
add_string(struct str *to, const char *s, size_t len)
{
	char escape[8];

	str_put(to, "\"");
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '"' || s[i] == '\\') {
			str_put(to, "\\");
			str_add(to, &s[i], 1);
		} else if ((unsigned char)s[i] < 0x20) {
			(void)snprintf(escape, sizeof escape, "\\u%04x",
			    (unsigned)s[i]);
			str_put(to, escape);
		} else {
			str_add(to, &s[i], 1);
		}
	}
	str_put(to, "\"");
}

static void
add_bytes(struct json_out *j, const struct ps_value *v,
    const struct ps_schema *s)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t n;

	if (s != NULL && s->logical == PS_DECIMAL && s->scale < 20000 &&
	    s->scale > -20000) {
		char *text = numeric_text(j->a, v->p, v->len, s->scale, &n);

		str_add(j->to, text, n);
		return;
	}
	str_put(j->to, "\"");
	for (size_t i = 0; i < v->len; i += 3) {
		uint32_t bits = (uint32_t)v->p[i] << 16;
		char four[4];

		bits |= i + 1 < v->len ? (uint32_t)v->p[i + 1] << 8 : 0;
		bits |= i + 2 < v->len ? v->p[i + 2] : 0;
		for (int k = 0; k < 4; k++)
			four[k] = digits[bits >> (18 - 6 * k) & 63];
		if (i + 1 >= v->len)
			four[2] = '=';
		if (i + 2 >= v->len)
			four[3] = '=';
		str_add(j->to, four, 4);
	}
	str_put(j->to, "\"");
}

static int
add_items(struct json_out *j, const struct ps_value *v,
    const struct ps_schema *s)
{
	str_put(j->to, "[");
	for (uint32_t i = 0; i < v->len; i++) {
		str_put(j->to, i > 0 ? "," : "");
		if (encode_json_any(j, &v->items[i],
			s == NULL ? NULL : s->elem) != 0)
			return -1;
	}
	str_put(j->to, "]");
	return 0;
}

static int
add_struct(struct json_out *j, const struct ps_value *v,
    const struct ps_schema *s)
{
	if (s == NULL)
		return ps_fail(j->err, PS_E_DATA, "a struct without schema");
	str_put(j->to, "{");
	for (uint32_t i = 0; i < v->len; i++) {
		str_put(j->to, i > 0 ? "," : "");
		add_string(j->to, s->fields[i].name, s->fields[i].name_len);
		str_put(j->to, ":");
		if (encode_json_any(j, &v->items[i], s->fields[i].schema) != 0)
			return -1;
	}
	str_put(j->to, "}");
	return 0;
}

static int
add_map(struct json_out *j, const struct ps_value *v, const struct ps_schema *s)
{
	str_put(j->to, "{");
	for (uint32_t i = 0; i < v->len; i++) {
		const struct ps_pair *p = &v->pairs[i];

		if (p->key.type != PS_STRING)
			return ps_fail(j->err, PS_E_DATA,
			    "a map with keys that are no strings has no JSON");
		str_put(j->to, i > 0 ? "," : "");
		add_string(j->to, p->key.s, p->key.len);
		str_put(j->to, ":");
		if (encode_json_any(j, &p->value, s == NULL ? NULL : s->elem) !=
		    0)
			return -1;
	}
	str_put(j->to, "}");
	return 0;
}

static int
add_nested(struct json_out *j, const struct ps_value *v,
    const struct ps_schema *s)
{
	int r;

	if (j->depth == DEPTH)
		return ps_fail(j->err, PS_E_DATA,
		    "a value is nested deeper than %d", DEPTH);
	j->depth++;
	r = v->type == PS_ARRAY    ? add_items(j, v, s)
	    : v->type == PS_STRUCT ? add_struct(j, v, s)
				   : add_map(j, v, s);
	j->depth--;
	return r;
}

int
encode_json_any(struct json_out *j, const struct ps_value *v,
    const struct ps_schema *s)
{
	switch (v->type) {
	case PS_NULL:
	case PS_UNCHANGED:
		str_put(j->to, "null");
		return 0;
	case PS_INT8:
	case PS_INT16:
	case PS_INT32:
	case PS_INT64:
		str_addf(j->to, "%" PRId64, v->i);
		return 0;
	case PS_FLOAT32:
	case PS_FLOAT64:
		if (isfinite(v->f))
			str_addf(j->to, "%.17g", v->f);
		else
			str_put(j->to, "null");
		return 0;
	case PS_BOOLEAN:
		str_put(j->to, v->b ? "true" : "false");
		return 0;
	case PS_STRING:
		add_string(j->to, v->s, v->len);
		return 0;
	case PS_BYTES:
		add_bytes(j, v, s);
		return 0;
	case PS_ARRAY:
	case PS_MAP:
	case PS_STRUCT:
		return add_nested(j, v, s);
	}
	return ps_fail(j->err, PS_E_DATA, "unknown type of value");
}

int
encode_json(struct str *out, struct ps_arena *a, const struct ps_value *v,
    const struct ps_schema *s, struct ps_error *err)
{
	struct json_out j = { .to = out, .a = a, .err = err };

	return encode_json_any(&j, v, s);
}
