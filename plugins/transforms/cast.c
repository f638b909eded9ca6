#include "cast_value.h"
#include "leaves.h"

struct cast {
	struct common common;
	struct leaves leaves;
	enum ps_type *types; /* of each leaf */
	size_t count;
	enum ps_type whole; /* PS_NULL: casts fields */
};

#define SUPPORTED \
	"[INT8, INT16, INT32, INT64, FLOAT32, FLOAT64, BOOLEAN, STRING]"

static int
read_type(const char *text, enum ps_type *out, struct ps_error *err)
{
	static const struct {
		const char *name;
		enum ps_type type;
	} rows[] = {
		{ "int8", PS_INT8 },
		{ "int16", PS_INT16 },
		{ "int32", PS_INT32 },
		{ "int64", PS_INT64 },
		{ "float32", PS_FLOAT32 },
		{ "float64", PS_FLOAT64 },
		{ "boolean", PS_BOOLEAN },
		{ "string", PS_STRING },
	};
	static const char *const others[] = { "BYTES", "ARRAY", "MAP",
		"STRUCT" };

	text += strspn(text, " ");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (strcasecmp(text, rows[i].name) == 0) {
			*out = rows[i].type;
			return 0;
		}
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (strcasecmp(text, others[i]) == 0)
			return ps_fail(err, PS_E_CONFIG,
			    "Cast transformation does not support casting to "
			    "%s; supported types are " SUPPORTED,
			    others[i]);
	return ps_fail(err, PS_E_CONFIG,
	    "Invalid type found in casting spec: %s", text);
}

/* "field:type", or "type" for all of it */
static int
read_spec(struct cast *t, const char *spec, bool nested, struct ps_error *err)
{
	char *field = common_strdup(&t->common, spec);
	char *colon = strchr(field, ':');
	struct path path;
	size_t len;

	if (colon == NULL)
		return read_type(field, &t->whole, err);
	if (strchr(colon + 1, ':') != NULL)
		return ps_fail(err, PS_E_CONFIG, "Invalid rename mapping: %s",
		    spec);
	*colon = '\0';
	for (len = strlen(field); len > 0 && field[len - 1] == ' ';)
		field[--len] = '\0';
	if (read_type(colon + 1, &t->types[t->count], err) < 0 ||
	    path_read(&t->common, field, nested, &path, err) < 0)
		return -1;
	leaves_add(&t->leaves, &t->common, &path, t->count++);
	return 0;
}

static int
read_specs(struct cast *t, const struct ps_config *c, struct ps_error *err)
{
	struct names specs = common_names(&t->common, c, "spec");

	if (specs.count == 0)
		return ps_fail(err, PS_E_CONFIG,
		    "Must specify at least one field to cast.");
	t->types = (enum ps_type *)common_alloc(&t->common,
	    specs.count * sizeof *t->types);
	for (size_t i = 0; i < specs.count; i++)
		if (read_spec(t, specs.items[i], path_is_nested(c), err) < 0)
			return -1;
	if (t->whole != PS_NULL && specs.count > 1)
		return ps_fail(err, PS_E_CONFIG,
		    "Cast transformations that specify a type to cast the "
		    "entire value to may only specify a single cast in their "
		    "spec");
	return 0;
}

static const struct ps_schema *
cast_schema(struct cast *t, struct work *w, const struct ps_schema *from,
    enum ps_type type)
{
	struct ps_schema draft = { .type = type, .optional = from->optional };
	struct ps_value v;

	if (t->whole != PS_NULL) {
		draft = schema_like(from, type);
		draft.optional = from->optional;
	}
	if (from->default_value != NULL) {
		v = *from->default_value;
		if (cast_value(w->arena, from, &v, type, w->err) < 0)
			return NULL;
		draft.default_value = &v;
	}
	/* cppcheck-suppress returnDanglingLifetime ; it is copied */
	return common_intern(&t->common, &draft);
}

static const struct ps_schema *
leaf_schema(void *state, struct work *w, size_t leaf,
    const struct ps_schema *from)
{
	struct cast *t = (struct cast *)state;

	return cast_schema(t, w, from, t->types[leaf]);
}

static int
leaf_value(void *state, struct work *w, size_t leaf,
    const struct ps_schema *from, struct ps_value *v)
{
	return cast_value(w->arena, from, v,
	    ((struct cast *)state)->types[leaf], w->err);
}

static const struct leaf_ops leaf_ops = { .purpose = "type casting",
	.schema = leaf_schema,
	.value = leaf_value };

static void *
create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	struct cast *t = (struct cast *)common_new(sizeof *t, h, self, c);

	t->leaves.ops = &leaf_ops;
	if (read_specs(t, c, err) == 0)
		return t;
	(void)ps_fail_in(err, "Invalid value %s for configuration spec",
	    ps_config_str(c, "spec"));
	common_free(t);
	return NULL;
}

static int
cast_whole(struct cast *t, struct work *w, const struct operand *o)
{
	const struct ps_schema *from = *o->schema;
	const struct update *u;

	if (from != NULL) {
		u = updates_row(&w->updates, from);
		if (u == NULL) {
			const struct ps_schema *to =
			    cast_schema(t, w, from, t->whole);

			if (to == NULL)
				return -1;
			u = updates_add(&w->updates, from, to, NULL);
		}
		*o->schema = u->to;
	}
	return cast_value(w->arena, from, o->value, t->whole, w->err);
}

static int
one(void *state, struct work *w, struct ps_record *r)
{
	struct cast *t = (struct cast *)state;
	struct operand o = operand_of(r, t->common.side);

	if (o.value->type == PS_NULL)
		return 0;
	if (t->whole != PS_NULL)
		return cast_whole(t, w, &o);
	return leaves_apply(&t->leaves, &t->common, w, &o);
}

static void
apply(void *state, struct ps_batch *b, struct ps_record *const *records,
    size_t count)
{
	common_apply((struct common *)state, one, b, records, count);
}

const struct ps_transform_ops cast_ops = { create, apply, common_free };

const struct ps_key cast_keys[CAST_KEYS] = {
	{ .name = "spec",
	    .type = PS_KEY_LIST,
	    .importance = PS_HIGH,
	    .flags = PS_REQUIRED,
	    .doc = "Fields and the types to cast them to, as "
		   "field1:type,field2:type, or one type to cast all of a key "
		   "or value to. Types are int8, int16, int32, int64, float32, "
		   "float64, boolean and string." },
	NULL_DEFAULT_KEY,
	PATH_KEY,
};
