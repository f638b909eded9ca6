#include "operand.h"

#define PURPOSE   "flattening"
#define MAX_DEPTH 100

struct flatten {
	struct common common;
	const char *delimiter;
	size_t len;
};

static void *
create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	struct flatten *t = (struct flatten *)common_new(sizeof *t, h, self, c);

	(void)err;
	t->delimiter = ps_config_str(c, "delimiter");
	t->len = strlen(t->delimiter);
	return t;
}

/* "" has no delimiter behind it. */
static struct ps_value
joined(const struct flatten *t, struct ps_arena *a, struct ps_value prefix,
    const char *name, size_t len)
{
	size_t room = prefix.len + t->len + len + 1, n = prefix.len;
	char *s;

	if (prefix.len == 0)
		return ps_string(name, len);
	s = (char *)ps_alloc(a, room);
	memcpy(s, prefix.s, n);
	memcpy(s + n, t->delimiter, t->len);
	n += t->len;
	memcpy(s + n, name, len);
	s[n + len] = '\0';
	return ps_string(s, n + len);
}

/* ---- With a schema ---- */

struct shape {
	const struct flatten *t;
	struct work *w;
	struct ps_field *fields;
	size_t count, room;
};

static int
add_field(struct shape *sh, struct ps_value name, const struct ps_schema *s,
    bool optional, const struct ps_value *usual)
{
	struct ps_schema *own =
	    (struct ps_schema *)ps_alloc(sh->w->arena, sizeof *own);
	const struct ps_schema made = { .fields = sh->fields,
		.field_count = sh->count };

	if (ps_field_index(&made, name.s, name.len) >= 0)
		return ps_fail(sh->w->err, PS_E_DATA,
		    "Cannot create field because of field name duplication "
		    "%.*s",
		    (int)name.len, name.s);
	*own = schema_like(s, s->type);
	own->elem = s->elem;
	own->optional = optional;
	own->default_value = usual;
	if (sh->count == sh->room) {
		struct ps_field *grown = (struct ps_field *)ps_alloc(
		    sh->w->arena, 2 * (sh->room + 8) * sizeof *grown);

		if (sh->count > 0)
			memcpy(grown, sh->fields, sh->count * sizeof *grown);
		sh->fields = grown;
		sh->room = 2 * (sh->room + 8);
	}
	sh->fields[sh->count++] =
	    (struct ps_field){ ps_strndup(sh->w->arena, name.s, name.len),
		    name.len, own };
	return 0;
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as MAX_DEPTH */
static int
flat_schema(struct shape *sh, const struct ps_schema *s, struct ps_value prefix,
    bool optional, const struct ps_value *usual, int depth)
{
	if (depth > MAX_DEPTH)
		return ps_fail(sh->w->err, PS_E_DATA,
		    "the schema nests deeper than %d", MAX_DEPTH);
	for (size_t i = 0; i < s->field_count; i++) {
		const struct ps_field *f = &s->fields[i];
		struct ps_value name =
		    joined(sh->t, sh->w->arena, prefix, f->name, f->name_len);
		const struct ps_value *own = f->schema->default_value;
		int rc;

		if (own == NULL && usual != NULL && usual->type == PS_STRUCT &&
		    usual->items[i].type != PS_NULL)
			own = &usual->items[i];
		if (f->schema->type == PS_MAP)
			return ps_fail(sh->w->err, PS_E_DATA,
			    "Flatten transformation does not support MAP for "
			    "record with schemas (for field %.*s).",
			    (int)name.len, name.s);
		if (f->schema->type == PS_STRUCT)
			rc = flat_schema(sh, f->schema, name,
			    optional || f->schema->optional, own, depth + 1);
		else
			rc = add_field(sh, name, f->schema,
			    optional || f->schema->optional, own);
		if (rc < 0)
			return -1;
	}
	return 0;
}

/* `v` is NULL or null inside a struct that is.
 * NOLINTNEXTLINE(misc-no-recursion): as deep as the schema, see above */
static struct ps_value *
flat_values(const struct ps_schema *s, const struct ps_value *v,
    struct ps_value *out)
{
	bool there = v != NULL && v->type == PS_STRUCT;

	for (size_t i = 0; i < s->field_count; i++) {
		const struct ps_schema *f = s->fields[i].schema;
		struct ps_value item =
		    there ? field_value(s, v, i, true) : ps_null();

		if (f->type == PS_STRUCT)
			out = flat_values(f, &item, out);
		else
			*out++ = item;
	}
	return out;
}

static const struct update *
flat_update(const struct flatten *t, struct work *w,
    const struct ps_schema *from)
{
	struct shape sh = { .t = t, .w = w };
	struct ps_schema draft = struct_like(from);

	if (flat_schema(&sh, from, ps_string("", 0), from->optional,
		from->default_value, 0) < 0)
		return NULL;
	draft.fields = sh.fields;
	draft.field_count = sh.count;
	return updates_add(&w->updates, from, common_intern(&t->common, &draft),
	    NULL);
}

/* A null that only is one because what it was in is null. */
static int
check_fields(const struct ps_schema *s, const struct ps_value *v,
    struct ps_error *err)
{
	for (size_t i = 0; i < v->len; i++)
		if (v->items[i].type == PS_NULL &&
		    check_null(s->fields[i].schema, &v->items[i],
			s->fields[i].name, err) < 0)
			return -1;
	return 0;
}

static int
flatten_struct(const struct flatten *t, struct work *w, const struct operand *o)
{
	const struct ps_schema *from = *o->schema;
	const struct update *u = updates_row(&w->updates, from);
	struct ps_value *items;

	if (u == NULL)
		u = flat_update(t, w, from);
	if (u == NULL)
		return -1;
	items = (struct ps_value *)ps_alloc(w->arena,
	    (u->to->field_count + 1) * sizeof *items);
	(void)flat_values(from, o->value, items);
	*o->value = ps_struct(items, u->to->field_count);
	*o->schema = u->to;
	return check_fields(u->to, o->value, w->err);
}

/* ---- Without one ---- */

/* NOLINTNEXTLINE(misc-no-recursion): as deep as MAX_DEPTH */
static size_t
leaf_count(const struct ps_value *v, int depth)
{
	size_t n = 0;

	if (v->type != PS_MAP || depth > MAX_DEPTH)
		return 1;
	for (uint32_t i = 0; i < v->len; i++)
		n += leaf_count(&v->pairs[i].value, depth + 1);
	return n;
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as MAX_DEPTH */
static int
flat_map(const struct flatten *t, struct work *w, const struct ps_value *v,
    struct ps_value prefix, struct ps_value *out, int depth)
{
	struct ps_pair *pairs = (struct ps_pair *)(uintptr_t)out->pairs;

	for (uint32_t i = 0; i < v->len; i++) {
		const struct ps_value *key = &v->pairs[i].key;
		const struct ps_value *item = &v->pairs[i].value;
		struct ps_value name;

		if (key->type != PS_STRING)
			return ps_fail(w->err, PS_E_DATA,
			    "key %u of the map is not a string", i);
		name = joined(t, w->arena, prefix, key->s, key->len);
		if (item->type == PS_MAP && depth < MAX_DEPTH) {
			if (flat_map(t, w, item, name, out, depth + 1) < 0)
				return -1;
		} else {
			struct ps_value *old =
			    (struct ps_value *)(uintptr_t)map_get(out, name.s,
				name.len);

			if (old != NULL)
				*old = *item;
			else
				pairs[out->len++] =
				    (struct ps_pair){ name, *item };
		}
	}
	return 0;
}

static int
one(void *state, struct work *w, struct ps_record *r)
{
	const struct flatten *t = (const struct flatten *)state;
	struct operand o = operand_of(r, t->common.side);
	struct ps_value out;

	if (o.value->type == PS_NULL)
		return 0;
	if (operand_check(&o, PURPOSE, w->err) < 0)
		return -1;
	if (*o.schema != NULL)
		return flatten_struct(t, w, &o);
	out = ps_map((struct ps_pair *)ps_alloc(w->arena,
			 (leaf_count(o.value, 0) + 1) * sizeof(struct ps_pair)),
	    0);
	if (flat_map(t, w, o.value, ps_string("", 0), &out, 0) < 0)
		return -1;
	*o.value = out;
	return 0;
}

static void
apply(void *state, struct ps_batch *b, struct ps_record *const *records,
    size_t count)
{
	common_apply((struct common *)state, one, b, records, count);
}

const struct ps_transform_ops flatten_ops = { create, apply, common_free };

const struct ps_key flatten_keys[FLATTEN_KEYS] = {
	{ .name = "delimiter",
	    .type = PS_KEY_STRING,
	    .default_value = ".",
	    .importance = PS_MEDIUM,
	    .doc = "What stands between the names of nested fields when they "
		   "are joined." },
};
