#include "avro_params.h"
#include "proto_write.h"

static int compile_field(struct proto_compiler *c, const struct ps_schema *s,
    const struct proto_field *f, struct proto_plan_field *out);

static int
mismatch(struct proto_compiler *c, const struct proto_field *f)
{
	return ps_fail(c->err, PS_E_DATA,
	    "values of field %s do not fit the type it has in the registered "
	    "schema",
	    f->name);
}

static bool
fits(const struct ps_schema *s, enum proto_kind kind)
{
	switch (kind) {
	case PROTO_DOUBLE:
		return s->type == PS_FLOAT64 || s->type == PS_FLOAT32;
	case PROTO_FLOAT:
		return s->type == PS_FLOAT32;
	case PROTO_BOOL:
		return s->type == PS_BOOLEAN;
	case PROTO_STRING:
		return s->type == PS_STRING;
	case PROTO_BYTES:
		return s->type == PS_BYTES;
	case PROTO_ENUMERATION:
		return s->type == PS_STRING || s->type == PS_INT32;
	case PROTO_INT64:
	case PROTO_UINT64:
	case PROTO_FIXED64:
	case PROTO_SFIXED64:
	case PROTO_SINT64:
	case PROTO_UINT32:
	case PROTO_FIXED32:
		return s->type >= PS_INT8 && s->type <= PS_INT64;
	case PROTO_INT32:
	case PROTO_SFIXED32:
	case PROTO_SINT32:
		return s->type >= PS_INT8 && s->type <= PS_INT32;
	case PROTO_UNKNOWN:
	case PROTO_GROUP:
	case PROTO_MESSAGE:
		break;
	}
	return false;
}

static bool
is_logical_message(const struct ps_schema *s, const struct proto_message *m)
{
	static const char *const names[] = { [PS_PLAIN] = "",
		[PS_DECIMAL] = PROTO_DECIMAL,
		[PS_DATE] = PROTO_DATE,
		[PS_TIME] = PROTO_TIME_OF_DAY,
		[PS_TIMESTAMP] = PROTO_TIMESTAMP,
		[PS_OTHER] = "" };

	return strcmp(names[s->logical], m->full) == 0;
}

static int
compile_map(struct proto_compiler *c, const struct ps_schema *s,
    const struct proto_field *f, struct proto_plan_field *out)
{
	struct proto_plan *plan =
	    (struct proto_plan *)ps_calloc(c->arena, 1, sizeof *plan);
	struct proto_plan_field *parts =
	    (struct proto_plan_field *)ps_calloc(c->arena, 2, sizeof *parts);
	const struct proto_field *key = f->message->fields;

	if (!proto_is_map_entry(f->message))
		return mismatch(c, f);
	if (compile_field(c, s->key, key, &parts[0]) < 0 ||
	    compile_field(c, s->elem, key->next, &parts[1]) < 0)
		return -1;
	parts[1].source = 1;
	*plan = (struct proto_plan){ parts, 2, 2 };
	out->plan = plan;
	out->is_map = true;
	return 0;
}

static int
compile_message(struct proto_compiler *c, const struct ps_schema *s,
    const struct proto_field *f, struct proto_plan_field *out)
{
	struct proto_plan *plan;

	if (is_logical_message(s, f->message))
		return 0;
	if (s->type == PS_MAP)
		return compile_map(c, s, f, out);
	if (fits(s, proto_wrapped(f->message))) {
		out->is_wrapped = true;
		out->kind = f->message->fields->kind;
		return 0;
	}
	if (s->type != PS_STRUCT)
		return mismatch(c, f);
	plan = (struct proto_plan *)ps_calloc(c->arena, 1, sizeof *plan);
	out->plan = plan;
	out->logical = PS_PLAIN;
	return proto_compile(c, s, f->message, plan);
}

static int
compile_field(struct proto_compiler *c, const struct ps_schema *s,
    const struct proto_field *f, struct proto_plan_field *out)
{
	const struct ps_schema *elem = s->type == PS_ARRAY ? s->elem : s;

	*out = (struct proto_plan_field){ .number = f->number,
		.kind = f->kind,
		.type = elem->type,
		.logical = elem->logical,
		.scale = elem->scale,
		.member = SIZE_MAX,
		.is_repeated = s->type == PS_ARRAY,
		.is_packed = !f->is_unpacked,
		.is_always = f->has_presence || f->oneof >= 0,
		.name = f->name,
		.enumeration = f->enumeration };
	if (f->is_repeated != (s->type == PS_ARRAY || s->type == PS_MAP))
		return mismatch(c, f);
	if (s->default_value != NULL && s->default_value->type != PS_NULL &&
	    !(c->o->ignore_null_defaults && s->optional)) {
		struct ps_value *kept =
		    (struct ps_value *)ps_alloc(c->arena, sizeof *kept);

		*kept = value_kept(c->arena, s->default_value);
		out->or_null = kept;
	}
	if (f->kind == PROTO_MESSAGE)
		return compile_message(c, elem, f, out);
	out->logical = PS_PLAIN;
	return fits(elem, f->kind) ? 0 : mismatch(c, f);
}

/* -1: an error; 0: the message has no such field; 1: it is in *out. */
static int
compile_named(struct proto_compiler *c, const struct ps_field *field,
    const struct proto_message *m, struct proto_plan_field *out)
{
	const struct proto_field *f = proto_find_field(m, field->name);

	if (f != NULL)
		return compile_field(c, field->schema, f, out) < 0 ? -1 : 1;
	if (!c->strict)
		return 0;
	return ps_fail(c->err, PS_E_DATA,
	    "the record has a field %s that the message %s lacks", field->name,
	    m->full);
}

static size_t
most_fields(const struct ps_schema *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->field_count; i++)
		n += proto_is_union(s->fields[i].schema)
			 ? s->fields[i].schema->field_count
			 : 1;
	return n;
}

/* Each member of a union is a field that is written when it is set. */
static int
compile_union(struct proto_compiler *c, const struct ps_schema *u,
    size_t source, const struct proto_message *m, struct proto_plan *plan)
{
	struct proto_plan_field *fields;

	memcpy(&fields, &plan->fields, sizeof fields);
	for (size_t i = 0; i < u->field_count; i++) {
		struct proto_plan_field *out = &fields[plan->count];
		int rc = compile_named(c, &u->fields[i], m, out);

		if (rc < 0)
			return -1;
		if (rc == 0)
			continue;
		out->source = source;
		out->member = i;
		plan->count++;
	}
	return 0;
}

int
proto_compile(struct proto_compiler *c, const struct ps_schema *s,
    const struct proto_message *m, struct proto_plan *out)
{
	struct proto_plan_field *fields = (struct proto_plan_field *)ps_calloc(
	    c->arena, most_fields(s) + 1, sizeof *fields);
	int rc;

	*out = (struct proto_plan){ fields, 0, s->field_count };
	if (++c->depth > PROTO_MAX_DEPTH)
		return ps_fail(c->err, PS_E_DATA,
		    "a schema nests deeper than %d", PROTO_MAX_DEPTH);
	for (size_t i = 0; i < s->field_count; i++) {
		if (proto_is_union(s->fields[i].schema)) {
			if (compile_union(c, s->fields[i].schema, i, m, out) <
			    0)
				return -1;
			continue;
		}
		rc = compile_named(c, &s->fields[i], m, &fields[out->count]);
		if (rc < 0)
			return -1;
		fields[out->count].source = i;
		out->count += (size_t)rc;
	}
	c->depth--;
	return 0;
}

int
proto_compile_raw(struct proto_compiler *c, const struct ps_schema *s,
    const struct proto_message *m, struct proto_plan_field *out)
{
	if (m->field_count != 1)
		return ps_fail(c->err, PS_E_DATA,
		    "a value that is no struct cannot be written as message "
		    "%s",
		    m->full);
	return compile_field(c, s, m->fields, out);
}
