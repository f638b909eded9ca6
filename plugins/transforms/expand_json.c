#include "expand_json.h"

#include <assert.h>

/* What is within the innermost counts too, and an envelope around it all. */
#define MAX_DEPTH (JSON_MAX_SCHEMA_DEPTH - 2)

struct expansion {
	const struct expander *how;
	struct ps_arena *arena;
	int depth;
	struct ps_error *err;
};

static int
fail(struct expansion *e, const char *why)
{
	return ps_fail(e->err, PS_E_DATA, "JSON expansion failed: %s", why);
}

/* Integers are INT32 where they fit, as Jackson has them. */
static enum ps_type
type_of(const struct ps_value *v)
{
	if (v->type == PS_INT64 && v->i >= INT32_MIN && v->i <= INT32_MAX)
		return PS_INT32;
	return v->type;
}

/* Value -> schema; NULL: there is nothing to be seen of it. */

static int infer(struct expansion *e, const char *key, const struct ps_value *v,
    const struct ps_schema **out);

static const struct ps_schema *
interned(struct expansion *e, const struct ps_schema *draft)
{
	return common_intern(e->how->common, draft);
}

static int
infer_struct(struct expansion *e, const char *key, const struct ps_value *v,
    const struct ps_schema **out)
{
	struct ps_field *fields = (struct ps_field *)ps_alloc(e->arena,
	    (v->len + (size_t)1) * sizeof *fields);
	struct ps_schema draft = { .type = PS_STRUCT,
		.optional = true,
		.name = key,
		.fields = fields };
	const struct ps_schema *one;

	if (++e->depth > MAX_DEPTH)
		return fail(e, "it is nested too deep");
	for (uint32_t i = 0; i < v->len; i++) {
		const struct ps_value *name = &v->pairs[i].key;
		char *field = ps_strndup(e->arena, name->s, name->len);

		if (infer(e,
			key == NULL ? field
				    : ps_printf(e->arena, "%s.%s", key, field),
			&v->pairs[i].value, &one) < 0)
			return -1;
		if (one != NULL && name->len == 0)
			return fail(e, "a field has no name");
		if (one != NULL)
			fields[draft.field_count++] =
			    (struct ps_field){ field, name->len, one };
	}
	e->depth--;
	*out = interned(e, &draft);
	return 0;
}

/* Where both have a field the first one's counts, unless all that it saw was
 * a null. It is not optional then, as Java forgets that. */
static const struct ps_schema *
merged(struct expansion *e, const struct ps_schema *a,
    const struct ps_schema *b)
{
	struct ps_schema draft = struct_like(a);
	struct ps_field *fields = (struct ps_field *)ps_alloc(e->arena,
	    (a->field_count + b->field_count + 1) * sizeof *fields);

	if (ps_schema_equal(a, b))
		return a;
	draft.fields = fields;
	draft.field_count = a->field_count;
	if (a->field_count > 0)
		memcpy(fields, a->fields, a->field_count * sizeof *fields);
	for (size_t i = 0; i < b->field_count; i++) {
		const struct ps_field *f = &b->fields[i];
		int at = ps_field_index(a, f->name, f->name_len);

		if (at < 0)
			fields[draft.field_count++] = *f;
		else if (fields[at].schema->type == PS_BYTES)
			fields[at] = *f;
	}
	return interned(e, &draft);
}

static int
infer_objects(struct expansion *e, const char *key, const struct ps_value *v,
    const struct ps_schema **out)
{
	const struct ps_schema *one;

	*out = NULL;
	for (uint32_t i = 0; i < v->len; i++) {
		if (v->items[i].type != PS_MAP)
			continue;
		if (infer_struct(e, key, &v->items[i], &one) < 0)
			return -1;
		*out = *out == NULL ? one : merged(e, *out, one);
	}
	return 0;
}

/* The first that is no null, and they are all alike. */
static int
sample_of(struct expansion *e, const struct ps_value *list,
    struct ps_value *out)
{
	*out = ps_null();
	for (uint32_t i = 0; i < list->len; i++) {
		const struct ps_value *v = &list->items[i];

		if (v->type == PS_NULL)
			continue;
		if (out->type == PS_NULL)
			*out = *v;
		if (type_of(v) != type_of(out))
			return fail(e, "a list is not homogenous");
	}
	return 0;
}

static int
infer_array(struct expansion *e, const char *key, const struct ps_value *v,
    const struct ps_schema **out)
{
	struct ps_schema draft = { .type = PS_ARRAY, .optional = true };
	struct ps_value sample = ps_null();
	const struct ps_schema *elem;

	*out = NULL;
	if (v->len == 0)
		return 0;
	if (++e->depth > MAX_DEPTH)
		return fail(e, "it is nested too deep");
	if (sample_of(e, v, &sample) < 0 ||
	    (sample.type == PS_MAP ? infer_objects(e, key, v, &elem)
				   : infer(e, NULL, &sample, &elem)) < 0)
		return -1;
	if (elem == NULL)
		return fail(e, "a list has unrecognized members");
	e->depth--;
	draft.elem = elem;
	*out = interned(e, &draft);
	return 0;
}

static int
infer(struct expansion *e, const char *key, const struct ps_value *v,
    const struct ps_schema **out)
{
	struct ps_schema draft = { .type = type_of(v), .optional = true };

	*out = NULL;
	if (v->type == PS_MAP)
		return infer_struct(e, key, v, out);
	if (v->type == PS_ARRAY)
		return infer_array(e, key, v, out);
	if (v->type == PS_NULL && !e->how->nulls_are_bytes)
		return 0;
	if (v->type == PS_NULL)
		draft.type = PS_BYTES;
	*out = interned(e, &draft);
	return 0;
}

/* Value -> value of the schema */

static int convert(struct expansion *e, const struct ps_schema *s,
    const struct ps_value *v, struct ps_value *out);

static const struct ps_value *
member(const struct ps_value *map, const struct ps_field *f)
{
	return map_get(map, f->name, f->name_len);
}

static int
convert_struct(struct expansion *e, const struct ps_schema *s,
    const struct ps_value *v, struct ps_value *out)
{
	struct ps_value *items = (struct ps_value *)ps_calloc(e->arena,
	    s->field_count + 1, sizeof *items);

	for (size_t i = 0; i < s->field_count; i++) {
		const struct ps_value *one = member(v, &s->fields[i]);

		if (one != NULL &&
		    convert(e, s->fields[i].schema, one, &items[i]) < 0)
			return -1;
	}
	*out = ps_struct(items, s->field_count);
	return 0;
}

static int
convert_array(struct expansion *e, const struct ps_schema *s,
    const struct ps_value *v, struct ps_value *out)
{
	struct ps_value *items = (struct ps_value *)ps_alloc(e->arena,
	    (v->len + (size_t)1) * sizeof *items);

	for (uint32_t i = 0; i < v->len; i++)
		if (convert(e, s->elem, &v->items[i], &items[i]) < 0)
			return -1;
	*out = ps_array(items, v->len);
	return 0;
}

static int
convert(struct expansion *e, const struct ps_schema *s,
    const struct ps_value *v, struct ps_value *out)
{
	*out = *v;
	out->type = type_of(v);
	if (v->type == PS_NULL)
		return 0;
	assert(s != NULL); /* infer() saw it */
	if (v->type == PS_MAP && s->type == PS_STRUCT)
		return convert_struct(e, s, v, out);
	if (out->type != s->type)
		return fail(e, "fields of one name are not of one type");
	return v->type == PS_ARRAY ? convert_array(e, s, v, out) : 0;
}

static int
read_text(struct expansion *e, const struct ps_value *text,
    struct ps_value *out)
{
	struct parser *ps = e->how->parser;
	struct scan sc;

	if (text->type != PS_STRING || text->len == 0 || *text->s != '{')
		return fail(e, "it is no text of an object");
	scan_init(&sc, (const uint8_t *)text->s, text->len, e->err);
	if (parse_value(ps, &sc, e->arena, out) < 0)
		return -1;
	if (parser_saw_wide(ps))
		return fail(e, "an integer has more than 64 bits");
	return 0;
}

int
expand_json(const struct expander *x, struct ps_arena *a, struct node *p,
    struct ps_error *err)
{
	struct expansion e = { .how = x, .arena = a, .err = err };
	struct ps_value read = ps_null(), converted = ps_null();
	const struct ps_schema *schema = NULL;

	if (read_text(&e, &p->value, &read) < 0 ||
	    infer(&e, x->name, &read, &schema) < 0 ||
	    convert(&e, schema, &read, &converted) < 0)
		return -1;
	p->schema = schema;
	p->value = converted;
	return 0;
}
