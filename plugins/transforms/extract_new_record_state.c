#include "envelope.h"

#define DELETED "__deleted"

enum mode { DROP, TOMBSTONE, REWRITE, REWRITE_WITH, TO_TOMBSTONE };

static const char *const modes[] = { "drop", "tombstone", "rewrite",
	"rewrite-with-tombstone", "delete-to-tombstone", NULL };

/* What is added, from the event's metadata: "source.ts_ms" as __source_ts_ms */
struct addition {
	const char *in, *field; /* in: NULL, it is at the top */
	const char *name;
	size_t name_len;
	bool anywhere; /* of source, or else of the payload */
};

struct additions {
	struct addition *items;
	size_t count;
};

struct extract {
	struct common common;
	enum mode mode;
	struct additions fields, headers;
	const char *route; /* route.by.field, "" for none */
};

/* Where a name without a struct is. */
static const char *
home_of(const char *field, bool *anywhere)
{
	static const char *const top[] = { "op", "ts_ms", "ts_us", "ts_ns",
		NULL };
	static const char *const transaction[] = { "id", "total_order",
		"data_collection_order", NULL };

	for (size_t i = 0; top[i] != NULL; i++)
		if (strcmp(top[i], field) == 0)
			return NULL;
	for (size_t i = 0; transaction[i] != NULL; i++)
		if (strcmp(transaction[i], field) == 0)
			return "transaction";
	*anywhere = true;
	return "source";
}

static void
read_addition(struct extract *t, struct addition *a, const char *spec,
    const char *prefix)
{
	char *path = common_strdup(&t->common, spec), *colon, *dot, *name;
	const char *given;

	colon = strchr(path, ':');
	if (colon != NULL)
		*colon = '\0';
	given = colon != NULL ? colon + 1 : path;
	name = (char *)common_alloc(&t->common,
	    strlen(prefix) + strlen(given) + 1);
	a->name_len = (size_t)(stpcpy(stpcpy(name, prefix), given) - name);
	for (char *p = name; colon == NULL && *p != '\0'; p++)
		if (*p == '.')
			*p = '_';
	a->name = name;
	dot = strchr(path, '.');
	a->field = dot != NULL ? dot + 1 : path;
	if (dot != NULL) {
		*dot = '\0';
		a->in = path;
	} else {
		a->in = home_of(path, &a->anywhere);
	}
}

static struct additions
read_additions(struct extract *t, const struct ps_config *c, const char *key)
{
	struct names specs = common_names(&t->common, c, key);
	struct additions out = { NULL, specs.count };
	char prefix_key[64];

	(void)snprintf(prefix_key, sizeof prefix_key, "%s.prefix", key);
	out.items = (struct addition *)common_alloc(&t->common,
	    (specs.count + 1) * sizeof *out.items);
	for (size_t i = 0; i < specs.count; i++)
		read_addition(t, &out.items[i], specs.items[i],
		    ps_config_str(c, prefix_key));
	return out;
}

static void *
create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	const char *mode = ps_config_str(c, "delete.tombstone.handling.mode");
	struct extract *t = (struct extract *)common_new(sizeof *t, h, self, c);

	(void)err;
	while (modes[t->mode] != NULL && strcmp(modes[t->mode], mode) != 0)
		t->mode++;
	t->fields = read_additions(t, c, "add.fields");
	t->headers = read_additions(t, c, "add.headers");
	t->route = ps_config_str(c, "route.by.field");
	return t;
}

static int
find_addition(const struct addition *a, const struct ps_record *r,
    const struct part *row, struct part *out, struct ps_error *err)
{
	struct part whole = value_part(r), in = whole;

	if (a->in != NULL)
		in = part_field(&whole, a->in, strlen(a->in));
	*out = part_field(&in, a->field, strlen(a->field));
	if (out->schema == NULL && a->anywhere)
		*out = part_field(row, a->field, strlen(a->field));
	if (out->schema != NULL)
		return 0;
	return ps_fail(err, PS_E_DATA, "Unable to find field %s in %s",
	    a->field, a->in == NULL ? "the event" : a->in);
}

static int
add_headers(const struct extract *t, struct work *w, struct ps_record *r,
    const struct part *row)
{
	size_t n = r->header_count;
	struct ps_header *all;
	struct part found;

	if (t->headers.count == 0)
		return 0;
	all = (struct ps_header *)ps_alloc(w->arena,
	    (n + t->headers.count) * sizeof *all);
	if (n > 0)
		memcpy(all, r->headers, n * sizeof *all);
	for (size_t i = 0; i < t->headers.count; i++) {
		const struct addition *a = &t->headers.items[i];

		if (find_addition(a, r, row, &found, w->err) < 0)
			return -1;
		all[n++] = (struct ps_header){ .name = a->name,
			.name_len = a->name_len,
			.value = found.value,
			.schema = found.schema };
	}
	r->headers = all;
	r->header_count = n;
	return 0;
}

static bool
rewrites(const struct extract *t)
{
	return t->mode == REWRITE || t->mode == REWRITE_WITH;
}

/* The row's fields, __deleted, and what is added; all but the first optional
 * or text. */
static const struct ps_schema *
row_schema(const struct extract *t, struct work *w, const struct ps_record *r,
    const struct part *row)
{
	static const struct ps_schema text = { .type = PS_STRING,
		.optional = true };
	const struct ps_schema *from = row->schema;
	struct ps_schema draft = struct_like(from), *own;
	struct ps_field *fields = (struct ps_field *)ps_alloc(w->arena,
	    (from->field_count + 1 + t->fields.count) * sizeof *fields);
	size_t n = from->field_count;
	struct part found;

	memcpy(fields, from->fields, n * sizeof *fields);
	if (rewrites(t))
		fields[n++] =
		    (struct ps_field){ DELETED, strlen(DELETED), &text };
	for (size_t i = 0; i < t->fields.count; i++) {
		const struct addition *a = &t->fields.items[i];

		if (find_addition(a, r, row, &found, w->err) < 0)
			return NULL;
		own = (struct ps_schema *)ps_alloc(w->arena, sizeof *own);
		*own = *found.schema;
		own->optional = true;
		fields[n++] = (struct ps_field){ a->name, a->name_len, own };
	}
	draft.fields = fields;
	draft.field_count = n;
	return common_intern(&t->common, &draft);
}

static int
set_row(const struct extract *t, struct work *w, struct ps_record *r,
    const struct part *row, bool deleted)
{
	const struct update *u = updates_row(&w->updates, r->value_schema);
	size_t n = row->value.len;
	const struct ps_schema *to;
	struct ps_value *items;
	struct part found;

	if (u == NULL) {
		to = rewrites(t) || t->fields.count > 0
			 ? row_schema(t, w, r, row)
			 : row->schema;
		if (to == NULL)
			return -1;
		u = updates_add(&w->updates, r->value_schema, to, NULL);
	}
	items = (struct ps_value *)ps_alloc(w->arena,
	    (n + 1 + t->fields.count) * sizeof *items);
	for (size_t i = 0; i < n; i++)
		items[i] = field_value(row->schema, &row->value, i,
		    t->common.null_default);
	if (rewrites(t))
		items[n++] = ps_text(deleted ? "true" : "false");
	for (size_t i = 0; i < t->fields.count; i++) {
		if (find_addition(&t->fields.items[i], r, row, &found, w->err) <
		    0)
			return -1;
		items[n++] = found.value;
	}
	r->value = ps_struct(items, n);
	r->value_schema = u->to;
	return 0;
}

static int
set_deleted(const struct extract *t, struct work *w, struct ps_record *r,
    const struct part *before)
{
	if (t->mode == DROP) {
		r->outcome = PS_DROPPED;
		return 0;
	}
	if (rewrites(t) && before->value.type == PS_STRUCT)
		return set_row(t, w, r, before, true);
	r->value = ps_null();
	r->value_schema = t->mode == TO_TOMBSTONE ? NULL : before->schema;
	return 0;
}

static void
route(const struct extract *t, struct work *w, struct ps_record *r,
    const struct part *row)
{
	struct part to = part_field(row, t->route, strlen(t->route));

	if (*t->route != '\0' && to.value.type == PS_STRING)
		r->topic = ps_strndup(w->arena, to.value.s, to.value.len);
}

static int
one(void *state, struct work *w, struct ps_record *r)
{
	const struct extract *t = (const struct extract *)state;
	struct part whole, before, after;

	if (r->value.type == PS_NULL) {
		if (t->mode != REWRITE_WITH)
			r->outcome = PS_DROPPED;
		return 0;
	}
	if (!envelope_is(r))
		return 0;
	if (envelope_op(r) == 't') {
		r->outcome = PS_DROPPED;
		return 0;
	}
	whole = value_part(r);
	before = part_field(&whole, "before", 6);
	after = part_field(&whole, "after", 5);
	if (after.value.type != PS_STRUCT) {
		if (before.schema == NULL)
			before = after;
		route(t, w, r, &before);
		if (add_headers(t, w, r, &before) < 0)
			return -1;
		return set_deleted(t, w, r, &before);
	}
	route(t, w, r, &after);
	if (add_headers(t, w, r, &after) < 0)
		return -1;
	return set_row(t, w, r, &after, false);
}

static void
apply(void *state, struct ps_batch *b, struct ps_record *const *records,
    size_t count)
{
	common_apply((struct common *)state, one, b, records, count);
}

const struct ps_transform_ops extract_new_record_state_ops = { create, apply,
	common_free };

const struct ps_key
    extract_new_record_state_keys[EXTRACT_NEW_RECORD_STATE_KEYS] = {
	    { .name = "delete.tombstone.handling.mode",
		.type = PS_KEY_STRING,
		.default_value = "tombstone",
		.importance = PS_MEDIUM,
		.choices = modes,
		.doc = "What becomes of deletes and of the records without a "
		       "value "
		       "behind them. drop: both are dropped; tombstone: the "
		       "delete "
		       "becomes a record without a value; rewrite: the row "
		       "before, "
		       "with __deleted; rewrite-with-tombstone: both are kept; "
		       "delete-to-tombstone: as tombstone, without a schema." },
	    { .name = "add.fields",
		.type = PS_KEY_LIST,
		.default_value = "",
		.importance = PS_LOW,
		.doc = "Metadata to add as fields, such as op, table, "
		       "source.ts_ms, transaction.id or op:operation." },
	    { .name = "add.fields.prefix",
		.type = PS_KEY_STRING,
		.default_value = "__",
		.importance = PS_LOW,
		.doc = "What the names of added fields begin with." },
	    { .name = "add.headers",
		.type = PS_KEY_LIST,
		.default_value = "",
		.importance = PS_LOW,
		.doc = "Metadata to add as headers, named as for add.fields." },
	    { .name = "add.headers.prefix",
		.type = PS_KEY_STRING,
		.default_value = "__",
		.importance = PS_LOW,
		.doc = "What the names of added headers begin with." },
	    { .name = "route.by.field",
		.type = PS_KEY_STRING,
		.default_value = "",
		.importance = PS_LOW,
		.doc = "The row's field that is the new topic." },
	    { .name = "drop.fields.header.name",
		.type = PS_KEY_STRING,
		.importance = PS_LOW,
		.flags = PS_UNSUPPORTED,
		.doc = "The header that lists fields to be dropped." },
	    { .name = "drop.fields.from.key",
		.type = PS_KEY_BOOLEAN,
		.default_value = "false",
		.importance = PS_LOW,
		.flags = PS_UNSUPPORTED,
		.doc = "Whether they are dropped from the key as well." },
	    { .name = "drop.fields.keep.schema.compatible",
		.type = PS_KEY_BOOLEAN,
		.default_value = "true",
		.importance = PS_LOW,
		.flags = PS_UNSUPPORTED,
		.doc = "Whether only optional fields are dropped." },
	    NULL_DEFAULT_KEY,
    };
