#include "proto_schema.h"

#include <penstock/base64.h>

/* Types that everybody has and no registry holds. */
static const char *const known[] = {
	"syntax = \"proto3\"; package google.protobuf;"
	"message Timestamp { int64 seconds = 1; int32 nanos = 2; }"
	"message DoubleValue { double value = 1; }"
	"message FloatValue { float value = 1; }"
	"message Int64Value { int64 value = 1; }"
	"message UInt64Value { uint64 value = 1; }"
	"message Int32Value { int32 value = 1; }"
	"message UInt32Value { uint32 value = 1; }"
	"message BoolValue { bool value = 1; }"
	"message StringValue { string value = 1; }"
	"message BytesValue { bytes value = 1; }",

	"syntax = \"proto3\"; package google.type;"
	"message Date { int32 year = 1; int32 month = 2; int32 day = 3; }"
	"message TimeOfDay { int32 hours = 1; int32 minutes = 2;"
	" int32 seconds = 3; int32 nanos = 4; }",

	"syntax = \"proto3\"; package confluent.type;"
	"message Decimal { bytes value = 1; uint32 precision = 2;"
	" int32 scale = 3; }",
};

/* ---- Building ---- */

void
proto_message_init(struct proto_message *m)
{
	*m = (struct proto_message){ .name = "", .full = "" };
	m->fields_end = &m->fields;
	m->oneofs_end = &m->oneofs;
	m->nested_end = &m->nested;
	m->enums_end = &m->enums;
}

struct proto_message *
proto_add_message(struct ps_arena *a, struct proto_message *in)
{
	struct proto_message *m =
	    (struct proto_message *)ps_alloc(a, sizeof *m);

	proto_message_init(m);
	*in->nested_end = m;
	in->nested_end = &m->next;
	return m;
}

struct proto_enum *
proto_add_enum(struct ps_arena *a, struct proto_message *in)
{
	struct proto_enum *e = (struct proto_enum *)ps_calloc(a, 1, sizeof *e);

	e->name = e->full = "";
	e->symbols_end = &e->symbols;
	*in->enums_end = e;
	in->enums_end = &e->next;
	return e;
}

struct proto_field *
proto_add_field(struct ps_arena *a, struct proto_message *in)
{
	struct proto_field *f =
	    (struct proto_field *)ps_calloc(a, 1, sizeof *f);

	f->oneof = -1;
	*in->fields_end = f;
	in->fields_end = &f->next;
	in->field_count++;
	return f;
}

struct proto_oneof *
proto_add_oneof(struct ps_arena *a, struct proto_message *in)
{
	struct proto_oneof *o =
	    (struct proto_oneof *)ps_calloc(a, 1, sizeof *o);

	o->index = in->oneof_count++;
	*in->oneofs_end = o;
	in->oneofs_end = &o->next;
	return o;
}

void
proto_add_symbol(struct ps_arena *a, struct proto_enum *in, const char *name,
    int32_t number)
{
	struct proto_symbol *s = (struct proto_symbol *)ps_alloc(a, sizeof *s);

	*s = (struct proto_symbol){ NULL, name, number };
	*in->symbols_end = s;
	in->symbols_end = &s->next;
}

void
proto_set_param(struct proto_field *f, const char *key, const char *value)
{
	if (strcmp(key, "connect.type") == 0)
		f->connect_type = value;
	else if (strcmp(key, "precision") == 0)
		f->precision = value;
	else if (strcmp(key, "scale") == 0)
		f->scale = value;
}

bool
proto_is_map_entry(const struct proto_message *m)
{
	const struct proto_field *key = m->fields;
	size_t len = strlen(m->name);

	return m->field_count == 2 && len > 5 &&
	       strcmp(m->name + len - 5, "Entry") == 0 &&
	       strcmp(key->name, "key") == 0 &&
	       strcmp(key->next->name, "value") == 0 && !key->is_repeated &&
	       !key->next->is_repeated;
}

const struct proto_field *
proto_find_field(const struct proto_message *m, const char *name)
{
	for (const struct proto_field *f = m->fields; f != NULL; f = f->next)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

/* ---- Names ---- */

static const char *
joined(struct ps_arena *a, const char *scope, const char *name)
{
	return scope[0] == '\0' ? name : ps_printf(a, "%s.%s", scope, name);
}

static void
name_all(struct ps_arena *a, struct proto_message *in, const char *scope)
{
	for (struct proto_message *m = in->nested; m != NULL; m = m->next) {
		m->full = joined(a, scope, m->name);
		name_all(a, m, m->full);
	}
	for (struct proto_enum *e = in->enums; e != NULL; e = e->next)
		e->full = joined(a, scope, e->name);
}

static const struct proto_message *
find_message(const struct proto_message *in, const char *full)
{
	const struct proto_message *found;

	for (const struct proto_message *m = in->nested; m != NULL;
	     m = m->next) {
		if (strcmp(m->full, full) == 0)
			return m;
		found = find_message(m, full);
		if (found != NULL)
			return found;
	}
	return NULL;
}

static const struct proto_enum *
find_enum(const struct proto_message *in, const char *full)
{
	const struct proto_enum *found;

	for (const struct proto_enum *e = in->enums; e != NULL; e = e->next)
		if (strcmp(e->full, full) == 0)
			return e;
	for (const struct proto_message *m = in->nested; m != NULL;
	     m = m->next) {
		found = find_enum(m, full);
		if (found != NULL)
			return found;
	}
	return NULL;
}

static bool
resolve_full(const struct proto_schema *s, struct proto_field *f,
    const char *full)
{
	for (const struct proto_file *file = s->files; file != NULL;
	     file = file->next) {
		f->message = find_message(&file->top, full);
		f->enumeration = find_enum(&file->top, full);
		if (f->message != NULL || f->enumeration != NULL) {
			f->kind = f->message != NULL ? PROTO_MESSAGE
						     : PROTO_ENUMERATION;
			return true;
		}
	}
	return false;
}

/* From the innermost scope outwards. */
static int
resolve(const struct proto_schema *s, struct ps_arena *a, struct proto_field *f,
    const char *scope, struct ps_error *err)
{
	char *at = ps_strdup(a, scope), *dot;

	if (f->type_name[0] == '.' && resolve_full(s, f, f->type_name + 1))
		return 0;
	while (f->type_name[0] != '.') {
		if (resolve_full(s, f, joined(a, at, f->type_name)))
			return 0;
		if (at[0] == '\0')
			break;
		dot = strrchr(at, '.');
		*(dot == NULL ? at : dot) = '\0';
	}
	return ps_fail(err, PS_E_DATA, "field %s of %s has the unknown type %s",
	    f->name, scope, f->type_name);
}

static int
resolve_all(const struct proto_schema *s, struct ps_arena *a,
    struct proto_message *in, struct ps_error *err)
{
	for (struct proto_message *m = in->nested; m != NULL; m = m->next) {
		for (struct proto_field *f = m->fields; f != NULL; f = f->next)
			if (f->type_name != NULL &&
			    resolve(s, a, f, m->full, err) < 0)
				return -1;
		if (resolve_all(s, a, m, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- Files ---- */

static int
add_file(struct proto_schema *s, struct ps_arena *a, const char *text,
    struct ps_error *err)
{
	struct proto_file *f = (struct proto_file *)ps_calloc(a, 1, sizeof *f);
	struct proto_file **end = &s->files;
	size_t len = strlen(text);
	uint8_t *raw = (uint8_t *)ps_alloc(a, len / 4 * 3 + 1);
	ptrdiff_t size = ps_base64_get(raw, text, len);
	int rc;

	f->package = "";
	proto_message_init(&f->top);
	rc = size >= 0 ? proto_parse_descriptor(f, a, raw, (size_t)size, err)
		       : proto_parse_text(f, a, text, err);
	if (rc < 0)
		return -1;
	while (*end != NULL)
		end = &(*end)->next;
	*end = f;
	name_all(a, &f->top, f->package);
	return 0;
}

int
proto_read(struct proto_schema *out, struct ps_arena *a,
    const struct registered *r, struct ps_error *err)
{
	out->files = NULL;
	if (add_file(out, a, r->text, err) < 0)
		return -1;
	for (size_t i = 0; i < r->reference_count; i++)
		if (add_file(out, a, r->references[i].text, err) < 0)
			return ps_fail_in(err, "reference %s",
			    r->references[i].name);
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (add_file(out, a, known[i], err) < 0)
			return -1;
	for (struct proto_file *f = out->files; f != NULL; f = f->next)
		if (resolve_all(out, a, &f->top, err) < 0)
			return -1;
	return 0;
}
