#include "avro_default.h"

static int
out_items(struct writer *w, const struct avro_options *o,
    const struct ps_schema *s, const struct ps_value *v, struct ps_error *err)
{
	write_text(w, "[");
	for (uint32_t i = 0; i < v->len; i++) {
		if (i > 0)
			write_text(w, ",");
		if (avro_default_out(w, o, s->elem, &v->items[i], err) < 0)
			return -1;
	}
	write_text(w, "]");
	return 0;
}

static int
out_pairs(struct writer *w, const struct avro_options *o,
    const struct ps_schema *s, const struct ps_value *v, struct ps_error *err)
{
	bool object = map_has_text_keys(s, o);

	write_text(w, object ? "{" : "[");
	for (uint32_t i = 0; i < v->len; i++) {
		const struct ps_pair *pair = &v->pairs[i];

		if (i > 0)
			write_text(w, ",");
		if (!object)
			write_text(w, "[");
		if (avro_default_out(w, o, s->key, &pair->key, err) < 0)
			return -1;
		write_text(w, object ? ":" : ",");
		if (avro_default_out(w, o, s->elem, &pair->value, err) < 0)
			return -1;
		if (!object)
			write_text(w, "]");
	}
	write_text(w, object ? "}" : "]");
	return 0;
}

static int
out_fields(struct writer *w, const struct avro_options *o,
    const struct ps_schema *s, const struct ps_value *v, struct ps_error *err)
{
	if (v->len != s->field_count)
		return ps_fail(err, PS_E_DATA,
		    "a default of %u values for %zu fields", v->len,
		    s->field_count);
	if (schema_is_union(s)) /* its first branch */
		return v->len == 0 ? 0
				   : avro_default_out(w, o, s->fields[0].schema,
					 &v->items[0], err);
	write_text(w, "{");
	for (uint32_t i = 0; i < v->len; i++) {
		if (i > 0)
			write_text(w, ",");
		write_string(w, s->fields[i].name, s->fields[i].name_len);
		write_text(w, ":");
		if (avro_default_out(w, o, s->fields[i].schema, &v->items[i],
			err) < 0)
			return -1;
	}
	write_text(w, "}");
	return 0;
}

int
avro_default_out(struct writer *w, const struct avro_options *o,
    const struct ps_schema *s, const struct ps_value *v, struct ps_error *err)
{
	if (v->type == PS_NULL) {
		write_text(w, "null");
		return 0;
	}
	if (s == NULL || v->type != s->type)
		return ps_fail(err, PS_E_DATA,
		    "Invalid type used for default value");
	switch (v->type) {
	case PS_STRING:
		write_string(w, v->s, v->len);
		return 0;
	case PS_BYTES:
		write_latin1(w, v->p, v->len);
		return 0;
	case PS_ARRAY:
		return out_items(w, o, s, v, err);
	case PS_MAP:
		return out_pairs(w, o, s, v, err);
	case PS_STRUCT:
		return out_fields(w, o, s, v, err);
	case PS_NULL:
	case PS_UNCHANGED:
		return 0;
	case PS_INT8:
	case PS_INT16:
	case PS_INT32:
	case PS_INT64:
	case PS_FLOAT32:
	case PS_FLOAT64:
	case PS_BOOLEAN:
		write_scalar(w, v);
		return 0;
	}
	return 0;
}

/* The characters of ISO 8859-1 as bytes; -1 when there are others. */
static int
in_bytes(struct ps_arena *a, const json_t *json, struct ps_value *out)
{
	const unsigned char *s = (const unsigned char *)json_string_value(json);
	size_t len = json_string_length(json), n = 0;
	uint8_t *to;

	if (s == NULL)
		return -1;
	to = (uint8_t *)ps_alloc(a, len);
	for (size_t i = 0; i < len; i++) {
		if (s[i] < 0x80) {
			to[n++] = s[i];
		} else if ((s[i] == 0xc2 || s[i] == 0xc3) && i + 1 < len) {
			to[n++] =
			    (uint8_t)((unsigned)s[i] << 6 | (s[i + 1] & 0x3f));
			i++;
		} else {
			return -1;
		}
	}
	*out = ps_bytes(to, n);
	return 0;
}

static int
in_items(struct ps_arena *a, const struct ps_schema *s, const json_t *json,
    struct ps_value *out)
{
	size_t n = json_array_size(json);
	struct ps_value *items;

	if (!json_is_array(json))
		return -1;
	items = (struct ps_value *)ps_calloc(a, n + 1, sizeof *items);
	for (size_t i = 0; i < n; i++)
		if (avro_default_in(a, s->elem, json_array_get(json, i),
			&items[i]) < 0)
			return -1;
	*out = ps_array(items, n);
	return 0;
}

static int
in_pairs(struct ps_arena *a, const struct ps_schema *s, const json_t *json,
    struct ps_value *out)
{
	size_t n = 0;
	const char *name;
	const json_t *value;
	struct ps_pair *pairs;
	json_t *object = json_incref((json_t *)(uintptr_t)json);
	int rc = json_is_object(json) ? 0 : -1;

	pairs = (struct ps_pair *)ps_calloc(a, json_object_size(json) + 1,
	    sizeof *pairs);
	json_object_foreach(object, name, value)
	{
		pairs[n].key = ps_text(ps_strdup(a, name));
		if (rc == 0)
			rc =
			    avro_default_in(a, s->elem, value, &pairs[n].value);
		n++;
	}
	json_decref(object);
	*out = ps_map(pairs, n);
	return rc;
}

static int
in_fields(struct ps_arena *a, const struct ps_schema *s, const json_t *json,
    struct ps_value *out)
{
	struct ps_value *fields;

	fields =
	    (struct ps_value *)ps_calloc(a, s->field_count + 1, sizeof *fields);
	*out = ps_struct(fields, s->field_count);
	if (schema_is_union(s)) /* its first branch */
		return s->field_count == 0
			   ? -1
			   : avro_default_in(a, s->fields[0].schema, json,
				 &fields[0]);
	if (!json_is_object(json))
		return -1;
	for (size_t i = 0; i < s->field_count; i++) {
		const struct ps_field *f = &s->fields[i];
		const json_t *value = json_object_get(json, f->name);

		if (value == NULL && f->schema->default_value != NULL) {
			fields[i] = *f->schema->default_value;
			continue;
		}
		if (avro_default_in(a, f->schema, value, &fields[i]) < 0)
			return -1;
	}
	return 0;
}

static int
in_int(const struct ps_schema *s, const json_t *json, struct ps_value *out)
{
	int64_t v = (int64_t)json_integer_value(json);

	if (!json_is_integer(json))
		return -1;
	*out = ps_int(s->type, s->type == PS_INT8    ? (int8_t)v
			       : s->type == PS_INT16 ? (int16_t)v
			       : s->type == PS_INT32 ? (int32_t)v
						     : v);
	return 0;
}

static int
in_text(struct ps_arena *a, const json_t *json, struct ps_value *out)
{
	size_t len = json_string_length(json);

	if (!json_is_string(json))
		return -1;
	*out = ps_string(ps_strndup(a, json_string_value(json), len), len);
	return 0;
}

static int
in_float(const struct ps_schema *s, const json_t *json, struct ps_value *out)
{
	double f = json_number_value(json);

	*out = s->type == PS_FLOAT32 ? ps_float32((float)f) : ps_float64(f);
	return json_is_number(json) ? 0 : -1;
}

static int
in_boolean(const json_t *json, struct ps_value *out)
{
	*out = ps_boolean(json_is_true(json));
	return json_is_boolean(json) ? 0 : -1;
}

int
avro_default_in(struct ps_arena *a, const struct ps_schema *s,
    const json_t *json, struct ps_value *out)
{
	*out = ps_null();
	if (json == NULL || json_is_null(json))
		return s != NULL && s->optional ? 0 : -1;
	if (s == NULL)
		return -1;
	switch (s->type) {
	case PS_INT8:
	case PS_INT16:
	case PS_INT32:
	case PS_INT64:
		return in_int(s, json, out);
	case PS_FLOAT32:
	case PS_FLOAT64:
		return in_float(s, json, out);
	case PS_BOOLEAN:
		return in_boolean(json, out);
	case PS_STRING:
		return in_text(a, json, out);
	case PS_BYTES:
		return in_bytes(a, json, out);
	case PS_ARRAY:
		return in_items(a, s, json, out);
	case PS_MAP:
		return in_pairs(a, s, json, out);
	case PS_STRUCT:
		return in_fields(a, s, json, out);
	case PS_NULL:
	case PS_UNCHANGED:
		break;
	}
	return -1;
}
