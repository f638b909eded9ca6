#include "schema_out.h"

#include <penstock/number.h>

#include "encode.h"

const char *
schema_type_name(enum ps_type type)
{
	static const char *const names[] = {
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

	return type < sizeof names / sizeof *names ? names[type] : NULL;
}

static void
put_text(struct out *o, const char *s)
{
	out_put(o, s, strlen(s));
}

static void
put_member(struct out *o, const char *name, const char *value)
{
	if (value == NULL)
		return;
	put_text(o, name);
	out_string(o, value, strlen(value));
}

static void
put_parameters(struct out *o, const struct ps_schema *s)
{
	if (s->param_count == 0)
		return;
	put_text(o, ",\"parameters\":{");
	for (size_t i = 0; i < s->param_count; i++) {
		if (i > 0)
			out_char(o, ',');
		out_string(o, s->params[i].name, strlen(s->params[i].name));
		out_char(o, ':');
		out_string(o, s->params[i].value, strlen(s->params[i].value));
	}
	out_char(o, '}');
}

/* optional, name, version, doc, parameters, default: Connect's order */
static int
put_attributes(struct out *o, const struct ps_schema *s,
    const struct plan_node *n, enum json_decimal decimal, struct ps_error *err)
{
	struct encoder e = { .decimal = decimal, .err = err };
	int rc;

	put_text(o, s->optional ? ",\"optional\":true" : ",\"optional\":false");
	put_member(o, ",\"name\":", s->name);
	if (s->version != 0) {
		put_text(o, ",\"version\":");
		out_need(o, PS_NUMBER_ROOM);
		o->p += ps_put_i64(o->p, s->version);
	}
	put_member(o, ",\"doc\":", s->doc);
	put_parameters(o, s);
	if (s->default_value == NULL || s->default_value->type == PS_NULL)
		return 0;
	put_text(o, ",\"default\":");
	e.out = *o;
	rc = encode_planned(&e, n, s->default_value);
	*o = e.out;
	return rc < 0 ? ps_fail_in(err, "default value") : 0;
}

int
schema_out(struct out *o, const struct ps_schema *s, const struct plan_node *n,
    enum json_decimal decimal, struct ps_error *err)
{
	put_member(o, "{\"type\":", schema_type_name(s->type));
	if (s->type == PS_STRUCT)
		put_text(o, ",\"fields\":[");
	for (size_t i = 0; i < s->field_count; i++) {
		if (i > 0)
			out_char(o, ',');
		if (schema_out(o, s->fields[i].schema, &n->fields[i].node,
			decimal, err) < 0)
			return -1;
		o->p--; /* the closing brace: one member more */
		put_text(o, ",\"field\":");
		out_string(o, s->fields[i].name, s->fields[i].name_len);
		out_char(o, '}');
	}
	if (s->type == PS_STRUCT)
		out_char(o, ']');
	if (s->key != NULL) {
		put_text(o, ",\"keys\":");
		if (schema_out(o, s->key, n->key, decimal, err) < 0)
			return -1;
	}
	if (s->elem != NULL) {
		put_text(o, s->type == PS_MAP ? ",\"values\":" : ",\"items\":");
		if (schema_out(o, s->elem, n->elem, decimal, err) < 0)
			return -1;
	}
	if (put_attributes(o, s, n, decimal, err) < 0)
		return -1;
	out_char(o, '}');
	return 0;
}
