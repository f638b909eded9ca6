#include "avro_plan.h"

#include "avro_default.h"
#include "avro_in.h"
#include "avro_names.h"
#include "avro_params.h"
#include "bytes.h"

static const char *
name_of(const struct avro_schema *a)
{
	return a->full != NULL ? a->full : avro_kind_name(a->kind);
}

static bool
fits_named(const struct avro_options *o, const struct ps_schema *s,
    const struct avro_schema *a)
{
	if (s->type == PS_STRUCT)
		return a->kind == AVRO_RECORD && !avro_is_map_entry(a);
	if (s->type == PS_MAP && map_has_text_keys(s, o) && a->kind == AVRO_MAP)
		return true;
	return s->type == PS_MAP && a->kind == AVRO_ARRAY &&
	       avro_is_map_entry(a->elem);
}

/* Can values of this schema be written as that type? */
static bool
fits(const struct avro_options *o, const struct ps_schema *s,
    const struct avro_schema *a)
{
	switch (s->type) {
	case PS_INT8:
	case PS_INT16:
	case PS_INT32:
		return a->kind == AVRO_INT || a->kind == AVRO_LONG;
	case PS_INT64:
		return a->kind == AVRO_LONG;
	case PS_FLOAT32:
		return a->kind == AVRO_FLOAT || a->kind == AVRO_DOUBLE;
	case PS_FLOAT64:
		return a->kind == AVRO_DOUBLE;
	case PS_BOOLEAN:
		return a->kind == AVRO_BOOLEAN;
	case PS_STRING:
		return a->kind == AVRO_STRING || a->kind == AVRO_ENUMERATION;
	case PS_BYTES:
		return a->kind == AVRO_BYTES || a->kind == AVRO_FIXED;
	case PS_ARRAY:
		return a->kind == AVRO_ARRAY && !avro_is_map_entry(a->elem);
	case PS_MAP:
	case PS_STRUCT:
		return fits_named(o, s, a);
	case PS_NULL:
	case PS_UNCHANGED:
		break;
	}
	return false;
}

/* The name under which a named type of this schema stands, or NULL. */
static const char *
wanted_name(struct avro_compiler *c, const struct ps_schema *s)
{
	struct ps_error ignored = { 0 };
	const char *symbol =
	    s->type == PS_STRING ? schema_param(s, enum_param(c->o)) : NULL;

	if (symbol != NULL)
		return symbol;
	if (s->name == NULL || (s->type != PS_STRUCT && s->type != PS_BYTES))
		return NULL;
	return avro_name(c->arena, c->o, s->name, &ignored);
}

/* How well: 3 by name, 2 by exact type, 1 somehow, 0 not. */
static int
rank(struct avro_compiler *c, const struct ps_schema *s,
    const struct avro_schema *a, const char *name)
{
	if (!fits(c->o, s, a))
		return 0;
	if (name != NULL && a->full != NULL && strcmp(a->full, name) == 0)
		return 3;
	if (s->type == PS_STRING && a->kind == AVRO_ENUMERATION)
		return 1;
	if (s->type == PS_BYTES && a->kind == AVRO_FIXED)
		return 1;
	if ((a->kind == AVRO_LONG && s->type != PS_INT64) ||
	    (a->kind == AVRO_DOUBLE && s->type != PS_FLOAT64))
		return 1;
	return 2;
}

static int
best_branch(struct avro_compiler *c, const struct ps_schema *s,
    const struct avro_schema *a)
{
	const char *name = wanted_name(c, s);
	int best = -1, best_rank = 0;

	for (size_t i = 0; i < a->count; i++) {
		int r = rank(c, s, a->branches[i], name);

		if (r > best_rank) {
			best = (int)i;
			best_rank = r;
		}
	}
	return best;
}

static uint8_t
put_branch(uint8_t *to, int branch)
{
	return (uint8_t)(put_zigzag(to, branch) - to);
}

static int
mismatch(struct avro_compiler *c, const struct ps_schema *s,
    const struct avro_schema *a)
{
	static const char *const names[] = { "null", "INT8", "INT16", "INT32",
		"INT64", "FLOAT32", "FLOAT64", "BOOLEAN", "STRING", "BYTES",
		"ARRAY", "MAP", "STRUCT", "" };

	return ps_fail(c->err, PS_E_DATA,
	    "a value of type %s%s%s cannot be written as Avro %s",
	    names[s->type], s->name == NULL ? "" : " ",
	    s->name == NULL ? "" : s->name, name_of(a));
}

/* ---- Records ---- */

/* The struct's field that becomes this one, NO_SOURCE: none. */
static size_t
find_source(struct avro_compiler *c, const struct ps_schema *s,
    const char *name, size_t hint)
{
	struct ps_error ignored = { 0 };

	if (hint < s->field_count && strcmp(s->fields[hint].name, name) == 0)
		return hint;
	for (size_t i = 0; i < s->field_count; i++) {
		const char *own = s->fields[i].name;

		if (c->o->scrub)
			own = avro_field_name(c->arena, c->o, &s->fields[i],
			    &ignored);
		if (own != NULL && strcmp(own, name) == 0)
			return i;
	}
	return NO_SOURCE;
}

static const struct ps_value *
copy_value(struct ps_arena *a, const struct ps_value *v)
{
	struct ps_value *copy = (struct ps_value *)ps_alloc(a, sizeof *copy);

	*copy = value_kept(a, v);
	return copy;
}

/* A field that only the target has: its default stands in every record. */
static int
compile_constant(struct avro_compiler *c, const struct avro_field *f,
    struct avro_plan_field *out)
{
	struct avro_reader r = { .arena = c->arena, .o = c->o, .err = c->err };
	struct ps_schema *s;
	struct ps_value v;

	if (f->default_value == NULL)
		return ps_fail(c->err, PS_E_DATA,
		    "the record has no field %s, and the schema no default for "
		    "it",
		    f->name);
	s = avro_field_schema(&r, f);
	if (s == NULL || avro_compile(c, s, f->schema, &out->plan) < 0)
		return ps_fail_in(c->err, "field %s", f->name);
	if (avro_default_in(c->arena, s, f->default_value, &v) < 0)
		return ps_fail(c->err, PS_E_DATA,
		    "field %s has a default that does not fit", f->name);
	out->source = NO_SOURCE;
	out->or_null = copy_value(c->arena, &v);
	return 0;
}

static int
compile_field(struct avro_compiler *c, const struct ps_schema *s,
    const struct avro_field *f, size_t i, struct avro_plan_field *out)
{
	const struct ps_schema *field;

	out->name = ps_strdup(c->arena, f->name);
	out->source = find_source(c, s, f->name, i);
	if (out->source == NO_SOURCE)
		return compile_constant(c, f, out);
	field = s->fields[out->source].schema;
	if (avro_compile(c, field, f->schema, &out->plan) < 0)
		return ps_fail_in(c->err, "field %s", f->name);
	if (field->default_value != NULL &&
	    field->default_value->type != PS_NULL &&
	    !(c->o->ignore_null_defaults && field->optional))
		out->or_null = copy_value(c->arena, field->default_value);
	return 0;
}

/* Every field of the struct has a place. */
static int
check_lost(struct avro_compiler *c, const struct ps_schema *s,
    const struct avro_schema *a, const struct avro_plan *n)
{
	bool *kept = (bool *)ps_calloc(c->arena, s->field_count + 1, 1);

	for (size_t i = 0; i < n->field_count; i++)
		if (n->fields[i].source != NO_SOURCE)
			kept[n->fields[i].source] = true;
	for (size_t i = 0; i < s->field_count; i++)
		if (!kept[i])
			return ps_fail(c->err, PS_E_DATA,
			    "the record has a field %s that the schema %s "
			    "lacks",
			    s->fields[i].name, name_of(a));
	return 0;
}

static int
compile_record(struct avro_compiler *c, const struct ps_schema *s,
    const struct avro_schema *a, struct avro_plan *out)
{
	struct avro_plan_field *fields = (struct avro_plan_field *)ps_calloc(
	    c->arena, a->count + 1, sizeof *fields);

	out->op = OP_RECORD;
	out->fields = fields;
	out->field_count = a->count;
	out->source_count = s->field_count;
	for (size_t i = 0; i < a->count; i++)
		if (compile_field(c, s, &a->fields[i], i, &fields[i]) < 0)
			return -1;
	return c->strict ? check_lost(c, s, a, out) : 0;
}

/* ---- Unions ---- */

static int
compile_sum(struct avro_compiler *c, const struct ps_schema *s,
    const struct avro_schema *a, struct avro_plan *out)
{
	struct avro_plan_field *fields = (struct avro_plan_field *)ps_calloc(
	    c->arena, s->field_count + 1, sizeof *fields);
	int null = a->kind == AVRO_UNION_OF ? avro_null_branch(a) : -1;

	out->op = OP_UNION;
	out->type = PS_STRUCT;
	out->fields = fields;
	out->field_count = s->field_count;
	if (null >= 0) {
		out->nullable = true;
		out->null_len = put_branch(out->null_prefix, null);
	}
	for (size_t i = 0; i < s->field_count; i++) {
		fields[i].name = ps_strdup(c->arena, s->fields[i].name);
		fields[i].source = i;
		if (avro_compile(c, s->fields[i].schema, a, &fields[i].plan) <
		    0)
			return ps_fail_in(c->err, "branch %s",
			    s->fields[i].name);
	}
	return 0;
}

/* ---- All of them ---- */

static const struct avro_plan *
compile_part(struct avro_compiler *c, const struct ps_schema *s,
    const struct avro_schema *a)
{
	struct avro_plan *n =
	    (struct avro_plan *)ps_calloc(c->arena, 1, sizeof *n);

	return avro_compile(c, s, a, n) < 0 ? NULL : n;
}

static const struct avro_schema *
entry_part(const struct avro_schema *entry, const char *name)
{
	for (size_t i = 0; i < entry->count; i++)
		if (strcmp(entry->fields[i].name, name) == 0)
			return entry->fields[i].schema;
	return NULL;
}

static int
compile_pairs(struct avro_compiler *c, const struct ps_schema *s,
    const struct avro_schema *a, struct avro_plan *out)
{
	const struct avro_schema *key = entry_part(a->elem, "key");
	const struct avro_schema *value = entry_part(a->elem, "value");

	if (key == NULL || value == NULL || a->elem->count != 2)
		return mismatch(c, s, a);
	out->op = OP_PAIRS;
	out->key = compile_part(c, s->key, key);
	out->elem = out->key == NULL ? NULL : compile_part(c, s->elem, value);
	return out->elem == NULL ? -1 : 0;
}

static int
compile_elements(struct avro_compiler *c, const struct ps_schema *s,
    const struct avro_schema *a, struct avro_plan *out)
{
	if (a->kind == AVRO_ARRAY && s->type == PS_MAP)
		return compile_pairs(c, s, a, out);
	out->op = s->type == PS_MAP ? OP_MAP : OP_ARRAY;
	out->elem = compile_part(c, s->elem, a->elem);
	return out->elem == NULL ? -1 : 0;
}

static void
keep_symbols(struct avro_compiler *c, const struct avro_schema *a,
    struct avro_plan *out)
{
	const char **symbols = (const char **)ps_calloc(c->arena, a->count + 1,
	    sizeof(const char *));

	for (size_t i = 0; i < a->count; i++)
		symbols[i] = ps_strdup(c->arena, a->symbols[i]);
	out->op = OP_SYMBOL;
	out->symbols = symbols;
	out->symbol_count = a->count;
}

static int
compile_type(struct avro_compiler *c, const struct ps_schema *s,
    const struct avro_schema *a, struct avro_plan *out)
{
	switch (a->kind) {
	case AVRO_BOOLEAN:
		out->op = OP_BOOLEAN;
		return 0;
	case AVRO_INT:
	case AVRO_LONG:
		out->op = OP_INT;
		return 0;
	case AVRO_FLOAT:
		out->op = OP_FLOAT;
		return 0;
	case AVRO_DOUBLE:
		out->op = OP_DOUBLE;
		return 0;
	case AVRO_BYTES:
	case AVRO_STRING:
		out->op = OP_TEXT;
		return 0;
	case AVRO_ENUMERATION:
		keep_symbols(c, a, out);
		return 0;
	case AVRO_FIXED:
		out->op =
		    s->logical == PS_DECIMAL ? OP_DECIMAL_FIXED : OP_FIXED;
		out->size = a->size;
		return 0;
	case AVRO_ARRAY:
	case AVRO_MAP:
		return compile_elements(c, s, a, out);
	case AVRO_RECORD:
		return compile_record(c, s, a, out);
	case AVRO_NULL:
	case AVRO_UNION_OF:
		break;
	}
	return mismatch(c, s, a);
}

static int
compile_union(struct avro_compiler *c, const struct ps_schema *s,
    const struct avro_schema **a, struct avro_plan *out)
{
	const struct avro_schema *u = *a;
	int null = avro_null_branch(u), branch = best_branch(c, s, u);

	if (branch < 0)
		return mismatch(c, s, u);
	out->prefix_len = put_branch(out->prefix, branch);
	if (null >= 0) {
		out->nullable = true;
		out->null_len = put_branch(out->null_prefix, null);
	}
	*a = u->branches[branch];
	return 0;
}

int
avro_compile(struct avro_compiler *c, const struct ps_schema *s,
    const struct avro_schema *a, struct avro_plan *out)
{
	int rc;

	if (s == NULL) {
		out->op = OP_ANYTHING;
		if (a->full != NULL && strcmp(a->full, AVRO_ANYTHING) == 0)
			return 0;
		return ps_fail(c->err, PS_E_DATA,
		    "values without a schema cannot be written as Avro %s",
		    name_of(a));
	}
	if (++c->depth > AVRO_MAX_DEPTH)
		return ps_fail(c->err, PS_E_DATA,
		    "a schema nests deeper than %d", AVRO_MAX_DEPTH);
	out->type = s->type;
	if (schema_is_union(s)) {
		rc = compile_sum(c, s, a, out);
	} else {
		rc =
		    a->kind == AVRO_UNION_OF ? compile_union(c, s, &a, out) : 0;
		if (rc == 0 && !fits(c->o, s, a))
			rc = mismatch(c, s, a);
		if (rc == 0)
			rc = compile_type(c, s, a, out);
	}
	c->depth--;
	return rc;
}
