#include "operand.h"

struct set_schema {
	struct common common;
	const char *name;
	int32_t version;
	bool has_version;
};

static void *
create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	struct set_schema *t =
	    (struct set_schema *)common_new(sizeof *t, h, self, c);

	t->name = ps_config_get(c, "schema.name");
	t->has_version = ps_config_get(c, "schema.version") != NULL;
	if (t->has_version)
		t->version = (int32_t)ps_config_int(c, "schema.version");
	if (t->name != NULL || t->has_version)
		return t;
	(void)ps_fail(err, PS_E_CONFIG,
	    "Neither schema name nor version configured");
	common_free(t);
	return NULL;
}

static int
one(void *state, struct work *w, struct ps_record *r)
{
	const struct set_schema *t = (const struct set_schema *)state;
	struct operand o = operand_of(r, t->common.side);
	const struct update *u;
	struct ps_schema draft;

	if (o.value->type == PS_NULL && *o.schema == NULL)
		return 0;
	if (*o.schema == NULL)
		return ps_fail(w->err, PS_E_DATA,
		    "Schema required for [updating schema metadata]");
	if ((*o.schema)->type != PS_STRUCT)
		return ps_fail(w->err, PS_E_DATA,
		    "Cannot list fields on non-struct type");
	u = updates_row(&w->updates, *o.schema);
	if (u == NULL) {
		draft = **o.schema;
		draft.name = t->name != NULL ? t->name : draft.name;
		draft.version = t->has_version ? t->version : draft.version;
		u = updates_add(&w->updates, *o.schema,
		    common_intern(&t->common, &draft), NULL);
	}
	*o.schema = u->to;
	if (o.value->type == PS_STRUCT && u->defaults)
		*o.value = ps_struct(
		    fields_copy(w, u, o.value, 0, t->common.null_default),
		    o.value->len);
	return 0;
}

static void
apply(void *state, struct ps_batch *b, struct ps_record *const *records,
    size_t count)
{
	common_apply((struct common *)state, one, b, records, count);
}

const struct ps_transform_ops set_schema_metadata_ops = { create, apply,
	common_free };

const struct ps_key set_schema_metadata_keys[SET_SCHEMA_METADATA_KEYS] = {
	{ .name = "schema.name",
	    .type = PS_KEY_STRING,
	    .importance = PS_HIGH,
	    .doc = "Schema name to set." },
	{ .name = "schema.version",
	    .type = PS_KEY_INT,
	    .importance = PS_HIGH,
	    .doc = "Schema version to set." },
	NULL_DEFAULT_KEY,
};
