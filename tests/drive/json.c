#include "tests/drive/json.h"

#include <math.h>
#include <stdlib.h>

#include "base/text.h"

static const char *const codes[] = { [PS_OK] = "OK",
	[PS_E_CONFIG] = "CONFIG",
	[PS_E_DATA] = "DATA",
	[PS_E_RETRY] = "RETRY",
	[PS_E_FATAL] = "FATAL",
	[PS_E_GAP] = "GAP" };

json_t *
json_of_text(const char *text)
{
	char out[4 * PS_ERROR_TEXT];

	(void)text_escape(out, sizeof out, text, strlen(text));
	return json_string(out);
}

json_t *
json_of_error(const struct ps_error *err)
{
	return json_pack("{s:s, s:o}", "error", codes[err->code], "text",
	    json_of_text(err->text));
}

static json_t *
json_of_bytes(const struct ps_value *v)
{
	char *hex = malloc(2 * (size_t)v->len + 1);
	json_t *j;

	for (uint32_t i = 0; i < v->len; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", v->p[i]);
	hex[2 * (size_t)v->len] = '\0';
	j = json_pack("{s:s}", "hex", hex);
	free(hex);
	return j;
}

static json_t *
json_of_items(const struct ps_value *v, const struct ps_schema *s)
{
	json_t *j = json_array();

	for (uint32_t i = 0; i < v->len; i++)
		json_array_append_new(j,
		    json_of_value(&v->items[i], s ? s->elem : NULL));
	return j;
}

static json_t *
json_of_members(const struct ps_value *v, const struct ps_schema *s)
{
	json_t *j = json_object();

	for (uint32_t i = 0; i < v->len; i++)
		if (v->type == PS_STRUCT)
			json_object_set_new(j, s->fields[i].name,
			    json_of_value(&v->items[i], s->fields[i].schema));
		else
			json_object_setn_new(j, v->pairs[i].key.s,
			    v->pairs[i].key.len,
			    json_of_value(&v->pairs[i].value,
				s ? s->elem : NULL));
	return j;
}

json_t *
json_of_value(const struct ps_value *v, const struct ps_schema *s)
{
	switch (v->type) {
	case PS_NULL:
	case PS_UNCHANGED:
		return json_null();
	case PS_INT8:
	case PS_INT16:
	case PS_INT32:
	case PS_INT64:
		return json_integer(v->i);
	case PS_FLOAT32:
	case PS_FLOAT64:
		if (isfinite(v->f))
			return json_real(v->f);
		return json_pack("{s:s}", "float",
		    isnan(v->f) ? "NaN"
		    : v->f > 0  ? "Infinity"
				: "-Infinity");
	case PS_BOOLEAN:
		return json_boolean(v->b);
	case PS_STRING:
		return json_stringn_nocheck(v->s, v->len);
	case PS_BYTES:
		return json_of_bytes(v);
	case PS_ARRAY:
		return json_of_items(v, s);
	case PS_MAP:
	case PS_STRUCT:
		return json_of_members(v, s);
	}
	abort();
}

static const char *const type_names[] = {
	[PS_INT8] = "int8",
	[PS_INT16] = "int16",
	[PS_INT32] = "int32",
	[PS_INT64] = "int64",
	[PS_FLOAT32] = "float",
	[PS_FLOAT64] = "double",
	[PS_BOOLEAN] = "boolean",
	[PS_STRING] = "string",
	[PS_BYTES] = "bytes",
	[PS_ARRAY] = "array",
	[PS_MAP] = "map",
	[PS_STRUCT] = "struct",
};

json_t *
json_of_schema(const struct ps_schema *s)
{
	json_t *j = json_pack("{s:s, s:b}", "type", type_names[s->type],
	    "optional", s->optional);
	json_t *list = json_array();

	if (s->name != NULL)
		json_object_set_new(j, "name", json_string(s->name));
	for (size_t i = 0; i < s->param_count; i++)
		json_object_set_new(j, s->params[i].name,
		    json_string(s->params[i].value));
	if (s->elem != NULL)
		json_object_set_new(j, "items", json_of_schema(s->elem));
	for (size_t i = 0; i < s->field_count; i++) {
		json_t *f = json_of_schema(s->fields[i].schema);

		json_object_set_new(f, "field", json_string(s->fields[i].name));
		json_array_append_new(list, f);
	}
	if (s->type == PS_STRUCT)
		json_object_set(j, "fields", list);
	json_decref(list);
	return j;
}

static struct ps_value
bytes_of_hex(struct ps_arena *a, const char *hex)
{
	size_t n = strlen(hex) / 2;
	uint8_t *p = ps_alloc(a, n);
	char pair[3] = "";

	for (size_t i = 0; i < n; i++) {
		memcpy(pair, hex + 2 * i, 2);
		p[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return ps_bytes(p, n);
}

static struct ps_value
string_of_json(struct ps_arena *a, const json_t *j)
{
	size_t n = json_string_length(j);

	return ps_string(ps_strndup(a, json_string_value(j), n), n);
}

static struct ps_value
map_of_json(struct ps_arena *a, const json_t *j)
{
	struct ps_pair *pairs =
	    ps_calloc(a, json_object_size(j) + 1, sizeof *pairs);
	const char *key;
	json_t *member;
	size_t n = 0;

	json_object_foreach((json_t *)j, key, member)
	{
		pairs[n].key = ps_text(ps_strdup(a, key));
		pairs[n++].value = value_of_json(a, member);
	}
	return ps_map(pairs, n);
}

struct ps_value
value_of_json(struct ps_arena *a, const json_t *j)
{
	struct ps_value *items;

	switch (json_typeof(j)) {
	case JSON_NULL:
		return ps_null();
	case JSON_TRUE:
	case JSON_FALSE:
		return ps_boolean(json_is_true(j));
	case JSON_INTEGER:
		return ps_int64(json_integer_value(j));
	case JSON_REAL:
		return ps_float64(json_real_value(j));
	case JSON_STRING:
		return string_of_json(a, j);
	case JSON_ARRAY:
		items = ps_calloc(a, json_array_size(j) + 1, sizeof *items);
		for (size_t i = 0; i < json_array_size(j); i++)
			items[i] = value_of_json(a, json_array_get(j, i));
		return ps_array(items, json_array_size(j));
	case JSON_OBJECT:
		if (json_object_get(j, "hex") != NULL)
			return bytes_of_hex(a,
			    json_string_value(json_object_get(j, "hex")));
		return map_of_json(a, j);
	}
	abort();
}

static enum ps_type
type_of_name(const char *name)
{
	for (size_t i = PS_INT8; i <= PS_STRUCT; i++)
		if (strcmp(type_names[i], name) == 0)
			return (enum ps_type)i;
	abort();
}

static struct ps_schema *
schema_of_json(struct ps_arena *a, const json_t *j)
{
	struct ps_schema *s = ps_calloc(a, 1, sizeof *s);
	json_t *list = json_object_get(j, "fields"), *f;
	json_t *params = json_object_get(j, "parameters");
	json_t *fallback = json_object_get(j, "default");
	struct ps_field *fields =
	    ps_calloc(a, json_array_size(list) + 1, sizeof *fields);
	struct ps_param *p =
	    ps_calloc(a, json_object_size(params) + 1, sizeof *p);
	const char *name = json_string_value(json_object_get(j, "name"));
	const char *key;
	struct ps_value *v;
	size_t i;

	s->type = type_of_name(json_string_value(json_object_get(j, "type")));
	s->optional = json_is_true(json_object_get(j, "optional"));
	s->name = name == NULL ? NULL : ps_strdup(a, name);
	s->params = p;
	json_object_foreach(params, key, f) p[s->param_count++] =
	    (struct ps_param){ ps_strdup(a, key),
		    ps_strdup(a, json_string_value(f)) };
	if (json_object_get(j, "items") != NULL)
		s->elem = schema_of_json(a, json_object_get(j, "items"));
	json_array_foreach(list, i, f)
	{
		name = json_string_value(json_object_get(f, "field"));
		fields[i].name = ps_strdup(a, name);
		fields[i].name_len = strlen(name);
		fields[i].schema = schema_of_json(a, f);
	}
	s->fields = fields;
	s->field_count = json_array_size(list);
	if (fallback != NULL) {
		v = ps_alloc(a, sizeof *v);
		*v = value_of_json(a, fallback);
		s->default_value = v;
	}
	return s;
}

/* The value with the types of its schema. */
static struct ps_value
typed(struct ps_arena *a, const json_t *j, const struct ps_schema *s)
{
	struct ps_value v, *items;

	if (json_is_null(j))
		return ps_null();
	if (s->type != PS_STRUCT && s->type != PS_ARRAY) {
		v = value_of_json(a, j);
		if ((s->type == PS_FLOAT32 || s->type == PS_FLOAT64) &&
		    ps_is_int(&v))
			v.f = (double)v.i;
		v.type = s->type;
		return v;
	}
	if (s->type == PS_ARRAY) {
		items = ps_calloc(a, json_array_size(j) + 1, sizeof *items);
		for (size_t i = 0; i < json_array_size(j); i++)
			items[i] = typed(a, json_array_get(j, i), s->elem);
		return ps_array(items, json_array_size(j));
	}
	items = ps_calloc(a, s->field_count + 1, sizeof *items);
	for (size_t i = 0; i < s->field_count; i++) {
		const json_t *f = json_object_get(j, s->fields[i].name);

		items[i] =
		    f == NULL ? ps_null() : typed(a, f, s->fields[i].schema);
	}
	return ps_struct(items, s->field_count);
}

void
datum_of_json(const struct ps_host *h, struct ps_arena *a, const json_t *j,
    struct ps_value *v, const struct ps_schema **s)
{
	const json_t *schema = json_object_get(j, "schema");

	*s = NULL;
	if (schema == NULL || json_object_get(j, "payload") == NULL) {
		*v = value_of_json(a, j);
		return;
	}
	*s = h->intern(h, schema_of_json(a, schema));
	*v = typed(a, json_object_get(j, "payload"), *s);
}
