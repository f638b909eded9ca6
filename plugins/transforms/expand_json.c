#include "expand_json.h"

#include <assert.h>
#include <errno.h>

#include <jsontext/parse.h>

#define MAX_DEPTH 100

struct expansion {
	const struct common *common;
	struct ps_arena *arena;
	bool nulls_are_bytes;
	struct scan scan;
	struct ps_error *err;
};

static int
fail(struct expansion *e, const char *why)
{
	return ps_fail(e->err, PS_E_DATA, "JSON expansion failed: %s", why);
}

/* Text -> value. Integers are INT32 where they fit, as Jackson has them. */

static int read_value(struct expansion *e, int depth, struct ps_value *out);

static int
read_number(struct expansion *e, const struct token *t, struct ps_value *out)
{
	char text[24];
	long long n;

	if (!t->integral) {
		*out = ps_float64(token_double(t));
		return 0;
	}
	if (t->len >= sizeof text)
		return fail(e, "an integer has more than 64 bits");
	memcpy(text, t->s, t->len);
	text[t->len] = '\0';
	errno = 0;
	n = strtoll(text, NULL, 10);
	if (errno == ERANGE)
		return fail(e, "an integer has more than 64 bits");
	*out = ps_int(n < INT32_MIN || n > INT32_MAX ? PS_INT64 : PS_INT32, n);
	return 0;
}

/* Room for one more behind `count`. */
static struct ps_pair *
grown(struct expansion *e, struct ps_pair *pairs, size_t count)
{
	struct ps_pair *more;

	if (count != 0 && (count & (count - 1)) != 0)
		return pairs;
	more = (struct ps_pair *)ps_alloc(e->arena,
	    (count == 0 ? 1 : 2 * count) * sizeof *more);
	if (count > 0)
		memcpy(more, pairs, count * sizeof *more);
	return more;
}

/* Members, or the elements of a list as values; `end` closes them. */
static int
read_pairs(struct expansion *e, int depth, char end, struct ps_pair **out,
    size_t *count)
{
	struct scan *sc = &e->scan;
	struct ps_pair *pairs = NULL;
	struct token name;
	size_t n = 0;

	sc->p++;
	scan_space(sc);
	for (; sc->p < sc->end && *sc->p != end; n++) {
		if (n > 0 && scan_expect(sc, ',', "a comma") < 0)
			return -1;
		pairs = grown(e, pairs, n);
		if (end == '}') {
			if (scan_name(sc, &name) < 0)
				return -1;
			pairs[n].key = token_string(&name, e->arena);
		}
		if (read_value(e, depth + 1, &pairs[n].value) < 0)
			return -1;
		scan_space(sc);
	}
	*out = pairs;
	*count = n;
	return scan_expect(sc, end, "the end of a list or an object");
}

static int
read_object(struct expansion *e, int depth, struct ps_value *out)
{
	struct ps_pair *pairs;
	size_t n;

	if (read_pairs(e, depth, '}', &pairs, &n) < 0)
		return -1;
	if (n > 0)
		n = unique_pairs(pairs, n, e->arena);
	*out = ps_map(pairs, n);
	return 0;
}

static int
read_array(struct expansion *e, int depth, struct ps_value *out)
{
	struct ps_value *items;
	struct ps_pair *pairs;
	size_t n;

	if (read_pairs(e, depth, ']', &pairs, &n) < 0)
		return -1;
	items = (struct ps_value *)ps_alloc(e->arena, (n + 1) * sizeof *items);
	for (size_t i = 0; i < n; i++)
		items[i] = pairs[i].value;
	*out = ps_array(items, n);
	return 0;
}

static int
read_value(struct expansion *e, int depth, struct ps_value *out)
{
	struct token t;

	if (depth > MAX_DEPTH)
		return fail(e, "it is nested too deep");
	scan_space(&e->scan);
	if (scan_scalar(&e->scan, &t) < 0)
		return -1;
	switch (t.kind) {
	case TOKEN_NULL:
		*out = ps_null();
		return 0;
	case TOKEN_FALSE:
	case TOKEN_TRUE:
		*out = ps_boolean(t.kind == TOKEN_TRUE);
		return 0;
	case TOKEN_NUMBER:
		return read_number(e, &t, out);
	case TOKEN_STRING:
		*out = token_string(&t, e->arena);
		return 0;
	case TOKEN_ARRAY:
		return read_array(e, depth, out);
	case TOKEN_OBJECT:
		return read_object(e, depth, out);
	}
	return -1;
}

/* Value -> schema; NULL: there is nothing to be seen of it. */

static int infer(struct expansion *e, const char *key, const struct ps_value *v,
    const struct ps_schema **out);

static const struct ps_schema *
interned(struct expansion *e, const struct ps_schema *draft)
{
	return common_intern(e->common, draft);
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
		if (v->type != out->type)
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
	if (sample_of(e, v, &sample) < 0 ||
	    (sample.type == PS_MAP ? infer_objects(e, key, v, &elem)
				   : infer(e, NULL, &sample, &elem)) < 0)
		return -1;
	if (elem == NULL)
		return fail(e, "a list has unrecognized members");
	draft.elem = elem;
	*out = interned(e, &draft);
	return 0;
}

static int
infer(struct expansion *e, const char *key, const struct ps_value *v,
    const struct ps_schema **out)
{
	struct ps_schema draft = { .type = v->type, .optional = true };

	*out = NULL;
	if (v->type == PS_MAP)
		return infer_struct(e, key, v, out);
	if (v->type == PS_ARRAY)
		return infer_array(e, key, v, out);
	if (v->type == PS_NULL && !e->nulls_are_bytes)
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
	if (v->type == PS_NULL)
		return 0;
	assert(s != NULL); /* infer() saw it */
	if (v->type == PS_MAP && s->type == PS_STRUCT)
		return convert_struct(e, s, v, out);
	if (v->type != s->type)
		return fail(e, "fields of one name are not of one type");
	return v->type == PS_ARRAY ? convert_array(e, s, v, out) : 0;
}

int
expand_json(const struct common *t, struct ps_arena *a, const char *name,
    bool nulls_are_bytes, struct node *p, struct ps_error *err)
{
	struct expansion e = { .common = t,
		.arena = a,
		.nulls_are_bytes = nulls_are_bytes,
		.err = err };
	struct ps_value read = ps_null(), converted = ps_null();
	const struct ps_schema *schema = NULL;

	if (p->value.type != PS_STRING || p->value.len == 0 ||
	    *p->value.s != '{')
		return fail(&e, "it is no text of an object");
	scan_init(&e.scan, (const uint8_t *)p->value.s, p->value.len, err);
	if (read_value(&e, 0, &read) < 0 ||
	    infer(&e, name, &read, &schema) < 0 ||
	    convert(&e, schema, &read, &converted) < 0)
		return -1;
	p->schema = schema;
	p->value = converted;
	return 0;
}
