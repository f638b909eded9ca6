#include "avro_schema.h"

#include <string.h>

struct named {
	struct named *next;
	const char *full;
	struct avro_schema *schema;
};

struct parser {
	struct ps_arena *arena;
	struct ps_error *err;
	struct named *names;
	int depth;
};

static const char *const kind_names[] = { "null", "boolean", "int", "long",
	"float", "double", "bytes", "string", "array", "map", "record", "enum",
	"fixed", "union" };

const char *
avro_kind_name(enum avro_kind kind)
{
	return kind_names[kind];
}

const char *
avro_prop(const struct avro_schema *s, const char *name)
{
	return json_string_value(json_object_get(s->props, name));
}

int
avro_null_branch(const struct avro_schema *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->branches[i]->kind == AVRO_NULL)
			return (int)i;
	return -1;
}

bool
avro_is_map_entry(const struct avro_schema *s)
{
	const char *internal;

	if (s->kind != AVRO_RECORD)
		return false;
	internal = avro_prop(s, "connect.internal.type");
	return strcmp(s->full, AVRO_MAP_ENTRY) == 0 ||
	       (internal != NULL && strcmp(internal, "MapEntry") == 0);
}

static struct avro_schema *
parse(struct parser *p, const json_t *json, const char *space);

static struct avro_schema *
bad(struct parser *p, const char *what, const json_t *json)
{
	char *text = json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT);

	(void)ps_fail(p->err, PS_E_DATA, "%s in an Avro schema: %.200s", what,
	    text == NULL ? "?" : text);
	free(text);
	return NULL;
}

static const char *
qualified(struct parser *p, const char *name, const char *space)
{
	if (strchr(name, '.') != NULL || space == NULL || space[0] == '\0')
		return name;
	return ps_printf(p->arena, "%s.%s", space, name);
}

static struct avro_schema *
find_named(const struct parser *p, const char *full)
{
	for (const struct named *n = p->names; n != NULL; n = n->next)
		if (strcmp(n->full, full) == 0)
			return n->schema;
	return NULL;
}

/* A primitive's kind, or -1. */
static int
primitive(const char *name)
{
	for (int i = AVRO_NULL; i <= AVRO_STRING; i++)
		if (strcmp(name, kind_names[i]) == 0)
			return i;
	return -1;
}

static struct avro_schema *
new_schema(struct parser *p, enum avro_kind kind, const json_t *props)
{
	struct avro_schema *s =
	    (struct avro_schema *)ps_calloc(p->arena, 1, sizeof *s);

	s->kind = kind;
	s->props = props;
	return s;
}

static struct avro_schema *
parse_name(struct parser *p, const json_t *json, const char *space)
{
	const char *name = json_string_value(json);
	int kind = primitive(name);
	struct avro_schema *s;

	if (kind >= 0)
		return new_schema(p, (enum avro_kind)kind, NULL);
	s = find_named(p, qualified(p, name, space));
	if (s == NULL)
		s = find_named(p, name);
	return s == NULL ? bad(p, "an unknown type", json) : s;
}

static struct avro_schema *
parse_union(struct parser *p, const json_t *json, const char *space)
{
	struct avro_schema *s = new_schema(p, AVRO_UNION_OF, NULL);

	s->count = json_array_size(json);
	s->branches = (struct avro_schema **)ps_calloc(p->arena, s->count + 1,
	    sizeof(struct avro_schema *));
	for (size_t i = 0; i < s->count; i++) {
		s->branches[i] = parse(p, json_array_get(json, i), space);
		if (s->branches[i] == NULL)
			return NULL;
		if (s->branches[i]->kind == AVRO_UNION_OF)
			return bad(p, "a union in a union", json);
	}
	return s;
}

/* Gives the schema its name, by which others may name it. */
static int
register_name(struct parser *p, struct avro_schema *s, const char **space)
{
	const char *name = avro_prop(s, "name"), *dot;
	const char *own = avro_prop(s, "namespace");
	struct named *n;

	if (name == NULL || name[0] == '\0') {
		(void)bad(p, "a type without a name", s->props);
		return -1;
	}
	s->full = qualified(p, name, own == NULL ? *space : own);
	dot = strrchr(s->full, '.');
	s->name = dot == NULL ? s->full : dot + 1;
	*space = dot == NULL
		     ? ""
		     : ps_strndup(p->arena, s->full, (size_t)(dot - s->full));
	if (find_named(p, s->full) != NULL) {
		(void)bad(p, "a type that is there twice", s->props);
		return -1;
	}
	n = (struct named *)ps_alloc(p->arena, sizeof *n);
	*n = (struct named){ p->names, s->full, s };
	p->names = n;
	return 0;
}

static int
parse_fields(struct parser *p, struct avro_schema *s, const char *space)
{
	const json_t *list = json_object_get(s->props, "fields");

	if (!json_is_array(list)) {
		(void)bad(p, "a record without fields", s->props);
		return -1;
	}
	s->count = json_array_size(list);
	s->fields = (struct avro_field *)ps_calloc(p->arena, s->count + 1,
	    sizeof *s->fields);
	for (size_t i = 0; i < s->count; i++) {
		struct avro_field *f = &s->fields[i];

		f->props = json_array_get(list, i);
		f->name = json_string_value(json_object_get(f->props, "name"));
		f->default_value = json_object_get(f->props, "default");
		if (f->name == NULL) {
			(void)bad(p, "a field without a name", f->props);
			return -1;
		}
		f->schema = parse(p, json_object_get(f->props, "type"), space);
		if (f->schema == NULL)
			return ps_fail_in(p->err, "field %s", f->name);
	}
	return 0;
}

static int
parse_symbols(struct parser *p, struct avro_schema *s)
{
	const json_t *list = json_object_get(s->props, "symbols");

	s->count = json_array_size(list);
	s->symbols = (const char **)ps_calloc(p->arena, s->count + 1,
	    sizeof(const char *));
	for (size_t i = 0; i < s->count; i++) {
		s->symbols[i] = json_string_value(json_array_get(list, i));
		if (s->symbols[i] == NULL) {
			(void)bad(p, "a symbol that is no text", s->props);
			return -1;
		}
	}
	return 0;
}

static struct avro_schema *
parse_named(struct parser *p, enum avro_kind kind, const json_t *json,
    const char *space)
{
	struct avro_schema *s = new_schema(p, kind, json);
	json_int_t size = json_integer_value(json_object_get(json, "size"));

	if (register_name(p, s, &space) < 0)
		return NULL;
	if (kind == AVRO_RECORD)
		return parse_fields(p, s, space) < 0 ? NULL : s;
	if (kind == AVRO_ENUMERATION)
		return parse_symbols(p, s) < 0 ? NULL : s;
	if (size < 0 || size > INT32_MAX ||
	    !json_is_integer(json_object_get(json, "size")))
		return bad(p, "a fixed type without a size", json);
	s->size = (size_t)size;
	return s;
}

static struct avro_schema *
parse_object(struct parser *p, const json_t *json, const char *space)
{
	const json_t *type = json_object_get(json, "type");
	const char *name = json_string_value(type);
	struct avro_schema *s;
	int kind;

	if (name == NULL)
		return parse(p, type, space);
	kind = primitive(name);
	if (kind >= 0)
		return new_schema(p, (enum avro_kind)kind, json);
	if (strcmp(name, "record") == 0 || strcmp(name, "error") == 0)
		return parse_named(p, AVRO_RECORD, json, space);
	if (strcmp(name, "enum") == 0)
		return parse_named(p, AVRO_ENUMERATION, json, space);
	if (strcmp(name, "fixed") == 0)
		return parse_named(p, AVRO_FIXED, json, space);
	if (strcmp(name, "array") != 0 && strcmp(name, "map") != 0)
		return parse_name(p, type, space);
	s = new_schema(p, name[0] == 'a' ? AVRO_ARRAY : AVRO_MAP, json);
	s->elem = parse(p,
	    json_object_get(json, name[0] == 'a' ? "items" : "values"), space);
	return s->elem == NULL ? NULL : s;
}

static struct avro_schema *
parse(struct parser *p, const json_t *json, const char *space)
{
	struct avro_schema *s;

	if (++p->depth > AVRO_MAX_DEPTH) {
		(void)ps_fail(p->err, PS_E_DATA,
		    "an Avro schema nests deeper than %d", AVRO_MAX_DEPTH);
		return NULL;
	}
	if (json_is_string(json))
		s = parse_name(p, json, space);
	else if (json_is_array(json))
		s = parse_union(p, json, space);
	else if (json_is_object(json))
		s = parse_object(p, json, space);
	else
		s = bad(p, "no type", json);
	p->depth--;
	return s;
}

static struct avro_schema *
parse_text(struct parser *p, struct avro_document *doc, const char *text)
{
	json_error_t why;
	json_t *root = json_loads(text, JSON_DECODE_ANY, &why);

	if (root == NULL && primitive(text) >= 0) /* a bare name */
		root = json_string(text);
	if (root == NULL) {
		(void)ps_fail(p->err, PS_E_DATA,
		    "an Avro schema that is no JSON (%s): %.100s", why.text,
		    text);
		return NULL;
	}
	doc->roots[doc->root_count++] = root;
	return parse(p, root, NULL);
}

int
avro_parse(struct avro_document *doc, struct ps_arena *a,
    const struct registered *r, struct ps_error *err)
{
	struct parser p = { .arena = a, .err = err };

	*doc = (struct avro_document){ 0 };
	doc->roots =
	    (json_t **)ps_calloc(a, r->reference_count + 1, sizeof(json_t *));
	for (size_t i = 0; i < r->reference_count; i++)
		if (parse_text(&p, doc, r->references[i].text) == NULL)
			return ps_fail_in(err, "reference %s",
			    r->references[i].name);
	doc->schema = parse_text(&p, doc, r->text);
	return doc->schema == NULL ? -1 : 0;
}

void
avro_document_fini(struct avro_document *doc)
{
	for (size_t i = 0; i < doc->root_count; i++)
		json_decref(doc->roots[i]);
	doc->root_count = 0;
}
