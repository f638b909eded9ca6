#include "proto_out.h"

#include "writer.h"

#define DEFAULT_NAME "ConnectDefault"

/* A type that a message holds already. */
struct held {
	struct held *next;
	const char *name;
};

struct compiler {
	struct writer w;
	const struct proto_options *o;
	struct ps_error *err;
	bool has_meta, has_decimal, has_date, has_time, has_stamp, has_wrapper;
	int unnamed, depth;
};

/* A message that is being written. */
struct frame {
	struct held *held;
	int next_tag;
	int indent;
};

static int put_message(struct compiler *c, const char *name,
    const struct ps_schema *s, int depth);

static const char *
last_part(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot == NULL ? name : dot + 1;
}

static const char *
type_name(struct compiler *c, const char *name)
{
	if (name != NULL)
		return last_part(name);
	if (++c->unnamed == 1)
		return DEFAULT_NAME;
	return ps_printf(c->w.arena, DEFAULT_NAME "%d", c->unnamed);
}

static bool
is_proto_name(const char *s)
{
	if (s[0] == '\0' || (s[0] >= '0' && s[0] <= '9'))
		return false;
	return s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW"
			   "XYZ0123456789_")] == '\0';
}

static int
check_name(struct compiler *c, const char *name)
{
	if (is_proto_name(name))
		return 0;
	return ps_fail(c->err, PS_E_DATA,
	    "\"%s\" cannot be a name in Protobuf: letters, digits and _ are "
	    "allowed (scrub.invalid.names=true replaces others)",
	    name);
}

static void
indent(struct compiler *c, int depth)
{
	for (int i = 0; i < depth; i++)
		write_text(&c->w, "  ");
}

static bool
is_held(struct compiler *c, struct frame *f, const char *name)
{
	struct held *h;

	for (h = f->held; h != NULL; h = h->next)
		if (strcmp(h->name, name) == 0)
			return true;
	h = (struct held *)ps_alloc(c->w.arena, sizeof *h);
	*h = (struct held){ f->held, name };
	f->held = h;
	return false;
}

/* ---- Types of fields ---- */

static const char *
wrapper_of(struct compiler *c, const struct ps_schema *s)
{
	const char *given = proto_param(s, PROTO_TYPE);
	bool is_unsigned = given != NULL &&
			   (given[0] == 'u' || strcmp(given, "fixed32") == 0 ||
			       strcmp(given, "fixed64") == 0);
	bool is_half = given != NULL && strstr(given, "32") != NULL;

	c->has_wrapper = true;
	switch (s->type) {
	case PS_INT64:
		if (is_unsigned)
			return is_half ? "google.protobuf.UInt32Value"
				       : "google.protobuf.UInt64Value";
		return "google.protobuf.Int64Value";
	case PS_FLOAT32:
		return "google.protobuf.FloatValue";
	case PS_FLOAT64:
		return "google.protobuf.DoubleValue";
	case PS_BOOLEAN:
		return "google.protobuf.BoolValue";
	case PS_STRING:
		return "google.protobuf.StringValue";
	case PS_BYTES:
		return "google.protobuf.BytesValue";
	case PS_INT8:
	case PS_INT16:
	case PS_INT32:
	case PS_NULL:
	case PS_ARRAY:
	case PS_MAP:
	case PS_STRUCT:
	case PS_UNCHANGED:
		break;
	}
	return "google.protobuf.Int32Value";
}

static const char *
scalar_of(struct compiler *c, const struct ps_schema *s)
{
	static const char *const names[] = { [PS_INT8] = "int32",
		[PS_INT16] = "int32",
		[PS_INT32] = "int32",
		[PS_INT64] = "int64",
		[PS_FLOAT32] = "float",
		[PS_FLOAT64] = "double",
		[PS_BOOLEAN] = "bool",
		[PS_STRING] = "string",
		[PS_BYTES] = "bytes" };
	const char *given = proto_param(s, PROTO_TYPE);

	if (c->o->wrapper_for_nullables && s->optional)
		return wrapper_of(c, s);
	if (given != NULL && (s->type == PS_INT32 || s->type == PS_INT64))
		return given;
	return names[s->type];
}

static const char *
logical_of(struct compiler *c, const struct ps_schema *s)
{
	switch (s->logical) {
	case PS_DECIMAL:
		c->has_decimal = c->has_meta = true;
		return PROTO_DECIMAL;
	case PS_DATE:
		c->has_date = true;
		return PROTO_DATE;
	case PS_TIME:
		c->has_time = true;
		return PROTO_TIME_OF_DAY;
	case PS_TIMESTAMP:
		c->has_stamp = true;
		return PROTO_TIMESTAMP;
	case PS_PLAIN:
	case PS_OTHER:
		break;
	}
	return NULL;
}

static void
put_enum(struct compiler *c, const char *name, const struct ps_schema *s,
    int depth)
{
	static const char prefix[] = PROTO_ENUM ".";

	indent(c, depth);
	write_format(&c->w, "enum %s {\n", name);
	for (size_t i = 0; i < s->param_count; i++) {
		if (strncmp(s->params[i].name, prefix, sizeof prefix - 1) != 0)
			continue;
		indent(c, depth + 1);
		write_format(&c->w, "%s = %s;\n",
		    s->params[i].name + sizeof prefix - 1, s->params[i].value);
	}
	indent(c, depth);
	write_text(&c->w, "}\n");
}

/* A map is a list of messages of key and value. */
static int
put_entry(struct compiler *c, const char *name, const struct ps_schema *s,
    int depth)
{
	const struct ps_field fields[] = { { "key", 3, s->key },
		{ "value", 5, s->elem } };
	const struct ps_schema entry = { .type = PS_STRUCT,
		.fields = fields,
		.field_count = 2 };

	return put_message(c, name, &entry, depth);
}

/* The type's name; what it is made of is written into the message first. */
static const char *
put_type(struct compiler *c, struct frame *f, const char *field,
    const struct ps_schema *s)
{
	const char *name = logical_of(c, s);
	int rc = 0;

	if (name != NULL)
		return name;
	if (proto_param(s, PROTO_ENUM) != NULL) {
		name = type_name(c, proto_param(s, PROTO_ENUM));
		if (!is_held(c, f, name))
			put_enum(c, name, s, f->indent + 1);
		return name;
	}
	if (s->type != PS_STRUCT && s->type != PS_MAP)
		return scalar_of(c, s);
	name = type_name(c, s->name);
	if (s->type == PS_MAP)
		name = ps_printf(c->w.arena, "%sEntry", name);
	else if (strcmp(name, field) == 0)
		name = ps_printf(c->w.arena, "%sMessage", name);
	if (!is_held(c, f, name))
		rc = s->type == PS_MAP ? put_entry(c, name, s, f->indent + 1)
				       : put_message(c, name, s, f->indent + 1);
	return rc < 0 ? NULL : name;
}

/* ---- Fields ---- */

static void
put_param(struct compiler *c, const char **before, const char *key,
    const char *value)
{
	if (value == NULL)
		return;
	write_format(&c->w, "%s{key: \"%s\", value: \"%s\"}", *before, key,
	    value);
	*before = ", ";
}

static void
put_options(struct compiler *c, const struct ps_schema *s)
{
	const char *before = " [(confluent.field_meta) = {params: [";
	const char *small = s->type == PS_INT8    ? "int8"
			    : s->type == PS_INT16 ? "int16"
						  : NULL;

	if (s->logical == PS_DECIMAL) {
		put_param(c, &before, "precision",
		    proto_param(s, "connect.decimal.precision"));
		put_param(c, &before, "scale",
		    ps_printf(c->w.arena, "%d", s->scale));
	}
	put_param(c, &before, "connect.type", small);
	if (small != NULL)
		c->has_meta = true;
	if (before[0] == ',')
		write_text(&c->w, "]}]");
}

static int
tag_of(struct frame *f, const struct ps_schema *s)
{
	const char *given = proto_param(s, PROTO_TAG);
	int tag = given == NULL ? 0 : (int)strtol(given, NULL, 10);

	return tag > 0 ? tag : f->next_tag++;
}

static int
put_field(struct compiler *c, struct frame *f, const struct ps_field *field,
    bool in_oneof)
{
	const struct ps_schema *s = field->schema, *elem = s;
	const char *type, *label = "";

	if (check_name(c, field->name) < 0)
		return -1;
	if (s->type == PS_ARRAY) {
		elem = s->elem;
		label = "repeated ";
		if (elem->type == PS_ARRAY || elem->type == PS_MAP)
			return ps_fail(c->err, PS_E_DATA,
			    "Array cannot be nested");
	} else if (s->type == PS_MAP) {
		label = "repeated ";
	} else if (c->o->optional_for_nullables && s->optional && !in_oneof) {
		label = "optional ";
	}
	type = put_type(c, f, field->name, elem);
	if (type == NULL)
		return ps_fail_in(c->err, "field %s", field->name);
	indent(c, f->indent + 1 + in_oneof);
	write_format(&c->w, "%s%s %s = %d", label, type, field->name,
	    tag_of(f, s));
	put_options(c, elem);
	write_text(&c->w, ";\n");
	return 0;
}

/* Its members' types stand before it: a oneof holds fields alone. */
static int
put_oneof(struct compiler *c, struct frame *f, const struct ps_schema *s)
{
	const char *name = last_part(s->name);

	if (check_name(c, name) < 0)
		return -1;
	for (size_t i = 0; i < s->field_count; i++)
		if (put_type(c, f, s->fields[i].name, s->fields[i].schema) ==
		    NULL)
			return -1;
	indent(c, f->indent + 1);
	write_format(&c->w, "oneof %s {\n", name);
	for (size_t i = 0; i < s->field_count; i++)
		if (put_field(c, f, &s->fields[i], true) < 0)
			return -1;
	indent(c, f->indent + 1);
	write_text(&c->w, "}\n");
	return 0;
}

static int
put_message(struct compiler *c, const char *name, const struct ps_schema *s,
    int depth)
{
	struct frame f = { .next_tag = 1, .indent = depth };
	int rc = 0;

	if (check_name(c, name) < 0)
		return -1;
	if (++c->depth > PROTO_MAX_DEPTH)
		return ps_fail(c->err, PS_E_DATA,
		    "a schema nests deeper than %d", PROTO_MAX_DEPTH);
	indent(c, depth);
	write_format(&c->w, "message %s {\n", name);
	for (size_t i = 0; i < s->field_count && rc == 0; i++)
		rc = proto_is_union(s->fields[i].schema)
			 ? put_oneof(c, &f, s->fields[i].schema)
			 : put_field(c, &f, &s->fields[i], false);
	indent(c, depth);
	write_text(&c->w, "}\n");
	c->depth--;
	return rc;
}

/* ---- The file ---- */

const char *
proto_full_name(struct ps_arena *a, const struct ps_schema *s)
{
	(void)a;
	return s->name == NULL ? DEFAULT_NAME : s->name;
}

static void
put_head(const struct compiler *c, const char *full, struct writer *w)
{
	const struct {
		bool used;
		const char *path;
	} imports[] = {
		{ c->has_meta, "confluent/meta.proto" },
		{ c->has_decimal, "confluent/type/decimal.proto" },
		{ c->has_stamp, "google/protobuf/timestamp.proto" },
		{ c->has_wrapper, "google/protobuf/wrappers.proto" },
		{ c->has_date, "google/type/date.proto" },
		{ c->has_time, "google/type/timeofday.proto" },
	};
	const char *dot = strrchr(full, '.');

	write_text(w, "syntax = \"proto3\";\n");
	if (dot != NULL)
		write_format(w, "package %.*s;\n", (int)(dot - full), full);
	write_text(w, "\n");
	for (size_t i = 0; i < sizeof imports / sizeof *imports; i++)
		if (imports[i].used)
			write_format(w, "import \"%s\";\n", imports[i].path);
}

/* A value that is no struct is the one field of a wrapper. */
static int
put_raw(struct compiler *c, const struct ps_schema *s)
{
	static const char *const names[] = { [PS_INT8] = "Int32Value",
		[PS_INT16] = "Int32Value",
		[PS_INT32] = "Int32Value",
		[PS_INT64] = "Int64Value",
		[PS_FLOAT32] = "FloatValue",
		[PS_FLOAT64] = "DoubleValue",
		[PS_BOOLEAN] = "BoolValue",
		[PS_STRING] = "StringValue",
		[PS_BYTES] = "BytesValue",
		[PS_STRUCT] = NULL };
	struct ps_schema plain = { .type = s->type };

	if (s->type > PS_BYTES || names[s->type] == NULL)
		return ps_fail(c->err, PS_E_DATA,
		    "Unsupported root schema: Protobuf writes structs and "
		    "plain values, no arrays and maps");
	write_format(&c->w, "message %s {\n  %s value = 1;\n}\n",
	    names[s->type], scalar_of(c, &plain));
	return 0;
}

int
proto_text(struct ps_arena *a, const struct proto_options *o,
    const struct ps_schema *s, const char **text, struct ps_error *err)
{
	struct compiler c = { .w = { .arena = a }, .o = o, .err = err };
	struct writer head = { .arena = a };
	const char *full;

	if (s == NULL)
		return ps_fail(err, PS_E_DATA,
		    "values without a schema cannot be written as Protobuf");
	full = s->type == PS_STRUCT ? proto_full_name(a, s)
				    : "google.protobuf.Value";
	if (s->type == PS_STRUCT) {
		c.unnamed = s->name == NULL;
		if (put_message(&c, last_part(full), s, 0) < 0)
			return -1;
	} else if (put_raw(&c, s) < 0) {
		return -1;
	}
	put_head(&c, full, &head);
	write_bytes(&head, c.w.s, c.w.len);
	*text = head.s;
	return 0;
}
