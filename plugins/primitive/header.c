#include <assert.h>
#include <stdlib.h>

#include <datetext/datetext.h>

#include "primitive.h"
#include "text.h"

struct simple {
	const struct ps_host *host;
};

static void *
create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *config, struct ps_error *err)
{
	struct simple *c = (struct simple *)calloc(1, sizeof *c);

	(void)self;
	(void)config;
	(void)err;
	assert(c != NULL);
	c->host = h;
	return c;
}

static void
add_temporal(struct text *t, int64_t ms)
{
	char buf[DATETEXT_ROOM];
	size_t n = datetext_iso(buf, ms);

	text_add(t, buf, n);
}

static void
add_quoted(struct text *t, const char *s, size_t len)
{
	text_char(t, '"');
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '"' || s[i] == '\\')
			text_char(t, '\\');
		text_char(t, s[i]);
	}
	text_char(t, '"');
}

/* How deep a value is inside others; at 0 text stands as it is. */
static void
add_text(struct text *t, const struct ps_value *v, int depth)
{
	if (depth == 0)
		text_add(t, v->s, v->len);
	else
		add_quoted(t, v->s, v->len);
}

static int
add_bytes(struct text *t, const struct ps_schema *s, const struct ps_value *v,
    int depth, struct ps_error *err)
{
	if (s != NULL && s->logical == PS_DECIMAL)
		return text_decimal(t, v, s->scale, err);
	if (depth > 0)
		text_char(t, '"');
	text_put_base64(t, v);
	if (depth > 0)
		text_char(t, '"');
	return 0;
}

static void
add_number(struct text *t, const struct ps_schema *s, const struct ps_value *v)
{
	if (s != NULL && s->logical >= PS_DATE && s->logical <= PS_TIMESTAMP)
		add_temporal(t,
		    s->logical == PS_DATE ? v->i * PS_MS_PER_DAY : v->i);
	else
		text_scalar(t, v);
}

/* Anything that holds nothing. */
static int
add_single(struct text *t, const struct ps_schema *s, const struct ps_value *v,
    int depth, struct ps_error *err)
{
	if (v->type == PS_BYTES)
		return add_bytes(t, s, v, depth, err);
	if (v->type == PS_NULL)
		text_add(t, "null", 4);
	else if (v->type == PS_STRING)
		add_text(t, v, depth);
	else
		add_number(t, s, v);
	return 0;
}

static int
add_map(struct text *t, const struct ps_schema *s, const struct ps_value *v,
    int depth, struct ps_error *err)
{
	for (uint32_t i = 0; i < v->len; i++) {
		if (i > 0)
			text_char(t, ',');
		if (header_text(t, s == NULL ? NULL : s->key, &v->pairs[i].key,
			depth, err) < 0)
			return -1;
		text_char(t, ':');
		if (header_text(t, s == NULL ? NULL : s->elem,
			&v->pairs[i].value, depth, err) < 0)
			return -1;
	}
	return 0;
}

static int
add_array(struct text *t, const struct ps_schema *s, const struct ps_value *v,
    int depth, struct ps_error *err)
{
	for (uint32_t i = 0; i < v->len; i++) {
		if (i > 0)
			text_char(t, ',');
		if (header_text(t, s == NULL ? NULL : s->elem, &v->items[i],
			depth, err) < 0)
			return -1;
	}
	return 0;
}

/* A null that has a default is it, as Struct.get() gives it. */
static const struct ps_value *
or_default(const struct ps_schema *s, const struct ps_value *v)
{
	return v->type == PS_NULL && s->default_value != NULL ? s->default_value
							      : v;
}

static int
add_struct(struct text *t, const struct ps_schema *s, const struct ps_value *v,
    int depth, struct ps_error *err)
{
	if (s == NULL || s->field_count != v->len)
		return ps_fail(err, PS_E_DATA,
		    "struct of %u fields without its schema", v->len);
	for (uint32_t i = 0; i < v->len; i++) {
		if (i > 0)
			text_char(t, ',');
		add_quoted(t, s->fields[i].name, s->fields[i].name_len);
		text_char(t, ':');
		if (header_text(t, s->fields[i].schema,
			or_default(s->fields[i].schema, &v->items[i]), depth,
			err) < 0)
			return -1;
	}
	return 0;
}

int
header_text(struct text *t, const struct ps_schema *s, const struct ps_value *v,
    int depth, struct ps_error *err)
{
	int rc;

	if (depth > TEXT_MAX_DEPTH)
		return ps_fail(err, PS_E_DATA, "value nests deeper than %d",
		    TEXT_MAX_DEPTH);
	if (v->type == PS_UNCHANGED)
		return ps_fail(err, PS_E_DATA,
		    "a value that did not change has no text");
	if (v->type < PS_ARRAY)
		return add_single(t, s, v, depth, err);
	text_char(t, v->type == PS_ARRAY ? '[' : '{');
	rc = v->type == PS_ARRAY ? add_array(t, s, v, depth + 1, err)
	     : v->type == PS_MAP ? add_map(t, s, v, depth + 1, err)
				 : add_struct(t, s, v, depth + 1, err);
	text_char(t, v->type == PS_ARRAY ? ']' : '}');
	return rc;
}

static int
encode(void *state, struct ps_arena *a, const char *topic,
    struct ps_header *header, struct ps_error *err)
{
	struct text t = { a, NULL, 0, 0 };

	(void)state;
	(void)topic;
	header->raw = (struct ps_slice){ NULL, 0 };
	if (header->value.type == PS_NULL)
		return 0;
	text_need(&t, 1); /* "" is not null */
	if (header_text(&t, header->schema, &header->value, 0, err) < 0)
		return -1;
	header->raw = (struct ps_slice){ (const uint8_t *)t.s, t.len };
	return 0;
}

static int
decode(void *state, struct ps_arena *a, const char *topic,
    struct ps_header *header, struct ps_error *err)
{
	struct simple *c = (struct simple *)state;
	struct ps_value text;

	(void)topic;
	(void)err;
	header->value = ps_null();
	header->schema = NULL;
	if (header->raw.data == NULL)
		return 0;
	text = primitive_text(a, &header->raw);
	return infer_value(c->host, a, text.s, text.len, &header->value,
	    &header->schema);
}

const struct ps_header_converter_ops simple_header_ops = {
	.create = create,
	.encode = encode,
	.decode = decode,
	.destroy = free,
};
