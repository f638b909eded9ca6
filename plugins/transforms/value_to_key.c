#include "path.h"

#define PURPOSE "copying fields from value to key"

struct value_to_key {
	struct common common;
	struct names fields;
	struct path *paths;
};

static void *
create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	struct value_to_key *t =
	    (struct value_to_key *)common_new(sizeof *t, h, self, c);

	t->fields = common_names(&t->common, c, "fields");
	t->paths = (struct path *)common_alloc(&t->common,
	    (t->fields.count + 1) * sizeof *t->paths);
	for (size_t i = 0; i < t->fields.count; i++)
		if (path_read(&t->common, t->fields.items[i], path_is_nested(c),
			&t->paths[i], err) < 0) {
			common_free(t);
			return NULL;
		}
	return t;
}

/* The name of a key's field: the last step of its path. */
static struct step
name_of(const struct value_to_key *t, size_t i)
{
	return t->paths[i].steps[t->paths[i].count - 1];
}

static const struct ps_schema *
key_schema(const struct value_to_key *t, struct work *w,
    const struct ps_schema *from)
{
	struct ps_field *fields = (struct ps_field *)ps_alloc(w->arena,
	    (t->fields.count + 1) * sizeof *fields);
	struct ps_schema draft = { .type = PS_STRUCT, .fields = fields };

	for (size_t i = 0; i < t->fields.count; i++) {
		struct step name = name_of(t, i);
		const struct ps_schema *s = path_schema(&t->paths[i], from);

		if (s == NULL) {
			(void)ps_fail(w->err, PS_E_DATA,
			    "Field does not exist: %s", t->fields.items[i]);
			return NULL;
		}
		if (check_field(fields, i, name.name, name.len, w->err) < 0)
			return NULL;
		fields[draft.field_count++] =
		    (struct ps_field){ name.name, name.len, s };
	}
	return common_intern(&t->common, &draft);
}

static int
from_struct(const struct value_to_key *t, struct work *w, struct ps_record *r)
{
	const struct update *u = updates_row(&w->updates, r->value_schema);
	struct ps_value *items = (struct ps_value *)ps_alloc(w->arena,
	    (t->fields.count + 1) * sizeof *items);

	if (u == NULL) {
		const struct ps_schema *to = key_schema(t, w, r->value_schema);

		if (to == NULL)
			return -1;
		u = updates_add(&w->updates, r->value_schema, to, NULL);
	}
	for (size_t i = 0; i < t->fields.count; i++)
		if (path_value(&t->paths[i], r->value_schema, &r->value,
			t->common.null_default, &items[i], w->err) < 0)
			return -1;
	r->key = ps_struct(items, t->fields.count);
	r->key_schema = u->to;
	return 0;
}

static int
from_map(const struct value_to_key *t, struct work *w, struct ps_record *r)
{
	struct ps_value key = ps_map(NULL, 0), v;

	for (size_t i = 0; i < t->fields.count; i++) {
		struct step name = name_of(t, i);

		if (path_value(&t->paths[i], NULL, &r->value, false, &v,
			w->err) < 0)
			return -1;
		key = map_put(w->arena, &key, name.name, name.len, v);
	}
	r->key = key;
	r->key_schema = NULL;
	return 0;
}

static int
one(void *state, struct work *w, struct ps_record *r)
{
	const struct value_to_key *t = (const struct value_to_key *)state;
	struct operand o = operand_of(r, SIDE_VALUE);

	if (operand_check(&o, PURPOSE, w->err) < 0)
		return -1;
	return r->value_schema == NULL ? from_map(t, w, r)
				       : from_struct(t, w, r);
}

static void
apply(void *state, struct ps_batch *b, struct ps_record *const *records,
    size_t count)
{
	common_apply((struct common *)state, one, b, records, count);
}

const struct ps_transform_ops value_to_key_ops = { create, apply, common_free };

const struct ps_key value_to_key_keys[VALUE_TO_KEY_KEYS] = {
	{ .name = "fields",
	    .type = PS_KEY_LIST,
	    .importance = PS_HIGH,
	    .flags = PS_REQUIRED | PS_NOT_EMPTY,
	    .doc = "Fields of the value that make up the new key." },
	NULL_DEFAULT_KEY,
	PATH_KEY,
};
