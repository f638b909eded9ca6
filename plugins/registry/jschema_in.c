#include "jschema_in.h"

#include <jansson.h>
#include <stdlib.h>

#include <jsontext/typed.h>

#include "jschema_props.h"

#define MAX_DOCUMENTS 65

struct document {
	const char *name; /* NULL: the schema itself */
	json_t *root;
};

struct reader {
	struct ps_arena *arena;
	const struct jschema_options *o;
	struct ps_error *err;
	struct document documents[MAX_DOCUMENTS];
	size_t document_count;
	const json_t *root; /* of the document that is read */
	int unions, depth;
};

static struct ps_schema *
read_schema(struct reader *r, const json_t *j, bool optional);

static const char *
text_at(struct reader *r, const json_t *j, const char *name)
{
	const json_t *text = json_object_get(j, name);

	return json_is_string(text)
		   ? ps_strdup(r->arena, json_string_value(text))
		   : NULL;
}

static bool
is_text(const json_t *j, const char *text)
{
	return json_is_string(j) && strcmp(json_string_value(j), text) == 0;
}

static struct ps_schema *
bad(struct reader *r, const json_t *j, const char *what)
{
	char *text = json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY);

	(void)ps_fail(r->err, PS_E_DATA, "%s in a JSON Schema: %.200s", what,
	    text == NULL ? "?" : text);
	free(text);
	return NULL;
}

static struct ps_schema *
new_schema(struct reader *r, enum ps_type type)
{
	struct ps_schema *s =
	    (struct ps_schema *)ps_calloc(r->arena, 1, sizeof *s);

	s->type = type;
	return s;
}

static void
set_params(struct reader *r, struct ps_schema *s, const json_t *from,
    const char *prefix)
{
	json_t *object = (json_t *)(uintptr_t)from;
	size_t n = s->param_count;
	struct ps_param *params = (struct ps_param *)ps_calloc(r->arena,
	    n + json_object_size(from) + 1, sizeof *params);
	const char *name;
	json_t *value;

	if (n > 0)
		memcpy(params, s->params, n * sizeof *params);
	json_object_foreach(object, name, value)
	{
		if (!json_is_string(value))
			continue;
		params[n++] = (struct ps_param){ ps_printf(r->arena, "%s%s",
						     prefix, name),
			ps_strdup(r->arena, json_string_value(value)) };
	}
	s->params = params;
	s->param_count = n;
}

/* What intern() would find out: the reader of values looks at it. */
static void
set_logical(struct ps_schema *s)
{
	static const struct {
		const char *name;
		enum ps_logical logical;
	} names[] = { { PS_NAME_DECIMAL, PS_DECIMAL },
		{ PS_NAME_DATE, PS_DATE }, { PS_NAME_TIME, PS_TIME },
		{ PS_NAME_TIMESTAMP, PS_TIMESTAMP } };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (s->name != NULL && strcmp(s->name, names[i].name) == 0)
			s->logical = names[i].logical;
	for (size_t i = 0; i < s->param_count; i++)
		if (strcmp(s->params[i].name, "scale") == 0)
			s->scale =
			    (int32_t)strtol(s->params[i].value, NULL, 10);
}

static void
read_default(struct reader *r, const json_t *j, struct ps_schema *s)
{
	const json_t *given = json_object_get(j, "default");
	struct ps_error ignored = { 0 };
	struct ps_value *v;
	struct scan sc;
	struct typed d = { .sc = &sc,
		.arena = r->arena,
		.options = &r->o->json };
	char *text;

	if (given == NULL || json_is_null(given))
		return;
	text = json_dumps(given, JSON_ENCODE_ANY | JSON_COMPACT);
	if (text == NULL)
		return;
	v = (struct ps_value *)ps_calloc(r->arena, 1, sizeof *v);
	scan_init(&sc, (const uint8_t *)ps_strdup(r->arena, text), strlen(text),
	    &ignored);
	if (typed_value(&d, s, v) == 0)
		s->default_value = v;
	free(text);
}

/* Title, version, and so on. */
static struct ps_schema *
finish(struct reader *r, const json_t *j, struct ps_schema *s, bool optional)
{
	const json_t *version = json_object_get(j, "connect.version");

	if (s->name == NULL)
		s->name = text_at(r, j, "title");
	if (json_is_integer(version))
		s->version = (int32_t)json_integer_value(version);
	s->doc = text_at(r, j, "description");
	set_params(r, s, json_object_get(j, "connect.parameters"), "");
	set_logical(s);
	read_default(r, j, s);
	s->optional |= optional;
	return s;
}

/* ---- References ---- */

/* One step of a JSON pointer; ~1 is a slash and ~0 a tilde. */
static const json_t *
step(const json_t *at, const char *name, size_t len)
{
	char plain[256];
	size_t n = 0;

	for (size_t i = 0; i < len && n + 1 < sizeof plain; i++) {
		if (name[i] == '~' && i + 1 < len) {
			plain[n++] = name[++i] == '1' ? '/' : '~';
			continue;
		}
		plain[n++] = name[i];
	}
	plain[n] = '\0';
	if (json_is_array(at))
		return json_array_get(at, (size_t)strtoul(plain, NULL, 10));
	return json_object_get(at, plain);
}

static const json_t *
pointed(const json_t *root, const char *pointer)
{
	while (root != NULL && *pointer == '/') {
		size_t len = strcspn(++pointer, "/");

		root = step(root, pointer, len);
		pointer += len;
	}
	return root;
}

static struct ps_schema *
read_reference(struct reader *r, const json_t *j, const char *ref,
    bool optional)
{
	const json_t *outer = r->root, *target = NULL;
	size_t len = strcspn(ref, "#");
	struct ps_schema *s;

	for (size_t i = 0; len > 0 && i < r->document_count; i++) {
		const char *name = r->documents[i].name;

		if (name != NULL && strlen(name) == len &&
		    strncmp(name, ref, len) == 0)
			r->root = r->documents[i].root;
	}
	if (len == 0 || r->root != outer)
		target = pointed(r->root, ref[len] == '#' ? ref + len + 1 : "");
	s = target == NULL ? bad(r, j, "a reference to nothing")
			   : read_schema(r, target, optional);
	r->root = outer;
	return s;
}

/* ---- Types ---- */

static struct ps_schema *
read_number(struct reader *r, const json_t *j, bool integral)
{
	static const struct {
		const char *name;
		enum ps_type type;
	} types[] = { { "int8", PS_INT8 }, { "int16", PS_INT16 },
		{ "int32", PS_INT32 }, { "int64", PS_INT64 },
		{ "float32", PS_FLOAT32 }, { "float64", PS_FLOAT64 },
		{ "bytes", PS_BYTES } };
	const json_t *given = json_object_get(j, "connect.type");

	if (given == NULL)
		return new_schema(r, integral ? PS_INT64 : PS_FLOAT64);
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (is_text(given, types[i].name))
			return new_schema(r, types[i].type);
	return bad(r, j, "an unknown connect.type");
}

static struct ps_schema *
read_enum(struct reader *r, const json_t *list)
{
	const char *param = jschema_enum_param(r->o);
	struct ps_schema *s = new_schema(r, PS_STRING);
	struct ps_param *params = (struct ps_param *)ps_calloc(r->arena,
	    json_array_size(list) + 1, sizeof *params);
	size_t n = 0;

	params[n++] = (struct ps_param){ param, "" };
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		char *dump = json_dumps(item, JSON_ENCODE_ANY | JSON_COMPACT);
		const char *text = json_is_null(item) ? "<NULL>"
				   : json_is_string(item)
				       ? json_string_value(item)
				       : dump;

		text = ps_strdup(r->arena, text);
		free(dump);
		params[n++] = (struct ps_param){
			ps_printf(r->arena, "%s.%s", param, text),
			r->o->sum_types ? ps_printf(r->arena, "%zu", i) : text
		};
	}
	s->params = params;
	s->param_count = n;
	return s;
}

static struct ps_schema *
read_array(struct reader *r, const json_t *j)
{
	const json_t *items = json_object_get(j, "items");
	const json_t *parts = json_object_get(items, "properties");
	bool pairs =
	    is_text(json_object_get(j, "connect.type"), "map") && parts != NULL;
	struct ps_schema *s = new_schema(r, pairs ? PS_MAP : PS_ARRAY);

	if (!json_is_object(items))
		return bad(r, j, "an array without the type of its items");
	if (pairs) {
		s->key = read_schema(r, json_object_get(parts, "key"), false);
		s->elem = s->key == NULL
			      ? NULL
			      : read_schema(r, json_object_get(parts, "value"),
				    false);
	} else {
		s->elem = read_schema(r, items, false);
	}
	return s->elem == NULL ? NULL : s;
}

static struct ps_schema *
read_map(struct reader *r, const json_t *j)
{
	static const struct ps_schema text = { .type = PS_STRING };
	struct ps_schema *s = new_schema(r, PS_MAP);

	s->key = &text;
	s->elem =
	    read_schema(r, json_object_get(j, "additionalProperties"), false);
	return s->elem == NULL ? NULL : s;
}

static struct ps_schema *
read_properties(struct reader *r, struct properties *p)
{
	struct ps_schema *s = new_schema(r, PS_STRUCT);
	struct ps_field *fields = (struct ps_field *)ps_calloc(r->arena,
	    p->count + 1, sizeof *fields);

	jschema_sort(p);
	for (size_t i = 0; i < p->count; i++) {
		const struct property *item = &p->items[i];

		fields[i].name = item->name;
		fields[i].name_len = strlen(item->name);
		fields[i].schema = read_schema(r, item->schema,
		    r->o->optional_unrequired && !item->required);
		if (fields[i].schema == NULL) {
			(void)ps_fail_in(r->err, "property %s", item->name);
			return NULL;
		}
	}
	s->fields = fields;
	s->field_count = p->count;
	return s;
}

static struct ps_schema *
read_object(struct reader *r, const json_t *j)
{
	struct properties p = { 0 };

	if (is_text(json_object_get(j, "connect.type"), "map"))
		return read_map(r, j);
	jschema_collect(r->arena, j, &p);
	return read_properties(r, &p);
}

/* ---- Combined ---- */

static bool
is_null_type(const json_t *j)
{
	return is_text(json_object_get(j, "type"), "null");
}

static struct ps_schema *
read_branches(struct reader *r, const json_t *list)
{
	struct ps_schema *s = new_schema(r, PS_STRUCT);
	struct ps_field *fields = (struct ps_field *)ps_calloc(r->arena,
	    json_array_size(list) + 1, sizeof *fields);
	struct ps_param *param;
	size_t n = 0;

	s->name = JSCHEMA_ONE_OF;
	if (r->o->sum_types) {
		s->name = ps_printf(r->arena, "connect_union_%d", r->unions++);
		param =
		    (struct ps_param *)ps_calloc(r->arena, 1, sizeof *param);
		*param = (struct ps_param){ CONNECT_UNION_PARAM, s->name };
		s->params = param;
		s->param_count = 1;
	}
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);

		if (is_null_type(item)) {
			s->optional = true;
			continue;
		}
		fields[n].name =
		    r->o->sum_types
			? ps_printf(r->arena, "connect_union_field_%zu", n)
			: ps_printf(r->arena, JSCHEMA_ONE_OF ".field.%zu", n);
		fields[n].name_len = strlen(fields[n].name);
		fields[n].schema = read_schema(r, item, true);
		if (fields[n++].schema == NULL)
			return NULL;
	}
	s->fields = fields;
	s->field_count = n;
	return s;
}

/* 1: what it is stands in *s (NULL: an error); 0: it is more than that. */
static int
is_nullable(struct reader *r, const json_t *list, bool optional,
    struct ps_schema **s)
{
	size_t n = json_array_size(list);
	const json_t *first = json_array_get(list, 0);

	if (n == 1 && r->o->flatten_singletons) {
		*s = read_schema(r, first, optional);
		return 1;
	}
	if (n != 2)
		return 0;
	if (is_null_type(first))
		*s = read_schema(r, json_array_get(list, 1), true);
	else if (is_null_type(json_array_get(list, 1)))
		*s = read_schema(r, first, true);
	else
		return 0;
	return 1;
}

static struct ps_schema *
read_combined(struct reader *r, const json_t *j, const json_t *list,
    bool optional)
{
	struct ps_schema *s;

	if (is_nullable(r, list, optional, &s))
		return s;
	s = read_branches(r, list);
	return s == NULL ? NULL : finish(r, j, s, optional);
}

static const json_t *
resolved(struct reader *r, const json_t *j)
{
	const char *ref = json_string_value(json_object_get(j, "$ref"));

	return ref != NULL && ref[0] == '#' ? pointed(r->root, ref + 1) : j;
}

/* The properties of all; or else the first that is a type. */
static struct ps_schema *
read_all_of(struct reader *r, const json_t *j, const json_t *list,
    bool optional)
{
	struct properties p = { 0 };
	struct ps_schema *s;

	jschema_collect(r->arena, j, &p);
	for (size_t i = 0; i < json_array_size(list); i++)
		jschema_collect(r->arena, resolved(r, json_array_get(list, i)),
		    &p);
	if (p.count > 0) {
		s = read_properties(r, &p);
		return s == NULL ? NULL : finish(r, j, s, optional);
	}
	for (size_t i = 0; i < json_array_size(list); i++)
		if (json_object_get(json_array_get(list, i), "type") != NULL)
			return read_schema(r, json_array_get(list, i),
			    optional);
	return bad(r, j, "an allOf without a type");
}

/* "type": ["null", "string"]: one schema for each. */
static struct ps_schema *
read_types(struct reader *r, const json_t *j, const json_t *types,
    bool optional)
{
	json_t *list = json_array();
	struct ps_schema *s;

	for (size_t i = 0; i < json_array_size(types); i++) {
		json_t *one = json_copy((json_t *)(uintptr_t)j);

		(void)json_object_set(one, "type", json_array_get(types, i));
		(void)json_array_append_new(list, one);
	}
	s = read_combined(r, j, list, optional);
	json_decref(list);
	return s;
}

static struct ps_schema *
read_type(struct reader *r, const json_t *j)
{
	const json_t *type = json_object_get(j, "type");
	const json_t *values = json_object_get(j, "enum");

	if (is_text(type, "integer"))
		return read_number(r, j, true);
	if (is_text(type, "number"))
		return read_number(r, j, false);
	if (is_text(type, "boolean"))
		return new_schema(r, PS_BOOLEAN);
	if (json_is_array(values))
		return read_enum(r, values);
	if (is_text(type, "string"))
		return new_schema(r,
		    is_text(json_object_get(j, "connect.type"), "bytes")
			? PS_BYTES
			: PS_STRING);
	if (is_text(type, "array"))
		return read_array(r, j);
	if (is_text(type, "object") || json_object_get(j, "properties") != NULL)
		return read_object(r, j);
	return bad(r, j, "a type that Connect has not");
}

static struct ps_schema *
read_any(struct reader *r, const json_t *j, bool optional)
{
	const char *ref = json_string_value(json_object_get(j, "$ref"));
	const json_t *type = json_object_get(j, "type"), *list;
	struct ps_schema *s;

	if (ref != NULL)
		return read_reference(r, j, ref, optional);
	list = json_object_get(j, "oneOf");
	if (!json_is_array(list))
		list = json_object_get(j, "anyOf");
	if (json_is_array(list))
		return read_combined(r, j, list, optional);
	list = json_object_get(j, "allOf");
	if (json_is_array(list))
		return read_all_of(r, j, list, optional);
	if (json_is_array(type))
		return read_types(r, j, type, optional);
	s = read_type(r, j);
	return s == NULL ? NULL : finish(r, j, s, optional);
}

static struct ps_schema *
read_schema(struct reader *r, const json_t *j, bool optional)
{
	struct ps_schema *s;

	if (++r->depth > JSCHEMA_MAX_DEPTH) {
		(void)ps_fail(r->err, PS_E_DATA,
		    "a schema nests deeper than %d, or contains itself",
		    JSCHEMA_MAX_DEPTH);
		return NULL;
	}
	if (!json_is_object(j))
		s = bad(r, j, "what is no schema");
	else
		s = read_any(r, j, optional);
	r->depth--;
	return s;
}

static int
add_document(struct reader *r, const char *name, const char *text)
{
	json_error_t why;
	json_t *root = json_loads(text, JSON_DECODE_ANY, &why);

	if (root == NULL || r->document_count == MAX_DOCUMENTS)
		return ps_fail(r->err, PS_E_DATA,
		    "a JSON Schema that is no JSON (%s): %.100s", why.text,
		    text);
	r->documents[r->document_count++] = (struct document){ name, root };
	return 0;
}

/* true, {}, or nothing that says what values are. */
static bool
takes_anything(const json_t *j)
{
	static const char *const words[] = { "type", "enum", "properties",
		"oneOf", "anyOf", "allOf", "$ref", "const" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (json_object_get(j, words[i]) != NULL)
			return false;
	return json_is_true(j) || json_is_object(j);
}

int
jschema_read(struct ps_arena *a, const struct jschema_options *o,
    const struct registered *reg, const struct ps_schema **draft,
    struct ps_error *err)
{
	struct reader r = { .arena = a, .o = o, .err = err };
	int rc = add_document(&r, NULL, reg->text);

	*draft = NULL;
	for (size_t i = 0; i < reg->reference_count && rc == 0; i++)
		rc = add_document(&r, reg->references[i].name,
		    reg->references[i].text);
	if (rc == 0) {
		r.root = r.documents[0].root;
		if (!takes_anything(r.root))
			*draft = read_schema(&r, r.root, false);
		if (*draft == NULL && err->code != PS_OK)
			rc = -1;
	}
	for (size_t i = 0; i < r.document_count; i++)
		json_decref(r.documents[i].root);
	return rc;
}
