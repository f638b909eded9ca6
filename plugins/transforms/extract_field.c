#include "path.h"

#define PURPOSE "field extraction"

struct extract {
	struct common common;
	struct path path;
};

static void *
create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	struct extract *t = (struct extract *)common_new(sizeof *t, h, self, c);

	if (path_read(&t->common, ps_config_str(c, "field"), path_is_nested(c),
		&t->path, err) == 0)
		return t;
	common_free(t);
	return NULL;
}

static int
one(void *state, struct work *w, struct ps_record *r)
{
	const struct extract *t = (const struct extract *)state;
	struct operand o = operand_of(r, t->common.side);
	const struct ps_schema *to = NULL, *from = *o.schema;
	const struct update *u;

	if (operand_check_or_null(from, o.value, PURPOSE, w->err) < 0)
		return -1;
	if (from != NULL) {
		u = updates_row(&w->updates, from);
		to = u != NULL ? u->to : path_schema(&t->path, from);
		if (to == NULL)
			return ps_fail(w->err, PS_E_DATA, "Unknown field: %s",
			    t->path.text);
		if (u == NULL)
			(void)updates_add(&w->updates, from, to, NULL);
	}
	*o.schema = to;
	return path_value(&t->path, from, o.value, t->common.null_default,
	    o.value, w->err);
}

static void
apply(void *state, struct ps_batch *b, struct ps_record *const *records,
    size_t count)
{
	common_apply((struct common *)state, one, b, records, count);
}

const struct ps_transform_ops extract_field_ops = { create, apply,
	common_free };

const struct ps_key extract_field_keys[EXTRACT_FIELD_KEYS] = {
	{ .name = "field",
	    .type = PS_KEY_STRING,
	    .importance = PS_MEDIUM,
	    .flags = PS_REQUIRED,
	    .doc = "The field that becomes the whole key or value." },
	PATH_KEY,
	NULL_DEFAULT_KEY,
};
