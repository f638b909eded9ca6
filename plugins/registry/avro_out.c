#include "avro_out.h"

#include <stdlib.h>

#include "avro_default.h"
#include "avro_names.h"
#include "avro_schema.h"
#include "writer.h"

#define DEFAULT_PRECISION 64

/* A named type that was written: the next one like it is only named. */
struct seen {
	struct seen *next;
	const struct ps_schema *schema;
	const char *full;
};

struct compiler {
	struct writer w;
	const struct avro_options *o;
	struct ps_error *err;
	struct seen *seen;
	int unnamed; /* how many were given a name of ours */
	int depth;
};

static int put(struct compiler *c, const struct ps_schema *s, const char *space,
    bool ignore_optional);

/* ---- Names ---- */

static const char *
default_name(struct compiler *c)
{
	if (++c->unnamed == 1)
		return AVRO_DEFAULT;
	return ps_printf(c->w.arena, AVRO_DEFAULT "%d", c->unnamed);
}

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Equal but for `optional`, which is not the type's. */
static bool
same_type(const struct ps_schema *a, const struct ps_schema *b)
{
	if (a->type != b->type || a->version != b->version ||
	    !same_text(a->name, b->name) || !same_text(a->doc, b->doc) ||
	    a->field_count != b->field_count ||
	    a->param_count != b->param_count)
		return false;
	for (size_t i = 0; i < a->field_count; i++)
		if (strcmp(a->fields[i].name, b->fields[i].name) != 0 ||
		    !ps_schema_equal(a->fields[i].schema, b->fields[i].schema))
			return false;
	for (size_t i = 0; i < a->param_count; i++)
		if (strcmp(a->params[i].name, b->params[i].name) != 0 ||
		    !same_text(a->params[i].value, b->params[i].value))
			return false;
	return a->key == NULL || (ps_schema_equal(a->key, b->key) &&
				     ps_schema_equal(a->elem, b->elem));
}

static size_t
space_length(const char *full)
{
	const char *dot = strrchr(full, '.');

	return dot == NULL ? 0 : (size_t)(dot - full);
}

static bool
is_in_space(const char *full, const char *space)
{
	size_t len = space_length(full);

	return strlen(space) == len && memcmp(full, space, len) == 0;
}

/* 1: it was written before and is named now; 0: it is new. */
static int
put_seen(struct compiler *c, const struct ps_schema *s, const char *full,
    const char *space)
{
	struct seen *n;

	for (n = c->seen; n != NULL; n = n->next) {
		bool same = same_type(n->schema, s);

		if (full == NULL ? !same || n->schema->name != NULL
				 : strcmp(n->full, full) != 0)
			continue;
		if (!same)
			return ps_fail(c->err, PS_E_DATA,
			    "two different schemas are named %s, Avro allows "
			    "one",
			    full);
		full = n->full;
		if (is_in_space(full, space) && space[0] != '\0')
			full += space_length(full) + 1;
		write_format(&c->w, "\"%s\"", full);
		return 1;
	}
	return 0;
}

static void
remember(struct compiler *c, const struct ps_schema *s, const char *full)
{
	struct seen *n = (struct seen *)ps_alloc(c->w.arena, sizeof *n);

	*n = (struct seen){ c->seen, s, full };
	c->seen = n;
}

/* "name":"Value","namespace":"db.orders" */
static void
put_name(struct compiler *c, const char *full, const char *space)
{
	size_t len = space_length(full);

	write_format(&c->w, ",\"name\":\"%s\"", full + len + (len > 0));
	if (!is_in_space(full, space))
		write_format(&c->w, ",\"namespace\":\"%.*s\"", (int)len, full);
}

/* ---- Properties ---- */

static void
put_text_prop(struct compiler *c, const char *name, const char *text)
{
	write_format(&c->w, ",\"%s\":", name);
	write_string(&c->w, text, strlen(text));
}

static bool
is_shown_param(const struct compiler *c, const struct ps_param *p)
{
	return c->o->discard_type_doc ||
	       strcmp(p->name, AVRO_NAMESPACE ".field.default") != 0;
}

static void
put_params(struct compiler *c, const struct ps_schema *s)
{
	const char *before = ",\"connect.parameters\":{";

	for (size_t i = 0; i < s->param_count; i++) {
		const struct ps_param *p = &s->params[i];

		if (!is_shown_param(c, p))
			continue;
		write_text(&c->w, before);
		write_string(&c->w, p->name, strlen(p->name));
		write_text(&c->w, ":");
		if (p->value == NULL)
			write_text(&c->w, "null");
		else
			write_string(&c->w, p->value, strlen(p->value));
		before = ",";
	}
	if (before[1] == '\0')
		write_text(&c->w, "}");
}

static int
put_meta_data(struct compiler *c, const struct ps_schema *s)
{
	if (s->doc != NULL)
		put_text_prop(c, "connect.doc", s->doc);
	if (s->version != 0)
		write_format(&c->w, ",\"connect.version\":%d", s->version);
	put_params(c, s);
	if (s->default_value != NULL && s->default_value->type != PS_NULL &&
	    (c->o->discard_type_doc ||
		schema_param(s, AVRO_NAMESPACE ".field.default") == NULL)) {
		write_text(&c->w, ",\"connect.default\":");
		if (avro_default_out(&c->w, c->o, s, s->default_value, c->err) <
		    0)
			return -1;
	}
	if (s->name != NULL)
		put_text_prop(c, "connect.name", s->name);
	if (s->type == PS_INT8 || s->type == PS_INT16)
		put_text_prop(c, "connect.type",
		    s->type == PS_INT8 ? "int8" : "int16");
	return 0;
}

static void
put_decimal(struct compiler *c, const struct ps_schema *s)
{
	const char *precision = schema_param(s, "connect.decimal.precision");

	write_format(&c->w, ",\"scale\":%d,\"precision\":%ld", s->scale,
	    precision == NULL ? (long)DEFAULT_PRECISION
			      : strtol(precision, NULL, 10));
}

static int
put_props(struct compiler *c, const struct ps_schema *s)
{
	static const char *const logical[] = {
		[PS_DECIMAL] = "decimal",
		[PS_DATE] = "date",
		[PS_TIME] = "time-millis",
		[PS_TIMESTAMP] = "timestamp-millis",
		[PS_OTHER] = NULL,
	};

	if (s->logical == PS_DECIMAL)
		put_decimal(c, s);
	if (c->o->meta_data && put_meta_data(c, s) < 0)
		return -1;
	if (logical[s->logical] != NULL)
		put_text_prop(c, "logicalType", logical[s->logical]);
	for (size_t i = 0; i < s->param_count; i++)
		if (strncmp(s->params[i].name, "avro", 4) == 0 &&
		    s->params[i].value != NULL)
			put_text_prop(c, s->params[i].name, s->params[i].value);
	return 0;
}

/* ---- Types ---- */

/* {"type":"int",…}, or "int" when there is nothing to add. */
static int
put_primitive(struct compiler *c, const struct ps_schema *s, const char *name)
{
	size_t start = c->w.len, bare;

	write_format(&c->w, "{\"type\":\"%s\"", name);
	bare = c->w.len;
	if (put_props(c, s) < 0)
		return -1;
	if (c->w.len == bare) {
		c->w.len = start;
		write_format(&c->w, "\"%s\"", name);
	} else {
		write_text(&c->w, "}");
	}
	return 0;
}

static bool
is_enum(const struct compiler *c, const struct ps_schema *s)
{
	return (c->o->enhanced || c->o->sum_types) && s->type == PS_STRING &&
	       schema_param(s, enum_param(c->o)) != NULL;
}

static int
put_enum(struct compiler *c, const struct ps_schema *s, const char *space)
{
	const char *param = enum_param(c->o);
	const char *full =
	    avro_name(c->w.arena, c->o, schema_param(s, param), c->err);
	const char *doc, *before = "";
	size_t len = strlen(param);
	int seen = full == NULL ? -1 : put_seen(c, s, full, space);

	if (seen != 0)
		return seen < 0 ? -1 : 0;
	remember(c, s, full);
	write_text(&c->w, "{\"type\":\"enum\"");
	put_name(c, full, space);
	doc = schema_param(s,
	    c->o->discard_type_doc
		? "connect.enum.doc"
		: ps_printf(c->w.arena, AVRO_NAMESPACE ".enum.doc.%s",
		      full + space_length(full) + (strchr(full, '.') != NULL)));
	if (doc != NULL)
		put_text_prop(c, "doc", doc);
	write_text(&c->w, ",\"symbols\":[");
	for (size_t i = 0; i < s->param_count; i++) {
		const char *name = s->params[i].name;

		if (strncmp(name, param, len) != 0 || name[len] != '.')
			continue;
		write_text(&c->w, before);
		write_string(&c->w, name + len + 1, strlen(name + len + 1));
		before = ",";
	}
	write_text(&c->w, "]");
	if (put_props(c, s) < 0)
		return -1;
	write_text(&c->w, "}");
	return 0;
}

static int
put_fixed(struct compiler *c, const struct ps_schema *s, const char *space)
{
	const char *full = avro_name(c->w.arena, c->o, s->name, c->err);
	int seen = full == NULL ? -1 : put_seen(c, s, full, space);

	if (seen != 0)
		return seen < 0 ? -1 : 0;
	remember(c, s, full);
	write_text(&c->w, "{\"type\":\"fixed\"");
	put_name(c, full, space);
	write_format(&c->w, ",\"size\":%ld",
	    strtol(schema_param(s, "connect.fixed.size"), NULL, 10));
	if (put_props(c, s) < 0)
		return -1;
	write_text(&c->w, "}");
	return 0;
}

static int
put_field(struct compiler *c, const char *name, const struct ps_schema *s,
    const char *doc, const char *space)
{
	bool has_default =
	    s->default_value != NULL && s->default_value->type != PS_NULL;

	write_format(&c->w, "{\"name\":\"%s\",\"type\":", name);
	if (put(c, s, space, false) < 0)
		return ps_fail_in(c->err, "field %s", name);
	if (c->o->discard_type_doc)
		doc = s->doc;
	if (doc != NULL)
		put_text_prop(c, "doc", doc);
	if (has_default) {
		write_text(&c->w, ",\"default\":");
		if (avro_default_out(&c->w, c->o, s, s->default_value, c->err) <
		    0)
			return ps_fail_in(c->err, "field %s", name);
	} else if (s->optional) {
		write_text(&c->w, ",\"default\":null");
	}
	write_text(&c->w, "}");
	return 0;
}

static int
put_fields(struct compiler *c, const struct ps_schema *s, const char *space)
{
	struct ps_arena *a = c->w.arena;

	write_text(&c->w, ",\"fields\":[");
	for (size_t i = 0; i < s->field_count; i++) {
		const char *name =
		    avro_field_name(a, c->o, &s->fields[i], c->err);
		const char *doc =
		    schema_param(s, ps_printf(a, AVRO_NAMESPACE ".field.doc.%s",
					s->fields[i].name));

		if (name == NULL)
			return -1;
		if (i > 0)
			write_text(&c->w, ",");
		if (put_field(c, name, s->fields[i].schema, doc, space) < 0)
			return -1;
	}
	write_text(&c->w, "]");
	return 0;
}

static int
put_record(struct compiler *c, const struct ps_schema *s, const char *space)
{
	const char *full = NULL, *own, *doc;
	int seen;

	if (s->name != NULL) {
		full = avro_name(c->w.arena, c->o, s->name, c->err);
		if (full == NULL)
			return -1;
	}
	seen = put_seen(c, s, full, space);
	if (seen != 0)
		return seen < 0 ? -1 : 0;
	if (full == NULL)
		full = default_name(c);
	remember(c, s, full);
	own = ps_strndup(c->w.arena, full, space_length(full));
	doc = schema_param(s, c->o->discard_type_doc ? "connect.record.doc"
						     : AVRO_NAMESPACE
				  ".record.doc");
	write_text(&c->w, "{\"type\":\"record\"");
	put_name(c, full, space);
	if (doc != NULL)
		put_text_prop(c, "doc", doc);
	if (put_fields(c, s, own) < 0 || put_props(c, s) < 0)
		return -1;
	write_text(&c->w, "}");
	return 0;
}

static int
put_union(struct compiler *c, const struct ps_schema *s, const char *space)
{
	write_text(&c->w, s->optional ? "[\"null\"" : "[");
	for (size_t i = 0; i < s->field_count; i++) {
		if (i > 0 || s->optional)
			write_text(&c->w, ",");
		if (put(c, s->fields[i].schema, space, true) < 0)
			return ps_fail_in(c->err, "branch %s",
			    s->fields[i].name);
	}
	write_text(&c->w, "]");
	return 0;
}

/* The record of key and value that an Avro array holds for a map. */
static int
put_entry(struct compiler *c, const struct ps_schema *s, const char *space)
{
	const char *full = s->name == NULL
			       ? AVRO_MAP_ENTRY
			       : avro_name(c->w.arena, c->o, s->name, c->err);
	int seen = full == NULL ? -1 : put_seen(c, s, full, space);
	const char *own;

	if (seen != 0)
		return seen < 0 ? -1 : 0;
	remember(c, s, full);
	own = ps_strndup(c->w.arena, full, space_length(full));
	write_text(&c->w, "{\"type\":\"record\"");
	put_name(c, full, space);
	write_text(&c->w, ",\"fields\":[");
	if (put_field(c, "key", s->key, NULL, own) < 0)
		return -1;
	write_text(&c->w, ",");
	if (put_field(c, "value", s->elem, NULL, own) < 0)
		return -1;
	write_text(&c->w, "]");
	if (s->name != NULL)
		put_text_prop(c, "connect.internal.type", "MapEntry");
	write_text(&c->w, "}");
	return 0;
}

static int
put_container(struct compiler *c, const struct ps_schema *s, const char *space)
{
	bool pairs = s->type == PS_MAP && !map_has_text_keys(s, c->o);
	int rc;

	write_text(&c->w, s->type == PS_MAP && !pairs
			      ? "{\"type\":\"map\",\"values\":"
			      : "{\"type\":\"array\",\"items\":");
	rc = pairs ? put_entry(c, s, space) : put(c, s->elem, space, false);
	if (rc < 0 || put_props(c, s) < 0)
		return -1;
	write_text(&c->w, "}");
	return 0;
}

static int
put_base(struct compiler *c, const struct ps_schema *s, const char *space)
{
	switch (s->type) {
	case PS_INT8:
	case PS_INT16:
	case PS_INT32:
		return put_primitive(c, s, "int");
	case PS_INT64:
		return put_primitive(c, s, "long");
	case PS_FLOAT32:
		return put_primitive(c, s, "float");
	case PS_FLOAT64:
		return put_primitive(c, s, "double");
	case PS_BOOLEAN:
		return put_primitive(c, s, "boolean");
	case PS_STRING:
		return is_enum(c, s) ? put_enum(c, s, space)
				     : put_primitive(c, s, "string");
	case PS_BYTES:
		return schema_is_fixed(s) ? put_fixed(c, s, space)
					  : put_primitive(c, s, "bytes");
	case PS_ARRAY:
	case PS_MAP:
		return put_container(c, s, space);
	case PS_STRUCT:
		return put_record(c, s, space);
	case PS_NULL:
	case PS_UNCHANGED:
		break;
	}
	return ps_fail(c->err, PS_E_DATA, "Unknown schema type: %d",
	    (int)s->type);
}

static void
put_anything(struct compiler *c, const char *space)
{
	static const char *const kinds[] = { "boolean", "bytes", "double",
		"float", "int", "long", "string" };
	static const struct ps_schema anything = { .type = PS_STRUCT,
		.name = AVRO_ANYTHING };

	if (put_seen(c, &anything, AVRO_ANYTHING, space) != 0)
		return;
	remember(c, &anything, AVRO_ANYTHING);
	write_text(&c->w, "{\"type\":\"record\"");
	put_name(c, AVRO_ANYTHING, space);
	write_text(&c->w, ",\"fields\":[");
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		write_format(&c->w,
		    "{\"name\":\"%s\",\"type\":[\"null\",\"%s\"],"
		    "\"default\":null},",
		    kinds[i], kinds[i]);
	write_text(&c->w,
	    "{\"name\":\"array\",\"type\":[\"null\",{\"type\":\"array\","
	    "\"items\":\"Anything\"}],\"default\":null},"
	    "{\"name\":\"map\",\"type\":[\"null\",{\"type\":\"array\","
	    "\"items\":{\"type\":\"record\",\"name\":\"MapEntry\","
	    "\"fields\":[{\"name\":\"key\",\"type\":\"Anything\"},"
	    "{\"name\":\"value\",\"type\":\"Anything\"}]}}],"
	    "\"default\":null}]}");
}

/* `space` is the namespace around it. */
static int
put(struct compiler *c, const struct ps_schema *s, const char *space,
    bool ignore_optional)
{
	bool optional, null_last;
	int rc;

	if (s == NULL) {
		put_anything(c, space);
		return 0;
	}
	if (++c->depth > AVRO_MAX_DEPTH)
		return ps_fail(c->err, PS_E_DATA,
		    "a schema nests deeper than %d", AVRO_MAX_DEPTH);
	if (schema_is_union(s)) {
		rc = put_union(c, s, space);
		c->depth--;
		return rc;
	}
	optional = s->optional && !ignore_optional;
	null_last = s->type != PS_STRUCT && s->default_value != NULL &&
		    s->default_value->type != PS_NULL;
	if (optional)
		write_text(&c->w, null_last ? "[" : "[\"null\",");
	if (put_base(c, s, space) < 0)
		return -1;
	if (optional)
		write_text(&c->w, null_last ? ",\"null\"]" : "]");
	c->depth--;
	return 0;
}

int
avro_text(struct ps_arena *a, const struct avro_options *o,
    const struct ps_schema *s, const char **text, struct ps_error *err)
{
	struct compiler c = { .w = { .arena = a }, .o = o, .err = err };

	if (put(&c, s, "", false) < 0)
		return -1;
	*text = c.w.s;
	return 0;
}
