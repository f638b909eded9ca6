#include "avro_in.h"

#include "avro_default.h"
#include "avro_params.h"

#define DEFAULT_PRECISION 64

static int
read_type(struct avro_reader *r, struct avro_schema *a, struct ps_schema *s,
    const struct avro_field *field, struct avro_reading *out);

/* ---- Types ---- */

static const char *
logical_of(const struct avro_schema *a)
{
	const char *name = avro_prop(a, "logicalType");

	return name == NULL ? "" : name;
}

static void
be_logical(struct ps_schema *s, const char *name)
{
	s->name = name;
	s->version = 1;
}

static void
read_decimal(struct avro_reader *r, const struct avro_schema *a,
    struct ps_schema *s)
{
	const json_t *precision = json_object_get(a->props, "precision");
	const json_t *scale = json_object_get(a->props, "scale");

	be_logical(s, PS_NAME_DECIMAL);
	avro_set_param(r->arena, s, "scale",
	    ps_printf(r->arena, "%d", (int)json_integer_value(scale)));
	if (json_is_integer(precision) &&
	    json_integer_value(precision) != DEFAULT_PRECISION)
		avro_set_param(r->arena, s, "connect.decimal.precision",
		    ps_printf(r->arena, "%d",
			(int)json_integer_value(precision)));
}

static int
read_int(struct avro_reader *r, const struct avro_schema *a,
    struct ps_schema *s, struct avro_reading *out)
{
	const char *logical = logical_of(a);
	const char *type = avro_prop(a, "connect.type");

	out->how = READ_INT32;
	s->type = PS_INT32;
	if (strcasecmp(logical, "date") == 0) {
		be_logical(s, PS_NAME_DATE);
	} else if (strcasecmp(logical, "time-millis") == 0) {
		be_logical(s, PS_NAME_TIME);
	} else if (logical[0] != '\0' || type == NULL) {
		return 0;
	} else if (strcmp(type, "int8") == 0) {
		out->how = READ_INT8;
		s->type = PS_INT8;
	} else if (strcmp(type, "int16") == 0) {
		out->how = READ_INT16;
		s->type = PS_INT16;
	} else {
		return ps_fail(r->err, PS_E_DATA,
		    "Connect type annotation for Avro int field is %s, "
		    "expected int8 or int16",
		    type);
	}
	return 0;
}

static void
read_bytes(struct avro_reader *r, const struct avro_schema *a,
    struct ps_schema *s, struct avro_reading *out)
{
	s->type = PS_BYTES;
	out->how = READ_BYTES;
	if (strcasecmp(logical_of(a), "decimal") == 0)
		read_decimal(r, a, s);
	if (a->kind != AVRO_FIXED)
		return;
	out->how = READ_FIXED;
	out->size = out->least = a->size;
	avro_set_param(r->arena, s, "connect.fixed.size",
	    ps_printf(r->arena, "%zu", a->size));
}

static void
read_enum(struct avro_reader *r, const struct avro_schema *a,
    struct ps_schema *s, struct avro_reading *out)
{
	const char *param = enum_param(r->o), *doc = avro_prop(a, "doc");
	const char *symbol = avro_prop(a, "default");
	struct ps_value *symbols = (struct ps_value *)ps_calloc(r->arena,
	    a->count + 1, sizeof *symbols);

	s->type = PS_STRING;
	out->how = READ_SYMBOL;
	out->symbols = symbols;
	out->count = a->count;
	if (r->o->meta_data && doc != NULL)
		avro_set_param(r->arena, s,
		    r->o->discard_type_doc
			? "connect.enum.doc"
			: ps_printf(r->arena, AVRO_NAMESPACE ".enum.doc.%s",
			      a->name),
		    doc);
	if (r->o->meta_data && symbol != NULL && !r->o->discard_type_doc)
		avro_set_param(r->arena, s,
		    ps_printf(r->arena, AVRO_NAMESPACE ".enum.default.%s",
			a->name),
		    symbol);
	avro_set_param(r->arena, s, param, a->full);
	for (size_t i = 0; i < a->count; i++) {
		symbols[i] = ps_text(a->symbols[i]);
		avro_set_param(r->arena, s,
		    ps_printf(r->arena, "%s.%s", param, a->symbols[i]),
		    r->o->sum_types ? ps_printf(r->arena, "%zu", i)
				    : a->symbols[i]);
	}
}

static const struct ps_schema *
read_part(struct avro_reader *r, struct avro_schema *a,
    const struct avro_field *field, struct avro_reading *out)
{
	struct ps_schema *s;

	if (a->full != NULL && strcmp(a->full, AVRO_ANYTHING) == 0) {
		(void)ps_fail(r->err, PS_E_DATA,
		    "a part of a value has no schema (" AVRO_ANYTHING "), "
		    "only a whole value may have none");
		return NULL;
	}
	s = (struct ps_schema *)ps_calloc(r->arena, 1, sizeof *s);
	return read_type(r, a, s, field, out) < 0 ? NULL : s;
}

static struct avro_reading *
new_reading(struct avro_reader *r, size_t count)
{
	return (struct avro_reading *)ps_calloc(r->arena, count + 1,
	    sizeof(struct avro_reading));
}

static int
read_pairs(struct avro_reader *r, struct avro_schema *entry,
    struct ps_schema *s, struct avro_reading *out)
{
	struct avro_reading *parts = new_reading(r, 2);

	if (entry->count != 2 ||
	    (strcmp(entry->fields[0].name, "key") != 0 &&
		strcmp(entry->fields[1].name, "key") != 0) ||
	    (strcmp(entry->fields[0].name, "value") != 0 &&
		strcmp(entry->fields[1].name, "value") != 0))
		return ps_fail(r->err, PS_E_DATA,
		    "Found map encoded as array of key-value pairs, but array "
		    "elements do not match the expected format.");
	out->how = READ_PAIRS;
	out->key_is_second = strcmp(entry->fields[1].name, "key") == 0;
	out->key = &parts[0];
	out->elem = &parts[1];
	s->type = PS_MAP;
	s->key = read_part(r, entry->fields[out->key_is_second].schema, NULL,
	    &parts[0]);
	s->elem = s->key == NULL
		      ? NULL
		      : read_part(r, entry->fields[!out->key_is_second].schema,
			    NULL, &parts[1]);
	return s->elem == NULL ? -1 : 0;
}

static int
read_elements(struct avro_reader *r, struct avro_schema *a, struct ps_schema *s,
    struct avro_reading *out)
{
	static const struct ps_schema text = { .type = PS_STRING };
	struct avro_reading *elem;

	if (a->kind == AVRO_ARRAY && avro_is_map_entry(a->elem))
		return read_pairs(r, a->elem, s, out);
	elem = new_reading(r, 1);
	s->type = a->kind == AVRO_ARRAY ? PS_ARRAY : PS_MAP;
	s->key = a->kind == AVRO_ARRAY ? NULL : &text;
	s->elem = read_part(r, a->elem, NULL, elem);
	out->how = a->kind == AVRO_ARRAY ? READ_ARRAY : READ_MAP;
	out->elem = elem;
	return s->elem == NULL ? -1 : 0;
}

static int
read_fields(struct avro_reader *r, struct avro_schema *a, struct ps_schema *s,
    struct avro_reading *out)
{
	struct avro_reading *parts = new_reading(r, a->count);
	struct ps_field *fields = (struct ps_field *)ps_calloc(r->arena,
	    a->count + 1, sizeof *fields);
	bool docs = r->o->meta_data && !r->o->discard_type_doc;

	s->type = PS_STRUCT;
	s->fields = fields;
	s->field_count = a->count;
	out->how = READ_RECORD;
	out->parts = parts;
	out->count = a->count;
	out->least = 0;
	if (docs && avro_prop(a, "doc") != NULL)
		avro_set_param(r->arena, s, AVRO_NAMESPACE ".record.doc",
		    avro_prop(a, "doc"));
	for (size_t i = 0; i < a->count; i++) {
		const struct avro_field *f = &a->fields[i];
		const char *doc =
		    json_string_value(json_object_get(f->props, "doc"));

		if (docs && doc != NULL)
			avro_set_param(r->arena, s,
			    ps_printf(r->arena, AVRO_NAMESPACE ".field.doc.%s",
				f->name),
			    doc);
		fields[i].name = f->name;
		fields[i].name_len = strlen(f->name);
		fields[i].schema = read_part(r, f->schema, f, &parts[i]);
		if (fields[i].schema == NULL)
			return ps_fail_in(r->err, "field %s", f->name);
		out->least += parts[i].least;
	}
	return 0;
}

static int
read_record(struct avro_reader *r, struct avro_schema *a, struct ps_schema *s,
    struct avro_reading *out)
{
	int rc;

	if (a->open)
		return ps_fail(r->err, PS_E_DATA,
		    "the record %s contains itself: such a schema has no end "
		    "and cannot be read",
		    a->full);
	a->open = true;
	rc = read_fields(r, a, s, out);
	a->open = false;
	return rc;
}

/* ---- Unions ---- */

static const char *
branch_name(const struct avro_reader *r, const struct avro_schema *a, size_t i)
{
	if (r->o->sum_types)
		return ps_printf(r->arena, "connect_union_field_%zu", i);
	if (a->full == NULL)
		return avro_kind_name(a->kind);
	return r->o->enhanced ? a->full : a->name;
}

/* A field's place in the union's struct, or -1. */
static int
add_branch(struct avro_reader *r, struct avro_schema *a, size_t i,
    struct ps_schema *s, struct avro_reading *part)
{
	struct ps_field *fields;
	const char *name = branch_name(r, a, i);
	struct ps_schema *branch;

	memcpy(&fields, &s->fields, sizeof fields);
	if (ps_field_index(s, name, strlen(name)) >= 0)
		return ps_fail(r->err, PS_E_DATA,
		    "Multiple union schemas map to the Connect union field "
		    "name %s (enhanced.avro.schema.support=true uses full "
		    "names)",
		    name);
	branch = (struct ps_schema *)ps_calloc(r->arena, 1, sizeof *branch);
	branch->optional = true;
	if (read_type(r, a, branch, NULL, part) < 0)
		return ps_fail_in(r->err, "branch %s", name);
	fields[s->field_count] =
	    (struct ps_field){ name, strlen(name), branch };
	return (int)s->field_count++;
}

static int
read_sum(struct avro_reader *r, struct avro_schema *a, struct ps_schema *s,
    struct avro_reading *out)
{
	struct avro_reading *parts = new_reading(r, a->count);
	size_t *places =
	    (size_t *)ps_calloc(r->arena, a->count + 1, sizeof *places);

	s->type = PS_STRUCT;
	s->name = AVRO_UNION;
	if (r->o->sum_types) {
		s->name = ps_printf(r->arena, "connect_union_%d", r->unions++);
		avro_set_param(r->arena, s, CONNECT_UNION_PARAM, s->name);
	}
	s->fields = (struct ps_field *)ps_calloc(r->arena, a->count + 1,
	    sizeof *s->fields);
	out->how = READ_UNION;
	out->parts = parts;
	out->places = places;
	out->place_count = a->count;
	for (size_t i = 0; i < a->count; i++) {
		int place;

		if (a->branches[i]->kind == AVRO_NULL) {
			s->optional = true;
			parts[i].how = READ_NULL;
			continue;
		}
		place = add_branch(r, a->branches[i], i, s, &parts[i]);
		if (place < 0)
			return -1;
		places[i] = (size_t)place;
	}
	out->count = s->field_count;
	return 0;
}

/* null and one other, or one alone: that type, optional. 1: it is neither. */
static int
read_nullable(struct avro_reader *r, struct avro_schema *a, struct ps_schema *s,
    struct avro_reading *out)
{
	struct avro_reading *parts;
	int null = avro_null_branch(a);
	size_t other = a->count == 2 && null == 0 ? 1 : 0;

	if (!(a->count == 2 && null >= 0 &&
		a->branches[other]->kind != AVRO_NULL) &&
	    !(a->count == 1 && r->o->flatten_singletons))
		return 1;
	parts = new_reading(r, a->count);
	out->how = READ_BRANCH;
	out->parts = parts;
	out->count = a->count;
	out->least = 1;
	if (a->count == 2) {
		s->optional = true;
		parts[null].how = READ_NULL;
	}
	return read_type(r, a->branches[other], s, NULL, &parts[other]);
}

/* ---- What stands beside the type ---- */

static int
read_name(struct avro_reader *r, const struct avro_schema *a,
    struct ps_schema *s)
{
	const char *name = avro_prop(a, "connect.name");

	if (name == NULL && a->full != NULL &&
	    (s->name == NULL || strcmp(s->name, PS_NAME_DECIMAL) != 0))
		name = a->full;
	if (name == NULL ||
	    strncmp(name, AVRO_DEFAULT, sizeof AVRO_DEFAULT - 1) == 0)
		return 0;
	if (s->name != NULL && strcmp(s->name, name) != 0)
		return ps_fail(r->err, PS_E_DATA,
		    "Mismatching names: %s by type, %s by connect.name",
		    s->name, name);
	s->name = name;
	return 0;
}

static void
read_doc(struct avro_reader *r, const struct avro_schema *a,
    const struct avro_field *field, struct ps_schema *s)
{
	const char *doc = avro_prop(a, "connect.doc"), *own, *outer;

	if (!r->o->discard_type_doc) {
		s->doc = r->o->meta_data ? doc : NULL;
		return;
	}
	own = avro_prop(a, "doc");
	outer = field == NULL
		    ? NULL
		    : json_string_value(json_object_get(field->props, "doc"));
	s->doc = outer != NULL ? outer : own != NULL ? own : doc;
	if (r->o->meta_data && own != NULL)
		avro_set_param(r->arena, s, "connect.record.doc", own);
}

static void
read_default(struct avro_reader *r, const struct avro_schema *a,
    const struct avro_field *field, struct ps_schema *s)
{
	const json_t *given = field == NULL ? NULL : field->default_value;
	const json_t *own = json_object_get(a->props, "connect.default");
	struct ps_value v;
	struct ps_value *kept;

	if (given != NULL && own == NULL && r->o->meta_data &&
	    !r->o->discard_type_doc)
		avro_set_param(r->arena, s, AVRO_NAMESPACE ".field.default",
		    "true");
	if (given == NULL)
		given = own;
	if (given == NULL || json_is_null(given) ||
	    avro_default_in(r->arena, s, given, &v) < 0)
		return;
	kept = (struct ps_value *)ps_alloc(r->arena, sizeof *kept);
	*kept = v;
	s->default_value = kept;
}

static int
read_rest(struct avro_reader *r, const struct avro_schema *a,
    const struct avro_field *field, struct ps_schema *s)
{
	const json_t *version = json_object_get(a->props, "connect.version");

	read_doc(r, a, field, s);
	if (json_is_integer(version) && s->version == 0)
		s->version = (int32_t)json_integer_value(version);
	if (r->o->meta_data &&
	    avro_read_params(r->arena, s,
		json_object_get(a->props, "connect.parameters"), r->err) < 0)
		return -1;
	if (a->props != NULL)
		avro_read_props(r->arena, s, a->props);
	read_default(r, a, field, s);
	return read_name(r, a, s);
}

/* ---- One type ---- */

static void
be(struct ps_schema *s, enum ps_type type, struct avro_reading *out,
    enum avro_read how, size_t least)
{
	s->type = type;
	out->how = how;
	out->least = least;
}

static int
read_base(struct avro_reader *r, struct avro_schema *a, struct ps_schema *s,
    struct avro_reading *out)
{
	switch (a->kind) {
	case AVRO_BOOLEAN:
		be(s, PS_BOOLEAN, out, READ_BOOLEAN, 1);
		return 0;
	case AVRO_INT:
		return read_int(r, a, s, out);
	case AVRO_LONG:
		be(s, PS_INT64, out, READ_INT64, 1);
		if (strcasecmp(logical_of(a), "timestamp-millis") == 0)
			be_logical(s, PS_NAME_TIMESTAMP);
		return 0;
	case AVRO_FLOAT:
		be(s, PS_FLOAT32, out, READ_FLOAT, sizeof(float));
		return 0;
	case AVRO_DOUBLE:
		be(s, PS_FLOAT64, out, READ_DOUBLE, sizeof(double));
		return 0;
	case AVRO_STRING:
		be(s, PS_STRING, out, READ_TEXT, 1);
		return 0;
	case AVRO_BYTES:
	case AVRO_FIXED:
		read_bytes(r, a, s, out);
		return 0;
	case AVRO_ENUMERATION:
		read_enum(r, a, s, out);
		return 0;
	case AVRO_ARRAY:
	case AVRO_MAP:
		return read_elements(r, a, s, out);
	case AVRO_RECORD:
		return read_record(r, a, s, out);
	case AVRO_UNION_OF:
		return read_sum(r, a, s, out);
	case AVRO_NULL:
		break;
	}
	return ps_fail(r->err, PS_E_DATA,
	    "Standalone null schemas are not supported by this converter");
}

static int
read_type(struct avro_reader *r, struct avro_schema *a, struct ps_schema *s,
    const struct avro_field *field, struct avro_reading *out)
{
	int rc = 1;

	if (++r->depth > AVRO_MAX_DEPTH)
		return ps_fail(r->err, PS_E_DATA,
		    "a schema nests deeper than %d", AVRO_MAX_DEPTH);
	out->least = 1;
	if (a->kind == AVRO_UNION_OF)
		rc = read_nullable(r, a, s, out);
	if (rc > 0)
		rc = read_base(r, a, s, out) < 0 ? -1
						 : read_rest(r, a, field, s);
	r->depth--;
	return rc;
}

struct ps_schema *
avro_field_schema(struct avro_reader *r, const struct avro_field *f)
{
	struct avro_reading ignored = { 0 };
	struct ps_schema *s =
	    (struct ps_schema *)ps_calloc(r->arena, 1, sizeof *s);

	return read_type(r, f->schema, s, f, &ignored) < 0 ? NULL : s;
}

int
avro_read_schema(struct avro_reader *r, struct avro_schema *a,
    const struct ps_schema **draft, struct avro_reading *out)
{
	struct ps_schema *s;

	*draft = NULL;
	*out = (struct avro_reading){ 0 };
	if (a->full != NULL && strcmp(a->full, AVRO_ANYTHING) == 0) {
		out->how = READ_ANYTHING;
		return 0;
	}
	s = (struct ps_schema *)ps_calloc(r->arena, 1, sizeof *s);
	if (read_type(r, a, s, NULL, out) < 0)
		return -1;
	*draft = s;
	return 0;
}
