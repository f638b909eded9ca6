#include "record/json.h"

#include <math.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/js.h"
#include "base/text.h"
#include "record/value.h"

/* The broker takes no larger record by default; ours are a few hundred. */
#define TEXT_CEILING (64u << 20)

static void
put_escaped(struct buf *b, unsigned char c)
{
	static const char shorts[] = {
		['\b'] = 'b',
		['\t'] = 't',
		['\n'] = 'n',
		['\f'] = 'f',
		['\r'] = 'r',
		['"'] = '"',
		['\\'] = '\\',
	};

	if (c < sizeof shorts && shorts[c] != '\0')
		(void)buf_printf(b, "\\%c", shorts[c]);
	else
		(void)buf_printf(b, "\\u%04X", c);
}

/* As Jackson escapes: quotes, backslashes and controls, nothing else. */
static void
put_string(struct buf *b, const char *s, size_t len)
{
	size_t plain = 0;

	(void)buf_puts(b, "\"");
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c >= ' ' && c != '"' && c != '\\')
			continue;
		(void)buf_append(b, s + plain, i - plain);
		put_escaped(b, c);
		plain = i + 1;
	}
	(void)buf_append(b, s + plain, len - plain);
	(void)buf_puts(b, "\"");
}

/* Shortest digits that read back: "d.ddde±xx". */
static void
shortest(char out[TEXT_DOUBLE], double f, bool is_float)
{
	for (int digits = 0; digits <= 16; digits++) {
		double back;

		(void)snprintf(out, TEXT_DOUBLE, "%.*e", digits, f);
		back = is_float ? (double)strtof(out, NULL) : strtod(out, NULL);
		if (back == f)
			return;
	}
}

/* Java's toString: 1.0, 0.001, 1.0E7, 1.5E-4 */
static void
put_float(struct buf *b, double f, bool is_float)
{
	char text[TEXT_DOUBLE];
	double size = fabs(f);
	char *e;
	int exponent, places;

	if (isnan(f) || isinf(f)) {
		text_of_double(text, f);
		(void)buf_printf(b, "\"%s\"", text);
		return;
	}
	shortest(text, f, is_float);
	e = strchr(text, 'e');
	exponent = (int)strtol(e + 1, NULL, 10);
	places = (int)(e - strchr(text, '.')) - 1;
	if (strchr(text, '.') == NULL)
		places = 0;
	*e = '\0';
	if (size != 0 && (size < 1e-3 || size >= 1e7)) {
		(void)buf_printf(b, "%s%sE%d", text, places == 0 ? ".0" : "",
		    exponent);
		return;
	}
	places -= exponent;
	(void)buf_printf(b, "%.*f", places < 1 ? 1 : places, f);
}

static void
put_base64(struct buf *b, const uint8_t *p, size_t len)
{
	char *out;

	(void)buf_puts(b, "\"");
	out = buf_reserve(b, text_base64_size(len));
	if (out != NULL)
		b->len += text_base64_to(out, p, len);
	(void)buf_puts(b, "\"");
}

/* Comma and name of the i-th pair of a map. */
static int
put_name(struct buf *b, uint32_t i, const struct ps_value *key,
    struct ps_error *err)
{
	if (key->type != PS_STRING)
		return ps_fail(err, PS_E_DATA,
		    "a map's key is %s, expected STRING",
		    value_type_name(key->type));
	if (i > 0)
		(void)buf_puts(b, ",");
	put_string(b, key->s, key->len);
	(void)buf_puts(b, ":");
	return 0;
}

static int
put_value(struct buf *b, const struct ps_value *v, struct ps_error *err)
{
	switch (v->type) {
	case PS_NULL:
		return buf_puts(b, "null");
	case PS_INT8:
	case PS_INT16:
	case PS_INT32:
	case PS_INT64:
		return buf_printf(b, "%lld", (long long)v->i);
	case PS_FLOAT32:
	case PS_FLOAT64:
		put_float(b, v->f, v->type == PS_FLOAT32);
		return 0;
	case PS_BOOLEAN:
		return buf_puts(b, v->b ? "true" : "false");
	case PS_STRING:
		put_string(b, v->s, v->len);
		return 0;
	case PS_BYTES:
		put_base64(b, v->p, v->len);
		return 0;
	case PS_ARRAY:
		(void)buf_puts(b, "[");
		for (uint32_t i = 0; i < v->len; i++) {
			if (i > 0)
				(void)buf_puts(b, ",");
			if (put_value(b, &v->items[i], err) != 0)
				return -1;
		}
		return buf_puts(b, "]");
	case PS_MAP:
		(void)buf_puts(b, "{");
		for (uint32_t i = 0; i < v->len; i++)
			if (put_name(b, i, &v->pairs[i].key, err) != 0 ||
			    put_value(b, &v->pairs[i].value, err) != 0)
				return -1;
		return buf_puts(b, "}");
	case PS_STRUCT:
	case PS_UNCHANGED:
		break;
	}
	return ps_fail(err, PS_E_DATA,
	    "%s has no form in JSON without a schema",
	    value_type_name(v->type));
}

char *
value_to_json(struct ps_arena *a, const struct ps_value *v, size_t *len,
    struct ps_error *err)
{
	char *out = NULL;
	struct buf b;

	buf_init(&b, TEXT_CEILING);
	if (put_value(&b, v, err) == 0 && !b.overflow) {
		out = ps_strndup(a, b.data, b.len);
		*len = b.len;
	} else {
		(void)ps_fail(err, PS_E_DATA, "JSON is larger than %u bytes",
		    TEXT_CEILING);
	}
	buf_fini(&b);
	return out;
}

static struct ps_value
string_of(struct ps_arena *a, const char *s, size_t len)
{
	return ps_string(ps_strndup(a, s, len), len);
}

static struct ps_value
value_of(struct ps_arena *a, const json_t *j)
{
	struct ps_value *items;
	struct ps_pair *pairs;
	const char *key;
	json_t *member;
	size_t i, n = 0;

	switch (json_typeof(j)) {
	case JSON_NULL:
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		return ps_boolean(json_is_true(j));
	case JSON_INTEGER:
		return ps_int64(json_integer_value(j));
	case JSON_REAL:
		return ps_float64(json_real_value(j));
	case JSON_STRING:
		return string_of(a, json_string_value(j),
		    json_string_length(j));
	case JSON_ARRAY:
		items = ps_alloc(a, json_array_size(j) * sizeof *items);
		json_array_foreach(j, i, member) items[i] = value_of(a, member);
		return ps_array(items, json_array_size(j));
	case JSON_OBJECT:
		pairs = ps_alloc(a, json_object_size(j) * sizeof *pairs);
		JS_EACH(j, key, member)
		{
			pairs[n].key = string_of(a, key, strlen(key));
			pairs[n++].value = value_of(a, member);
		}
		return ps_map(pairs, n);
	}
	return ps_null();
}

int
value_from_json(struct ps_arena *a, const char *text, size_t len,
    struct ps_value *out, struct ps_error *err)
{
	json_t *j = js_parse(text, len, "JSON", err);

	if (j == NULL)
		return -1;
	*out = value_of(a, j);
	json_decref(j);
	return 0;
}
