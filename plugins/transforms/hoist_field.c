#include "operand.h"

struct hoist {
	struct common common;
	const char *field;
	size_t len;
};

static void *
create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	struct hoist *t = (struct hoist *)common_new(sizeof *t, h, self, c);

	(void)err;
	t->field = ps_config_str(c, "field");
	t->len = strlen(t->field);
	return t;
}

static const struct ps_schema *
wrapped(const struct hoist *t, const struct ps_schema *from)
{
	const struct ps_field field = { t->field, t->len, from };
	const struct ps_schema draft = { .type = PS_STRUCT,
		.fields = &field,
		.field_count = 1 };

	return common_intern(&t->common, &draft);
}

static int
one(void *state, struct work *w, struct ps_record *r)
{
	const struct hoist *t = (const struct hoist *)state;
	struct operand o = operand_of(r, t->common.side);
	const struct update *u;
	struct ps_pair *pair;
	struct ps_value *item;

	if (*o.schema == NULL) {
		pair = (struct ps_pair *)ps_alloc(w->arena, sizeof *pair);
		*pair =
		    (struct ps_pair){ ps_string(t->field, t->len), *o.value };
		*o.value = ps_map(pair, 1);
		return 0;
	}
	if (check_null(*o.schema, o.value, t->field, w->err) < 0)
		return -1;
	u = updates_row(&w->updates, *o.schema);
	if (u == NULL)
		u = updates_add(&w->updates, *o.schema, wrapped(t, *o.schema),
		    NULL);
	item = (struct ps_value *)ps_alloc(w->arena, sizeof *item);
	*item = *o.value;
	*o.value = ps_struct(item, 1);
	*o.schema = u->to;
	return 0;
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
};
