#include "proto_schema.h"
#include "wire.h"

#define FIELD_META 1088 /* confluent.field_meta */

struct builder {
	struct ps_arena *arena;
	struct ps_error *err;
	struct proto_file *file;
	int depth;
};

static int
bad(struct builder *b)
{
	return ps_fail(b->err, PS_E_DATA,
	    "a serialized Protobuf schema is no FileDescriptorProto");
}

/* Nothing is inside what is no piece of bytes. */
static struct wire
inside(const struct wire_field *f)
{
	const uint8_t *p = f->bytes.data;

	return (struct wire){ p, p == NULL ? NULL : p + f->bytes.len };
}

static const char *
text_of(struct builder *b, const struct wire_field *f)
{
	return f->bytes.data == NULL
		   ? ""
		   : ps_strndup(b->arena, (const char *)f->bytes.data,
			 f->bytes.len);
}

/* An entry of Meta.params. */
static int
read_param(struct builder *b, struct wire w, struct proto_field *field)
{
	const char *texts[3] = { "", "", "" };
	struct wire_field f;
	int rc;

	while ((rc = wire_next(&w, &f)) > 0)
		if (f.number == 1 || f.number == 2)
			texts[f.number] = text_of(b, &f);
	proto_set_param(field, texts[1], texts[2]);
	return rc;
}

static int
read_options(struct builder *b, struct wire w, struct proto_field *field)
{
	struct wire_field f, m;
	struct wire meta;
	int rc;

	while ((rc = wire_next(&w, &f)) > 0) {
		if (f.number == 2)
			field->is_unpacked = f.number_value == 0;
		if (f.number != FIELD_META)
			continue;
		meta = inside(&f);
		while ((rc = wire_next(&meta, &m)) > 0)
			if (m.number == 2 &&
			    read_param(b, inside(&m), field) < 0)
				return -1;
		if (rc < 0)
			return -1;
	}
	return rc;
}

static int
read_field(struct builder *b, struct wire w, struct proto_message *in)
{
	struct proto_field *field = proto_add_field(b->arena, in);
	struct wire_field f;
	int rc;

	field->name = "";
	field->is_unpacked = !b->file->is_proto3;
	while ((rc = wire_next(&w, &f)) > 0) {
		if (f.number == 1)
			field->name = text_of(b, &f);
		else if (f.number == 3)
			field->number = (int32_t)f.number_value;
		else if (f.number == 4)
			field->is_repeated = f.number_value == 3;
		else if (f.number == 5 && f.number_value <= PROTO_SINT64)
			field->kind = (enum proto_kind)f.number_value;
		else if (f.number == 6)
			field->type_name = text_of(b, &f);
		else if (f.number == 9)
			field->oneof = (int)f.number_value;
		else if (f.number == 17)
			field->has_presence = f.number_value != 0;
		else if (f.number == 8 &&
			 read_options(b, inside(&f), field) < 0)
			return -1;
		/* LABEL_OPTIONAL of proto2 is the keyword */
		if (f.number == 4 && f.number_value == 1 && !b->file->is_proto3)
			field->has_presence = true;
	}
	return rc;
}

static int
read_enum(struct builder *b, struct wire w, struct proto_message *in)
{
	struct proto_enum *e = proto_add_enum(b->arena, in);
	struct wire_field f, v;
	const char *name;
	int32_t number;
	struct wire value;
	int rc;

	while ((rc = wire_next(&w, &f)) > 0) {
		if (f.number == 1)
			e->name = text_of(b, &f);
		if (f.number != 2)
			continue;
		name = "";
		number = 0;
		value = inside(&f);
		while ((rc = wire_next(&value, &v)) > 0) {
			if (v.number == 1)
				name = text_of(b, &v);
			if (v.number == 2)
				number = (int32_t)v.number_value;
		}
		if (rc < 0)
			return -1;
		proto_add_symbol(b->arena, e, name, number);
	}
	return rc;
}

static int
read_oneof(struct builder *b, struct wire w, struct proto_message *in)
{
	struct proto_oneof *o = proto_add_oneof(b->arena, in);
	struct wire_field f;
	int rc;

	o->name = "";
	o->is_real = true;
	while ((rc = wire_next(&w, &f)) > 0)
		if (f.number == 1)
			o->name = text_of(b, &f);
	return rc;
}

/* One that was made up for the keyword optional is none. */
static void
drop_synthetic(struct proto_message *m)
{
	for (struct proto_field *f = m->fields; f != NULL; f = f->next) {
		if (f->oneof < 0 || !f->has_presence)
			continue;
		for (struct proto_oneof *o = m->oneofs; o != NULL; o = o->next)
			if (o->index == f->oneof)
				o->is_real = false;
		f->oneof = -1;
	}
}

static int
read_message(struct builder *b, struct wire w, struct proto_message *in)
{
	struct proto_message *m = proto_add_message(b->arena, in);
	struct wire_field f;
	int rc;

	if (++b->depth > PROTO_MAX_DEPTH)
		return -1;
	while ((rc = wire_next(&w, &f)) > 0) {
		if (f.number == 1)
			m->name = text_of(b, &f);
		if ((f.number == 2 && read_field(b, inside(&f), m) < 0) ||
		    (f.number == 3 && read_message(b, inside(&f), m) < 0) ||
		    (f.number == 4 && read_enum(b, inside(&f), m) < 0) ||
		    (f.number == 8 && read_oneof(b, inside(&f), m) < 0))
			return -1;
	}
	drop_synthetic(m);
	b->depth--;
	return rc;
}

int
proto_parse_descriptor(struct proto_file *file, struct ps_arena *a,
    const uint8_t *p, size_t len, struct ps_error *err)
{
	struct builder b = { .arena = a, .err = err, .file = file };
	struct wire w = { p, p + len }, first = w;
	struct wire_field f;
	int rc;

	/* The syntax stands last, and says how fields are read. */
	while ((rc = wire_next(&first, &f)) > 0)
		if (f.number == 12 && f.type == WIRE_BYTES)
			file->is_proto3 =
			    strcmp(text_of(&b, &f), "proto3") == 0;
	while (rc == 0 && (rc = wire_next(&w, &f)) > 0) {
		rc = 0;
		if (f.number == 2)
			file->package = text_of(&b, &f);
		if ((f.number == 4 &&
			read_message(&b, inside(&f), &file->top) < 0) ||
		    (f.number == 5 &&
			read_enum(&b, inside(&f), &file->top) < 0))
			rc = -1;
	}
	return rc < 0 || file->top.nested == NULL ? bad(&b) : 0;
}
