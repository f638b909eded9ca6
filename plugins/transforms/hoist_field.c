#include "leaves.h"

#define PURPOSE "field hoisting"

struct hoist {
	struct common common;
	const char *field;
	size_t len;
	struct path hoisted; /* no text: all of it */
	struct leaves leaves;
};

static const struct ps_schema *
wrapped(const struct hoist *t, const struct ps_schema *from)
{
	const struct ps_field field = { t->field, t->len, from };
	const struct ps_schema draft = { .type = PS_STRUCT,
		.fields = &field,
		.field_count = 1 };

	return common_intern(&t->common, &draft);
}

static struct ps_value
wrapped_value(const struct hoist *t, struct ps_arena *a,
    const struct ps_schema *from, const struct ps_value *v)
{
	struct ps_pair *pair;
	struct ps_value *item;

	if (from == NULL) {
		pair = (struct ps_pair *)ps_alloc(a, sizeof *pair);
		*pair = (struct ps_pair){ ps_string(t->field, t->len), *v };
		return ps_map(pair, 1);
	}
	item = (struct ps_value *)ps_alloc(a, sizeof *item);
	*item = *v;
	return ps_struct(item, 1);
}

/* ---- A field of it ---- */

static const struct ps_schema *
leaf_schema(void *state, struct work *w, size_t leaf,
    const struct ps_schema *from)
{
	(void)leaf;
	if (check_field(NULL, 0, ((const struct hoist *)state)->field,
		((const struct hoist *)state)->len, w->err) < 0)
		return NULL;
	return wrapped((const struct hoist *)state, from);
}

static int
leaf_value(void *state, struct work *w, size_t leaf,
    const struct ps_schema *from, struct ps_value *v)
{
	(void)leaf;
	*v = wrapped_value((const struct hoist *)state, w->arena, from, v);
	return 0;
}

static const struct leaf_ops leaf_ops = { .purpose = PURPOSE,
	.only_there = true,
	.schema = leaf_schema,
	.value = leaf_value };

/* ---- All of it ---- */

static int
hoist_all(struct hoist *t, struct work *w, const struct operand *o)
{
	const struct ps_schema *from = *o->schema;
	const struct update *u;

	if (from != NULL) {
		if (check_null(from, o->value, t->field, w->err) < 0)
			return -1;
		u = updates_row(&w->updates, from);
		if (u == NULL &&
		    check_field(NULL, 0, t->field, t->len, w->err) < 0)
			return -1;
		if (u == NULL)
			u = updates_add(&w->updates, from, wrapped(t, from),
			    NULL);
		*o->schema = u->to;
	}
	*o->value = wrapped_value(t, w->arena, from, o->value);
	return 0;
}

static int
one(void *state, struct work *w, struct ps_record *r)
{
	struct hoist *t = (struct hoist *)state;
	struct operand o = operand_of(r, t->common.side);

	if (t->hoisted.text == NULL)
		return hoist_all(t, w, &o);
	if (path_check(&t->hoisted, *o.schema, w->err) < 0)
		return -1;
	return leaves_apply(&t->leaves, &t->common, w, &o);
}

static void *
create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	struct hoist *t = (struct hoist *)common_new(sizeof *t, h, self, c);
	const char *hoisted = ps_config_str(c, "hoisted");

	t->field = ps_config_str(c, "field");
	t->len = strlen(t->field);
	t->leaves.ops = &leaf_ops;
	if (*hoisted == '\0')
		return t;
	if (path_read(&t->common, hoisted, path_is_nested(c), &t->hoisted,
		err) < 0) {
		common_free(t);
		return NULL;
	}
	leaves_add(&t->leaves, &t->common, &t->hoisted, 0);
	return t;
}

static void
apply(void *state, struct ps_batch *b, struct ps_record *const *records,
    size_t count)
{
	common_apply((struct common *)state, one, b, records, count);
}

const struct ps_transform_ops hoist_field_ops = { create, apply, common_free };

const struct ps_key hoist_field_keys[HOIST_FIELD_KEYS] = {
	{ .name = "field",
	    .type = PS_KEY_STRING,
	    .importance = PS_MEDIUM,
	    .flags = PS_REQUIRED,
	    .doc = "Name of the one field of the struct or map that is made." },
	{ .name = "hoisted",
	    .type = PS_KEY_STRING,
	    .default_value = "",
	    .importance = PS_MEDIUM,
	    .doc = "The field that is wrapped where it is. Empty: all of the "
		   "key or value." },
	PATH_KEY,
};
