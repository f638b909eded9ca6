#include "proto_in.h"

#include <stdlib.h>

static int read_field(struct proto_reader *r, const struct proto_field *f,
    struct ps_schema *s, struct proto_reading *out);

static struct ps_schema *
new_schema(struct proto_reader *r, enum ps_type type)
{
	struct ps_schema *s =
	    (struct ps_schema *)ps_calloc(r->arena, 1, sizeof *s);

	s->type = type;
	return s;
}

static void
add_param(struct proto_reader *r, struct ps_schema *s, const char *name,
    const char *value)
{
	struct ps_param *grown = (struct ps_param *)ps_alloc(r->arena,
	    (s->param_count + 1) * sizeof *grown);

	if (s->param_count > 0)
		memcpy(grown, s->params, s->param_count * sizeof *grown);
	grown[s->param_count++] = (struct ps_param){ name, value };
	s->params = grown;
}

/* ---- Types ---- */

static void
read_number(struct proto_reader *r, const struct proto_field *f,
    struct ps_schema *s)
{
	static const struct {
		enum ps_type type;
		const char *name; /* NULL: what Connect writes by itself */
	} kinds[] = {
		[PROTO_DOUBLE] = { PS_FLOAT64, NULL },
		[PROTO_FLOAT] = { PS_FLOAT32, NULL },
		[PROTO_INT64] = { PS_INT64, NULL },
		[PROTO_UINT64] = { PS_INT64, "uint64" },
		[PROTO_INT32] = { PS_INT32, NULL },
		[PROTO_FIXED64] = { PS_INT64, "fixed64" },
		[PROTO_FIXED32] = { PS_INT64, "fixed32" },
		[PROTO_BOOL] = { PS_BOOLEAN, NULL },
		[PROTO_STRING] = { PS_STRING, NULL },
		[PROTO_BYTES] = { PS_BYTES, NULL },
		[PROTO_UINT32] = { PS_INT64, "uint32" },
		[PROTO_SFIXED32] = { PS_INT32, "sfixed32" },
		[PROTO_SFIXED64] = { PS_INT64, "sfixed64" },
		[PROTO_SINT32] = { PS_INT32, "sint32" },
		[PROTO_SINT64] = { PS_INT64, "sint64" },
	};

	s->type = kinds[f->kind].type;
	if (s->type == PS_INT32 && f->connect_type != NULL) {
		if (strcmp(f->connect_type, "int8") == 0)
			s->type = PS_INT8;
		if (strcmp(f->connect_type, "int16") == 0)
			s->type = PS_INT16;
	}
	if (kinds[f->kind].name != NULL)
		add_param(r, s, PROTO_TYPE, kinds[f->kind].name);
}

static void
read_enum(struct proto_reader *r, const struct proto_enum *e,
    struct ps_schema *s, struct proto_reading *out)
{
	s->type = r->o->int_enums ? PS_INT32 : PS_STRING;
	s->name = r->o->enhanced ? e->full : e->name;
	s->optional = true;
	out->how = r->o->int_enums ? PROTO_AS_SCALAR : PROTO_AS_SYMBOL;
	out->enumeration = e;
	add_param(r, s, PROTO_ENUM, e->name);
	for (const struct proto_symbol *v = e->symbols; v != NULL; v = v->next)
		add_param(r, s, ps_printf(r->arena, PROTO_ENUM ".%s", v->name),
		    ps_printf(r->arena, "%d", v->number));
}

static void
be_logical(struct ps_schema *s, enum ps_type type, const char *name,
    struct proto_reading *out, enum proto_read how)
{
	s->type = type;
	s->name = name;
	s->version = 1;
	out->how = how;
}

static void
read_decimal(struct proto_reader *r, const struct proto_field *f,
    struct ps_schema *s, struct proto_reading *out)
{
	be_logical(s, PS_BYTES, PS_NAME_DECIMAL, out, PROTO_AS_DECIMAL);
	out->scale = f->scale == NULL ? 0 : (int32_t)strtol(f->scale, NULL, 10);
	add_param(r, s, "scale", ps_printf(r->arena, "%d", out->scale));
	if (f->precision != NULL)
		add_param(r, s, "connect.decimal.precision", f->precision);
}

static int
read_map(struct proto_reader *r, struct proto_message *entry,
    struct ps_schema *s, struct proto_reading *out)
{
	struct proto_layout *l =
	    (struct proto_layout *)ps_calloc(r->arena, 1, sizeof *l);
	struct ps_schema *pair = new_schema(r, PS_STRUCT);
	const char *name = r->o->enhanced ? entry->full : entry->name;

	if (proto_layout_of(r, entry, pair, l) < 0)
		return -1;
	s->type = PS_MAP;
	s->key = pair->fields[0].schema;
	s->elem = pair->fields[1].schema;
	s->name = ps_strndup(r->arena, name, strlen(name) - 5);
	out->how = PROTO_AS_MAP;
	out->layout = l;
	return 0;
}

static int
read_message(struct proto_reader *r, const struct proto_field *f,
    struct ps_schema *s, struct proto_reading *out)
{
	const char *full = f->message->full;
	struct proto_message *m;
	struct proto_layout *l;

	memcpy(&m, &f->message, sizeof m);
	s->optional = true;
	if (strcmp(full, PROTO_DECIMAL) == 0) {
		read_decimal(r, f, s, out);
	} else if (strcmp(full, PROTO_DATE) == 0) {
		be_logical(s, PS_INT32, PS_NAME_DATE, out, PROTO_AS_DATE);
	} else if (strcmp(full, PROTO_TIME_OF_DAY) == 0) {
		be_logical(s, PS_INT32, PS_NAME_TIME, out, PROTO_AS_TIME);
	} else if (strcmp(full, PROTO_TIMESTAMP) == 0) {
		be_logical(s, PS_INT64, PS_NAME_TIMESTAMP, out,
		    PROTO_AS_TIMESTAMP);
	} else if (r->o->wrapper_for_nullables && proto_wrapped(m) != 0) {
		read_number(r, m->fields, s);
		s->params = NULL;
		s->param_count = 0;
		out->how = PROTO_AS_WRAPPED;
		out->kind = m->fields->kind;
	} else if (f->is_repeated && proto_is_map_entry(m)) {
		return read_map(r, m, s, out);
	} else {
		l = (struct proto_layout *)ps_calloc(r->arena, 1, sizeof *l);
		out->how = PROTO_AS_STRUCT;
		out->layout = l;
		return proto_layout_of(r, m, s, l);
	}
	return 0;
}

int
proto_reading_of(struct proto_reader *r, const struct proto_field *f,
    struct ps_schema *s, struct proto_reading *out)
{
	int rc = 0;

	*out = (struct proto_reading){ .number = f->number,
		.kind = f->kind,
		.member = PROTO_NO_MEMBER };
	if (f->kind == PROTO_MESSAGE)
		rc = read_message(r, f, s, out);
	else if (f->kind == PROTO_ENUMERATION)
		read_enum(r, f->enumeration, s, out);
	else if (f->kind == PROTO_GROUP || f->kind == PROTO_UNKNOWN)
		return ps_fail(r->err, PS_E_DATA,
		    "field %s has a type that Connect has not", f->name);
	else
		read_number(r, f, s);
	out->type = s->type;
	return rc;
}

static int
read_field(struct proto_reader *r, const struct proto_field *f,
    struct ps_schema *s, struct proto_reading *out)
{
	struct ps_schema *elem;

	if (proto_reading_of(r, f, s, out) < 0)
		return ps_fail_in(r->err, "field %s", f->name);
	out->is_repeated = f->is_repeated && s->type != PS_MAP;
	out->is_null = f->has_presence || f->oneof >= 0 ||
		       (f->kind == PROTO_MESSAGE && s->type != PS_MAP);
	if (out->is_repeated) {
		s->optional = true;
		elem = new_schema(r, s->type);
		*elem = *s;
		*s = (struct ps_schema){ .type = PS_ARRAY,
			.optional = true,
			.elem = elem };
	}
	if (f->oneof >= 0 ||
	    (r->o->optional_for_nullables ? f->has_presence
					  : !r->o->wrapper_for_nullables))
		s->optional = true;
	add_param(r, s, PROTO_TAG, ps_printf(r->arena, "%d", f->number));
	return 0;
}

/* ---- Messages ---- */

struct filling {
	struct ps_field *fields;
	struct proto_reading *readings;
	size_t places, count;
};

static int
add_field(struct proto_reader *r, const struct proto_field *f,
    struct filling *to)
{
	struct ps_schema *s = new_schema(r, PS_NULL);

	if (read_field(r, f, s, &to->readings[to->count]) < 0)
		return -1;
	to->readings[to->count++].place = to->places;
	to->fields[to->places++] =
	    (struct ps_field){ f->name, strlen(f->name), s };
	return 0;
}

/* A struct of which one field is set. */
static int
add_union(struct proto_reader *r, const struct proto_message *m,
    const struct proto_oneof *o, struct filling *to)
{
	struct ps_schema *u = new_schema(r, PS_STRUCT);
	struct ps_field *fields = (struct ps_field *)ps_calloc(r->arena,
	    m->field_count + 1, sizeof *fields);
	size_t first = to->count, place = to->places;
	const char *name = r->o->index_unions
			       ? ps_printf(r->arena, "%s_%d", o->name, o->index)
			       : o->name;

	u->name = ps_printf(r->arena, PROTO_UNION "%s%s%s",
	    r->o->enhanced ? m->full : "", r->o->enhanced ? "." : "", o->name);
	u->optional = true;
	u->fields = fields;
	for (const struct proto_field *f = m->fields; f != NULL; f = f->next) {
		struct filling member = { fields, to->readings, u->field_count,
			to->count };

		if (f->oneof != o->index)
			continue;
		if (add_field(r, f, &member) < 0)
			return -1;
		to->readings[to->count].member = u->field_count++;
		to->readings[to->count++].place = place;
	}
	for (; first < to->count; first++)
		to->readings[first].members = u->field_count;
	to->fields[to->places++] = (struct ps_field){ name, strlen(name), u };
	return 0;
}

static int
by_number(const void *a, const void *b)
{
	const struct proto_reading *x = (const struct proto_reading *)a;
	const struct proto_reading *y = (const struct proto_reading *)b;

	return (x->number > y->number) - (x->number < y->number);
}

static int
fill_layout(struct proto_reader *r, const struct proto_message *m,
    struct filling *to)
{
	const struct proto_field *f;

	for (const struct proto_oneof *o = m->oneofs; o != NULL; o = o->next) {
		if (!o->is_real)
			continue;
		if (!r->o->flatten_unions) {
			if (add_union(r, m, o, to) < 0)
				return -1;
			continue;
		}
		for (f = m->fields; f != NULL; f = f->next)
			if (f->oneof == o->index && add_field(r, f, to) < 0)
				return -1;
	}
	for (f = m->fields; f != NULL; f = f->next)
		if (f->oneof < 0 && add_field(r, f, to) < 0)
			return -1;
	return 0;
}

int
proto_layout_of(struct proto_reader *r, struct proto_message *m,
    struct ps_schema *s, struct proto_layout *out)
{
	struct filling to = { 0 };
	int rc;

	if (m->is_open || ++r->depth > PROTO_MAX_DEPTH)
		return ps_fail(r->err, PS_E_DATA,
		    "the message %s contains itself: such a schema has no end "
		    "and cannot be read",
		    m->full);
	to.fields = (struct ps_field *)ps_calloc(r->arena, m->field_count + 1,
	    sizeof *to.fields);
	to.readings = (struct proto_reading *)ps_calloc(r->arena,
	    m->field_count + 1, sizeof *to.readings);
	m->is_open = true;
	rc = fill_layout(r, m, &to);
	m->is_open = false;
	r->depth--;
	s->type = PS_STRUCT;
	s->name = r->o->enhanced ? m->full : m->name;
	s->fields = to.fields;
	s->field_count = to.places;
	qsort(to.readings, to.count, sizeof *to.readings, by_number);
	*out = (struct proto_layout){ to.readings, to.count, to.places };
	return rc;
}
