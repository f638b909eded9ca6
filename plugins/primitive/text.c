#include "text.h"

#include <datetext/datetext.h>
#include <penstock/base64.h>
#include <penstock/decimal.h>
#include <penstock/number.h>

void
text_need(struct text *t, size_t size)
{
	size_t room;
	char *grown;

	if (t->room - t->len >= size)
		return;
	room = 2 * (t->len + size) + 64;
	grown = (char *)ps_alloc(t->arena, room);
	if (t->len > 0)
		memcpy(grown, t->s, t->len);
	t->s = grown;
	t->room = room;
}

void
text_add(struct text *t, const char *s, size_t len)
{
	text_need(t, len);
	if (len > 0)
		memcpy(t->s + t->len, s, len);
	t->len += len;
}

void
text_char(struct text *t, char c)
{
	text_need(t, 1);
	t->s[t->len++] = c;
}

void
text_scalar(struct text *t, const struct ps_value *v)
{
	text_need(t, PS_NUMBER_ROOM);
	if (v->type == PS_BOOLEAN)
		text_add(t, v->b ? "true" : "false", v->b ? 4 : 5);
	else if (v->type == PS_FLOAT32)
		t->len += ps_put_float(t->s + t->len, (float)v->f);
	else if (v->type == PS_FLOAT64)
		t->len += ps_put_double(t->s + t->len, v->f);
	else
		t->len += ps_put_i64(t->s + t->len, v->i);
}

void
text_put_base64(struct text *t, const struct ps_value *v)
{
	text_need(t, PS_BASE64_LEN((size_t)v->len));
	t->len += ps_base64_put(t->s + t->len, v->p, v->len);
}

int
text_decimal(struct text *t, const struct ps_value *v, int32_t scale,
    struct ps_error *err)
{
	size_t zeros = scale > 0 ? (size_t)scale : 0;

	if (v->len > PS_DECIMAL_BYTES || zeros > PS_DECIMAL_DIGITS)
		return ps_fail(err, PS_E_DATA,
		    "Decimal of %u bytes with scale %d is too large for text",
		    v->len, scale);
	text_need(t, PS_DECIMAL_ROOM((size_t)v->len) + zeros);
	t->len += ps_decimal_put(t->s + t->len, v->p, v->len, scale);
	return 0;
}

static void
add_java_date(struct text *t, int64_t ms)
{
	char buf[DATETEXT_ROOM];
	size_t n = datetext_java(buf, ms);

	text_add(t, buf, n);
}

static int
add_list(struct text *t, const struct ps_schema *s, const struct ps_value *v,
    int depth, struct ps_error *err)
{
	text_char(t, '[');
	for (uint32_t i = 0; i < v->len; i++) {
		if (i > 0)
			text_add(t, ", ", 2);
		if (text_of_value(t, s == NULL ? NULL : s->elem, &v->items[i],
			depth, err) < 0)
			return -1;
	}
	text_char(t, ']');
	return 0;
}

static int
add_map(struct text *t, const struct ps_schema *s, const struct ps_value *v,
    int depth, struct ps_error *err)
{
	text_char(t, '{');
	for (uint32_t i = 0; i < v->len; i++) {
		if (i > 0)
			text_add(t, ", ", 2);
		if (text_of_value(t, s == NULL ? NULL : s->key,
			&v->pairs[i].key, depth, err) < 0)
			return -1;
		text_char(t, '=');
		if (text_of_value(t, s == NULL ? NULL : s->elem,
			&v->pairs[i].value, depth, err) < 0)
			return -1;
	}
	text_char(t, '}');
	return 0;
}

/* Fields that are null do not appear. */
static int
add_struct(struct text *t, const struct ps_schema *s, const struct ps_value *v,
    int depth, struct ps_error *err)
{
	bool first = true;

	if (s == NULL || s->field_count != v->len)
		return ps_fail(err, PS_E_DATA,
		    "struct of %u fields without a schema that has as many",
		    v->len);
	text_add(t, "Struct{", 7);
	for (uint32_t i = 0; i < v->len; i++) {
		if (v->items[i].type == PS_NULL ||
		    v->items[i].type == PS_UNCHANGED)
			continue;
		if (!first)
			text_char(t, ',');
		first = false;
		text_add(t, s->fields[i].name, s->fields[i].name_len);
		text_char(t, '=');
		if (text_of_value(t, s->fields[i].schema, &v->items[i], depth,
			err) < 0)
			return -1;
	}
	text_char(t, '}');
	return 0;
}

static bool
is_temporal(const struct ps_schema *s)
{
	return s->logical >= PS_DATE && s->logical <= PS_TIMESTAMP;
}

static void
add_number(struct text *t, const struct ps_schema *s, const struct ps_value *v)
{
	if (s != NULL && is_temporal(s))
		add_java_date(t,
		    s->logical == PS_DATE ? v->i * PS_MS_PER_DAY : v->i);
	else
		text_scalar(t, v);
}

int
text_of_value(struct text *t, const struct ps_schema *s,
    const struct ps_value *v, int depth, struct ps_error *err)
{
	if (depth > TEXT_MAX_DEPTH)
		return ps_fail(err, PS_E_DATA, "value nests deeper than %d",
		    TEXT_MAX_DEPTH);
	switch (v->type) {
	case PS_NULL:
		text_add(t, "null", 4);
		return 0;
	case PS_INT8:
	case PS_INT16:
	case PS_INT32:
	case PS_INT64:
	case PS_FLOAT32:
	case PS_FLOAT64:
	case PS_BOOLEAN:
		add_number(t, s, v);
		return 0;
	case PS_STRING:
		text_add(t, v->s, v->len);
		return 0;
	case PS_BYTES:
		if (s != NULL && s->logical == PS_DECIMAL)
			return text_decimal(t, v, s->scale, err);
		text_put_base64(t, v);
		return 0;
	case PS_ARRAY:
		return add_list(t, s, v, depth + 1, err);
	case PS_MAP:
		return add_map(t, s, v, depth + 1, err);
	case PS_STRUCT:
		return add_struct(t, s, v, depth + 1, err);
	case PS_UNCHANGED:
		break;
	}
	return ps_fail(err, PS_E_DATA,
	    "a value that did not change has no text");
}
