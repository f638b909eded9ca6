#include "schema_text.h"

#include <stdlib.h>

#include <jsontext/schema_out.h>

enum member {
	M_TYPE,
	M_ITEMS,
	M_KEYS,
	M_VALUES,
	M_FIELDS,
	M_OPTIONAL,
	M_NAME,
	M_VERSION,
	M_DOC,
	M_PARAMETERS,
	M_DEFAULT,
	M_FIELD,
	M_COUNT,
};

static const char *const member_names[] = { "type", "items", "keys", "values",
	"fields", "optional", "name", "version", "doc", "parameters", "default",
	"field" };

/* One JSON object's members; absent ones have no text. */
struct members {
	struct token at[M_COUNT];
	bool has[M_COUNT];
};

static struct scan
scan_at(struct schema_reader *r, const char *p)
{
	return (struct scan){ p, p, r->end, r->err };
}

/* Steps through `{...}` or `[...]`: 1 an item, 0 the end, -1 not JSON. */
static int
next_item(struct scan *sc, struct token *name, struct token *value)
{
	bool object = name != NULL;

	scan_space(sc);
	if (sc->p < sc->end && (*sc->p == '}' || *sc->p == ']'))
		return 0;
	if (sc->p < sc->end && *sc->p == ',')
		sc->p++;
	if (object && scan_name(sc, name) < 0)
		return -1;
	return scan_value(sc, value) < 0 ? -1 : 1;
}

static int
read_members(struct schema_reader *r, const struct token *object,
    struct members *m)
{
	struct scan sc = scan_at(r, object->s + 1);
	struct token name, value;
	struct ps_value text;
	int rc = 0;

	memset(m, 0, sizeof *m);
	if (object->kind != TOKEN_OBJECT)
		return 0;
	while ((rc = next_item(&sc, &name, &value)) > 0) {
		text = token_string(&name, r->arena);
		for (int i = 0; i < M_COUNT; i++) {
			if (!ps_is_text(&text, member_names[i]))
				continue;
			m->at[i] = value;
			m->has[i] = true;
		}
	}
	return rc;
}

static bool
has_kind(const struct members *m, enum member i, enum token_kind kind)
{
	return m->has[i] && m->at[i].kind == kind;
}

static char *
text_of(struct schema_reader *r, const struct token *t)
{
	struct ps_value s = token_string(t, r->arena);

	return ps_strndup(r->arena, s.s, s.len);
}

static int
read_parameters(struct schema_reader *r, const struct token *object,
    struct ps_schema *s)
{
	struct scan sc = scan_at(r, object->s + 1);
	struct token name, value;
	struct ps_param *params;
	size_t n = 0;
	int rc;

	while (next_item(&sc, &name, &value) > 0)
		n++;
	params = (struct ps_param *)ps_calloc(r->arena, n, sizeof *params);
	sc = scan_at(r, object->s + 1);
	for (n = 0; (rc = next_item(&sc, &name, &value)) > 0; n++) {
		if (value.kind != TOKEN_STRING)
			return ps_fail(r->err, PS_E_DATA,
			    "Schema parameters must have string values.");
		params[n].name = text_of(r, &name);
		params[n].value = text_of(r, &value);
	}
	s->params = params;
	s->param_count = n;
	return rc;
}

static void
set_logical(struct ps_schema *s)
{
	static const struct {
		const char *name;
		enum ps_type type;
		enum ps_logical logical;
	} known[] = {
		{ PS_NAME_DECIMAL, PS_BYTES, PS_DECIMAL },
		{ PS_NAME_DATE, PS_INT32, PS_DATE },
		{ PS_NAME_TIME, PS_INT32, PS_TIME },
		{ PS_NAME_TIMESTAMP, PS_INT64, PS_TIMESTAMP },
	};

	if (s->name == NULL)
		return;
	s->logical = PS_OTHER;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].type == s->type &&
		    strcmp(known[i].name, s->name) == 0)
			s->logical = known[i].logical;
	for (size_t i = 0; i < s->param_count; i++)
		if (strcmp(s->params[i].name, "scale") == 0)
			s->scale =
			    (int32_t)strtol(s->params[i].value, NULL, 10);
}

static int
read_attributes(struct schema_reader *r, const struct members *m,
    struct ps_schema *s)
{
	s->optional = has_kind(m, M_OPTIONAL, TOKEN_TRUE);
	if (has_kind(m, M_NAME, TOKEN_STRING))
		s->name = text_of(r, &m->at[M_NAME]);
	if (has_kind(m, M_VERSION, TOKEN_NUMBER) && m->at[M_VERSION].integral)
		s->version = (int32_t)(uint32_t)token_int(&m->at[M_VERSION]);
	if (has_kind(m, M_DOC, TOKEN_STRING))
		s->doc = text_of(r, &m->at[M_DOC]);
	if (has_kind(m, M_PARAMETERS, TOKEN_OBJECT) &&
	    read_parameters(r, &m->at[M_PARAMETERS], s) < 0)
		return -1;
	set_logical(s);
	return 0;
}

static int
read_default(struct schema_reader *r, const struct token *t,
    struct ps_schema *s)
{
	const char *text = t->kind == TOKEN_STRING ? t->s - 1 : t->s;
	struct scan sc = scan_at(r, text);
	struct typed d = { .sc = &sc,
		.arena = r->arena,
		.null_default = r->null_default };
	struct ps_value *v;

	if (s->type == PS_STRUCT)
		return ps_fail(r->err, PS_E_DATA,
		    "Invalid default value: a struct cannot have one");
	v = (struct ps_value *)ps_alloc(r->arena, sizeof *v);
	if (typed_value(&d, s, v) < 0)
		return ps_fail_in(r->err, "default value");
	if (v->type != PS_NULL)
		s->default_value = v;
	return 0;
}

static bool
has_field(const struct ps_field *fields, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(fields[i].name, name) == 0)
			return true;
	return false;
}

static int
unknown_type(struct schema_reader *r, const struct members *m)
{
	return ps_fail(r->err, PS_E_DATA, "Unknown schema type: %s",
	    text_of(r, &m->at[M_TYPE]));
}

static int
read_type(struct schema_reader *r, const struct members *m, enum ps_type *type)
{
	struct ps_value name;

	if (!has_kind(m, M_TYPE, TOKEN_STRING))
		return ps_fail(r->err, PS_E_DATA,
		    "Schema must contain 'type' field");
	name = token_string(&m->at[M_TYPE], r->arena);
	for (int i = PS_INT8; i <= PS_STRUCT; i++) {
		const char *known = schema_type_name((enum ps_type)i);

		if (known != NULL && ps_is_text(&name, known)) {
			*type = (enum ps_type)i;
			return 0;
		}
	}
	return unknown_type(r, m);
}

static int
read_field(struct schema_reader *r, const struct token *t,
    struct ps_field *fields, size_t n)
{
	struct members m;
	struct ps_field *f = &fields[n];

	if (read_members(r, t, &m) < 0)
		return -1;
	if (!has_kind(&m, M_FIELD, TOKEN_STRING))
		return ps_fail(r->err, PS_E_DATA,
		    "Struct schema's field name not specified properly");
	f->name = text_of(r, &m.at[M_FIELD]);
	f->name_len = strlen(f->name);
	if (has_field(fields, n, f->name))
		return ps_fail(r->err, PS_E_DATA,
		    "Cannot create field because of field name duplication %s",
		    f->name);
	return schema_read(r, t, &f->schema);
}

static int
read_fields(struct schema_reader *r, const struct members *m,
    struct ps_schema *s)
{
	struct scan sc;
	struct token value;
	struct ps_field *fields;
	size_t n = 0;

	if (!has_kind(m, M_FIELDS, TOKEN_ARRAY))
		return ps_fail(r->err, PS_E_DATA,
		    "Struct schema's \"fields\" argument is not an array.");
	sc = scan_at(r, m->at[M_FIELDS].s + 1);
	while (next_item(&sc, NULL, &value) > 0)
		n++;
	fields = (struct ps_field *)ps_calloc(r->arena, n, sizeof *fields);
	sc = scan_at(r, m->at[M_FIELDS].s + 1);
	for (n = 0; next_item(&sc, NULL, &value) > 0; n++)
		if (read_field(r, &value, fields, n) < 0)
			return -1;
	s->fields = fields;
	s->field_count = n;
	return 0;
}

/* The schema of a container's part; `missing` says what is not there. */
static int
read_part(struct schema_reader *r, const struct members *m, enum member i,
    const struct ps_schema **out, const char *missing)
{
	if (!m->has[i] || m->at[i].kind == TOKEN_NULL)
		return ps_fail(r->err, PS_E_DATA, "%s", missing);
	return schema_read(r, &m->at[i], out);
}

static int
read_parts(struct schema_reader *r, const struct members *m,
    struct ps_schema *s)
{
	if (s->type == PS_STRUCT)
		return read_fields(r, m, s);
	if (s->type == PS_ARRAY)
		return read_part(r, m, M_ITEMS, &s->elem,
		    "Array schema did not specify the element type");
	if (s->type != PS_MAP)
		return 0;
	if (read_part(r, m, M_KEYS, &s->key,
		"Map schema did not specify the key type") < 0)
		return -1;
	return read_part(r, m, M_VALUES, &s->elem,
	    "Map schema did not specify the value type");
}

int
schema_read(struct schema_reader *r, const struct token *t,
    const struct ps_schema **out)
{
	struct ps_schema *s =
	    (struct ps_schema *)ps_calloc(r->arena, 1, sizeof *s);
	struct members m;

	if (++r->depth > JSON_MAX_SCHEMA_DEPTH)
		return ps_fail(r->err, PS_E_DATA, "schema nests deeper than %d",
		    JSON_MAX_SCHEMA_DEPTH);
	if (read_members(r, t, &m) < 0 || read_type(r, &m, &s->type) < 0 ||
	    read_parts(r, &m, s) < 0 || read_attributes(r, &m, s) < 0)
		return -1;
	if (m.has[M_DEFAULT] && read_default(r, &m.at[M_DEFAULT], s) < 0)
		return -1;
	r->depth--;
	*out = s;
	return 0;
}

int
schema_parse(struct schema_reader *r, const char *text, size_t len,
    const struct ps_schema **out)
{
	struct scan sc = { text, text, text + len, r->err };
	struct token t;

	r->end = text + len;
	r->depth = 0;
	*out = NULL;
	if (scan_value(&sc, &t) < 0)
		return -1;
	return t.kind == TOKEN_NULL ? 0 : schema_read(r, &t, out);
}
