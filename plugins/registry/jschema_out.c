#include "jschema_out.h"

#include <jsontext/encode.h>
#include <jsontext/plan.h>

#include "writer.h"

#define NO_INDEX (-1)

struct compiler {
	struct writer w;
	const struct jschema_options *o;
	struct ps_error *err;
	int depth;
};

static int put(struct compiler *c, const struct ps_schema *s, int index,
    bool ignore_optional);

static const char *
param_of(const struct ps_schema *s, const char *name)
{
	for (size_t i = 0; i < s->param_count; i++)
		if (strcmp(s->params[i].name, name) == 0)
			return s->params[i].value;
	return NULL;
}

static void
put_text(struct compiler *c, const char *name, const char *text)
{
	if (text == NULL)
		return;
	write_format(&c->w, ",\"%s\":", name);
	write_string(&c->w, text, strlen(text));
}

/* A value of this schema as its JSON. */
static int
put_default(struct compiler *c, const struct ps_schema *s)
{
	struct plan_cache *plans = plan_cache_new(&c->o->json);
	struct encoder e = { .decimal = c->o->json.decimal, .err = c->err };
	struct ps_schema copy = *s;
	const struct plan *plan;
	struct ps_slice text = { NULL, 0 };

	copy.default_value = NULL; /* nor a default of the default */
	plan = plan_get(plans, &copy, c->w.arena, c->err);
	if (plan != NULL) {
		out_begin(&e.out, c->w.arena);
		if (encode_planned(&e, &plan->node, s->default_value) == 0)
			text = out_end(&e.out);
	}
	plan_cache_free(&plans);
	if (text.data == NULL)
		return ps_fail_in(c->err, "default value");
	write_text(&c->w, ",\"default\":");
	write_bytes(&c->w, (const char *)text.data, text.len);
	return 0;
}

static void
put_params(struct compiler *c, const struct ps_schema *s)
{
	const char *before = ",\"connect.parameters\":{";

	for (size_t i = 0; i < s->param_count; i++) {
		const struct ps_param *p = &s->params[i];

		if (strncmp(p->name, JSCHEMA_NAMESPACE,
			sizeof JSCHEMA_NAMESPACE - 1) == 0 ||
		    p->value == NULL)
			continue;
		write_text(&c->w, before);
		write_string(&c->w, p->name, strlen(p->name));
		write_text(&c->w, ":");
		write_string(&c->w, p->value, strlen(p->value));
		before = ",";
	}
	if (before[1] == '\0')
		write_text(&c->w, "}");
}

static int
put_rest(struct compiler *c, const struct ps_schema *s, int index)
{
	put_text(c, "title", s->name);
	if (s->version != 0)
		write_format(&c->w, ",\"connect.version\":%d", s->version);
	put_text(c, "description", s->doc);
	put_params(c, s);
	if (s->default_value != NULL && s->default_value->type != PS_NULL &&
	    put_default(c, s) < 0)
		return -1;
	if (index != NO_INDEX)
		write_format(&c->w, ",\"connect.index\":%d", index);
	return 0;
}

static int
put_union(struct compiler *c, const struct ps_schema *s)
{
	write_text(&c->w,
	    s->optional ? "\"oneOf\":[{\"type\":\"null\"}" : "\"oneOf\":[");
	for (size_t i = 0; i < s->field_count; i++) {
		if (i > 0 || s->optional)
			write_text(&c->w, ",");
		if (put(c, s->fields[i].schema, (int)i, true) < 0)
			return ps_fail_in(c->err, "branch %s",
			    s->fields[i].name);
	}
	write_text(&c->w, "]");
	return 0;
}

static int
put_struct(struct compiler *c, const struct ps_schema *s)
{
	write_text(&c->w, "\"type\":\"object\",\"properties\":{");
	for (size_t i = 0; i < s->field_count; i++) {
		const struct ps_field *f = &s->fields[i];

		if (i > 0)
			write_text(&c->w, ",");
		write_string(&c->w, f->name, f->name_len);
		write_text(&c->w, ":");
		if (put(c, f->schema, (int)i, false) < 0)
			return ps_fail_in(c->err, "field %s", f->name);
	}
	write_text(&c->w,
	    c->o->additional ? "}" : "},\"additionalProperties\":false");
	return 0;
}

static int
put_map(struct compiler *c, const struct ps_schema *s)
{
	if (s->key->type == PS_STRING && !s->key->optional) {
		write_text(&c->w,
		    "\"type\":\"object\",\"connect.type\":\"map\","
		    "\"additionalProperties\":");
		return put(c, s->elem, NO_INDEX, false);
	}
	write_text(&c->w,
	    "\"type\":\"array\",\"connect.type\":\"map\",\"items\":"
	    "{\"type\":\"object\",\"properties\":{\"key\":");
	if (put(c, s->key, 0, false) < 0)
		return -1;
	write_text(&c->w, ",\"value\":");
	if (put(c, s->elem, 1, false) < 0)
		return -1;
	write_text(&c->w, "}}");
	return 0;
}

static void
put_string(struct compiler *c, const struct ps_schema *s)
{
	const char *param = jschema_enum_param(c->o), *before = "";
	size_t len = strlen(param);

	if (param_of(s, param) == NULL) {
		write_text(&c->w, "\"type\":\"string\"");
		return;
	}
	write_text(&c->w, "\"enum\":[");
	for (size_t i = 0; i < s->param_count; i++) {
		const char *name = s->params[i].name;

		if (strncmp(name, param, len) != 0 || name[len] != '.')
			continue;
		write_text(&c->w, before);
		if (strcmp(name + len + 1, "<NULL>") == 0)
			write_text(&c->w, "null");
		else
			write_string(&c->w, name + len + 1,
			    strlen(name + len + 1));
		before = ",";
	}
	write_text(&c->w, "]");
}

static int
put_type(struct compiler *c, const struct ps_schema *s)
{
	static const char *const scalars[] = {
		[PS_INT8] = "\"type\":\"integer\",\"connect.type\":\"int8\"",
		[PS_INT16] = "\"type\":\"integer\",\"connect.type\":\"int16\"",
		[PS_INT32] = "\"type\":\"integer\",\"connect.type\":\"int32\"",
		[PS_INT64] = "\"type\":\"integer\",\"connect.type\":\"int64\"",
		[PS_FLOAT32] =
		    "\"type\":\"number\",\"connect.type\":\"float32\"",
		[PS_FLOAT64] =
		    "\"type\":\"number\",\"connect.type\":\"float64\"",
		[PS_BOOLEAN] = "\"type\":\"boolean\"",
		[PS_BYTES] = "\"type\":\"string\",\"connect.type\":\"bytes\"",
	};
	bool numeric = s->logical == PS_DECIMAL &&
		       c->o->json.decimal == JSON_DECIMAL_NUMERIC;

	switch (s->type) {
	case PS_STRUCT:
		return put_struct(c, s);
	case PS_MAP:
		return put_map(c, s);
	case PS_ARRAY:
		write_text(&c->w, "\"type\":\"array\",\"items\":");
		return put(c, s->elem, NO_INDEX, false);
	case PS_STRING:
		put_string(c, s);
		return 0;
	case PS_INT8:
	case PS_INT16:
	case PS_INT32:
	case PS_INT64:
	case PS_FLOAT32:
	case PS_FLOAT64:
	case PS_BOOLEAN:
	case PS_BYTES:
		write_text(&c->w,
		    numeric ? "\"type\":\"number\",\"connect.type\":\"bytes\""
			    : scalars[s->type]);
		return 0;
	case PS_NULL:
	case PS_UNCHANGED:
		break;
	}
	return ps_fail(c->err, PS_E_DATA, "Unsupported type %d", (int)s->type);
}

/* A type that may be null is one of two. */
static int
put(struct compiler *c, const struct ps_schema *s, int index,
    bool ignore_optional)
{
	bool optional = s->optional && !ignore_optional;
	bool sum = json_is_union(&c->o->json, s);

	if (++c->depth > JSCHEMA_MAX_DEPTH)
		return ps_fail(c->err, PS_E_DATA,
		    "a schema nests deeper than %d", JSCHEMA_MAX_DEPTH);
	write_text(&c->w, "{");
	if (sum) {
		if (put_union(c, s) < 0)
			return -1;
		if (index != NO_INDEX)
			write_format(&c->w, ",\"connect.index\":%d", index);
	} else {
		if (optional)
			write_text(&c->w, "\"oneOf\":[{\"type\":\"null\"},{");
		if (put_type(c, s) < 0 ||
		    put_rest(c, s, optional ? NO_INDEX : index) < 0)
			return -1;
		if (optional)
			write_text(&c->w, "}]");
		if (optional && index != NO_INDEX)
			write_format(&c->w, ",\"connect.index\":%d", index);
	}
	write_text(&c->w, "}");
	c->depth--;
	return 0;
}

int
jschema_text(struct ps_arena *a, const struct jschema_options *o,
    const struct ps_schema *s, const char **text, struct ps_error *err)
{
	struct compiler c = { .w = { .arena = a }, .o = o, .err = err };

	if (s == NULL) {
		*text = "{\"$schema\":"
			"\"http://json-schema.org/draft-07/schema#\"}";
		return 0;
	}
	if (put(&c, s, NO_INDEX, false) < 0)
		return -1;
	*text = c.w.s;
	return 0;
}
