#include "envelope.h"
#include "rename.h"
#include "schema_name.h"

struct router {
	struct common common;
	struct rename *topic, *key; /* key: NULL, the old topic */
	bool unique;
	enum adjustment adjustment;
	const char *key_field;
	size_t key_len;
};

/* What is made of a schema depends on the new topic as well. */
struct renamed {
	const char *topic;
};

static void
destroy(void *state)
{
	struct router *t = (struct router *)state;

	rename_free(&t->topic);
	rename_free(&t->key);
	common_free(t);
}

static int
configure(struct router *t, const struct ps_config *c, struct ps_error *err)
{
	t->unique = ps_config_bool(c, "key.enforce.uniqueness");
	t->key_field = ps_config_str(c, "key.field.name");
	t->key_len = strlen(t->key_field);
	t->adjustment = adjustment_of(ps_config_str(c, ADJUSTMENT_KEY));
	t->topic = rename_new(ps_config_str(c, "topic.regex"),
	    ps_config_str(c, "topic.replacement"), "topic.regex", err);
	if (t->topic == NULL)
		return -1;
	if (!ps_config_has(c, "key.field.regex"))
		return 0;
	if (!ps_config_has(c, "key.field.replacement"))
		return ps_fail(err, PS_E_CONFIG,
		    "Invalid value null for configuration "
		    "key.field.replacement: key.field.replacement must be set "
		    "as well as key.field.regex");
	t->key = rename_new(ps_config_str(c, "key.field.regex"),
	    ps_config_str(c, "key.field.replacement"), "key.field.regex", err);
	return t->key == NULL ? -1 : 0;
}

static void *
create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	struct router *t = (struct router *)common_new(sizeof *t, h, self, c);

	if (configure(t, c, err) == 0)
		return t;
	destroy(t);
	return NULL;
}

/* Found by schema and by the topic that it was made for. */
static const struct ps_schema *
made_for(const struct updates *u, const struct ps_schema *from,
    const char *topic)
{
	for (size_t i = 0; i < u->count; i++) {
		const struct renamed *n =
		    (const struct renamed *)u->rows[i].plan;

		if (u->rows[i].from == from && strcmp(n->topic, topic) == 0)
			return u->rows[i].to;
	}
	return NULL;
}

static const struct ps_schema *
keep_made(struct work *w, const struct ps_schema *from,
    const struct ps_schema *to, const char *topic)
{
	struct renamed *n = (struct renamed *)ps_alloc(w->arena, sizeof *n);

	n->topic = topic;
	return updates_add(&w->updates, from, to, n)->to;
}

/* As Java copies it: also whether it is optional. */
static struct ps_schema
draft_of(const struct router *t, struct work *w, const struct ps_schema *from,
    const char *topic, const char *word)
{
	struct ps_schema draft = struct_like(from);

	draft.optional = from->optional;
	draft.name = schema_name(w->arena, t->adjustment,
	    ps_printf(w->arena, "%s.%s", topic, word));
	draft.fields = from->fields;
	draft.field_count = from->field_count;
	return draft;
}

static const struct ps_schema *
key_schema(const struct router *t, struct work *w, const struct ps_schema *from,
    const char *topic)
{
	static const struct ps_schema text = { .type = PS_STRING };
	struct ps_field *fields = (struct ps_field *)ps_alloc(w->arena,
	    (from->field_count + 1) * sizeof *fields);
	struct ps_schema draft = draft_of(t, w, from, topic, "Key");

	if (from->field_count > 0)
		memcpy(fields, from->fields,
		    from->field_count * sizeof *fields);
	fields[from->field_count] =
	    (struct ps_field){ t->key_field, t->key_len, &text };
	draft.fields = fields;
	draft.field_count += t->unique;
	return common_intern(&t->common, &draft);
}

/* The old topic, or what the expression makes of it. */
static int
key_value(const struct router *t, struct work *w, const char *topic,
    struct ps_value *out)
{
	struct name n;
	int found = t->key == NULL ? 0
				   : rename_apply(t->key, topic, strlen(topic),
					 &n, w->err);

	if (found < 0)
		return -1;
	*out = found == 0 ? ps_text(topic)
			  : ps_string(ps_strndup(w->arena, n.s, n.len), n.len);
	return 0;
}

static int
check_key(const struct router *t, const struct ps_record *r,
    struct ps_error *err)
{
	const struct node key = { r->key_schema, r->key };

	if (node_struct(&key, "Updating schema", err) < 0)
		return -1;
	if (!t->unique ||
	    ps_field_index(r->key_schema, t->key_field, t->key_len) < 0)
		return 0;
	return ps_fail(err, PS_E_DATA,
	    "Cannot create field because of field name duplication %s: set "
	    "key.field.name",
	    t->key_field);
}

static int
set_key(const struct router *t, struct work *w, struct ps_record *r,
    const char *topic)
{
	const struct ps_schema *from = r->key_schema, *to;
	size_t n = r->key.len;
	struct ps_value *items;

	if (r->key.type == PS_NULL) {
		r->key_schema = NULL;
		return 0;
	}
	if (check_key(t, r, w->err) < 0)
		return -1;
	to = made_for(&w->updates, from, topic);
	if (to == NULL)
		to = keep_made(w, from, key_schema(t, w, from, topic), topic);
	items = (struct ps_value *)ps_alloc(w->arena, (n + 1) * sizeof *items);
	for (size_t i = 0; i < n; i++)
		items[i] = field_value(from, &r->key, i, true);
	if (t->unique && key_value(t, w, r->topic, &items[n]) < 0)
		return -1;
	r->key = ps_struct(items, n + t->unique);
	r->key_schema = to;
	return 0;
}

static bool
is_row(const struct ps_field *f)
{
	return strcmp(f->name, "before") == 0 || strcmp(f->name, "after") == 0;
}

/* Both rows get the schema of the one before, by its new name. */
static const struct ps_schema *
value_schema(const struct router *t, struct work *w,
    const struct ps_schema *from, const struct ps_schema *row,
    const char *topic)
{
	struct ps_schema draft = draft_of(t, w, from, topic, "Envelope");
	struct ps_schema *own =
	    (struct ps_schema *)ps_alloc(w->arena, sizeof *own);
	struct ps_field *fields = (struct ps_field *)ps_alloc(w->arena,
	    (from->field_count + 1) * sizeof *fields);

	*own = draft_of(t, w, row, topic, "Value");
	for (size_t i = 0; i < from->field_count; i++) {
		fields[i] = from->fields[i];
		if (is_row(&fields[i]))
			fields[i].schema = own;
	}
	draft.fields = fields;
	return common_intern(&t->common, &draft);
}

/* A row as one of the schema of the row before. */
static int
set_fields(struct work *w, const struct ps_schema *to, const struct node *row,
    struct ps_value *out)
{
	const struct ps_schema *from = row->schema;
	struct ps_value *items = (struct ps_value *)ps_calloc(w->arena,
	    to->field_count + 1, sizeof *items);
	int at;

	for (size_t i = 0; i < from->field_count; i++) {
		at = ps_field_index(to, from->fields[i].name,
		    from->fields[i].name_len);
		if (at < 0)
			return ps_fail(w->err, PS_E_DATA,
			    "%s is not a valid field name",
			    from->fields[i].name);
		items[at] = field_value(from, &row->value, i, true);
	}
	*out = ps_struct(items, to->field_count);
	return 0;
}

static int
set_envelope(struct work *w, struct ps_record *r, const struct ps_schema *to)
{
	const struct ps_schema *from = r->value_schema;
	struct ps_value *items = (struct ps_value *)ps_alloc(w->arena,
	    (from->field_count + 1) * sizeof *items);
	struct node row;

	for (size_t i = 0; i < from->field_count; i++) {
		items[i] = field_value(from, &r->value, i, true);
		if (!is_row(&from->fields[i]) || items[i].type == PS_NULL)
			continue;
		row = (struct node){ from->fields[i].schema, items[i] };
		if (node_struct(&row, "Updating schema", w->err) < 0 ||
		    set_fields(w, to->fields[i].schema, &row, &items[i]) < 0)
			return -1;
	}
	r->value = ps_struct(items, from->field_count);
	r->value_schema = to;
	return 0;
}

static int
set_value(const struct router *t, struct work *w, struct ps_record *r,
    const char *topic)
{
	struct node event = value_node(r), before;
	const struct ps_schema *to;

	if (event.value.type == PS_NULL || !envelope_is(r))
		return 0;
	if (node_struct(&event, "Updating schema", w->err) < 0 ||
	    node_typed(&event, "before", PS_STRUCT, &before, w->err) < 0)
		return -1;
	to = made_for(&w->updates, event.schema, topic);
	if (to == NULL)
		to = keep_made(w, event.schema,
		    value_schema(t, w, event.schema, before.schema, topic),
		    topic);
	return set_envelope(w, r, to);
}

static int
one(void *state, struct work *w, struct ps_record *r)
{
	const struct router *t = (const struct router *)state;
	const char *topic;
	struct name n;
	int found =
	    rename_apply(t->topic, r->topic, strlen(r->topic), &n, w->err);

	if (found <= 0 || n.len == 0)
		return found < 0 ? -1 : 0;
	topic = ps_strndup(w->arena, n.s, n.len);
	if (set_key(t, w, r, topic) < 0 || set_value(t, w, r, topic) < 0)
		return -1;
	r->topic = topic;
	return 0;
}

static void
apply(void *state, struct ps_batch *b, struct ps_record *const *records,
    size_t count)
{
	common_apply((struct common *)state, one, b, records, count);
}

const struct ps_transform_ops by_logical_table_router_ops = { create, apply,
	destroy };

const struct ps_key
    by_logical_table_router_keys[BY_LOGICAL_TABLE_ROUTER_KEYS] = {
	    { .name = "topic.regex",
		.type = PS_KEY_STRING,
		.importance = PS_LOW,
		.flags = PS_REQUIRED | PS_NOT_EMPTY | PS_REGEX,
		.doc =
		    "Which topics are put together; it has to match the whole "
		    "name." },
	    { .name = "topic.replacement",
		.type = PS_KEY_STRING,
		.importance = PS_LOW,
		.flags = PS_REQUIRED | PS_NOT_EMPTY,
		.doc = "The topic they are put together in." },
	    { .name = "key.enforce.uniqueness",
		.type = PS_KEY_BOOLEAN,
		.default_value = "true",
		.importance = PS_LOW,
		.doc =
		    "Whether keys get a field that tells the tables apart." },
	    { .name = "key.field.name",
		.type = PS_KEY_STRING,
		.default_value = "__dbz__physicalTableIdentifier",
		.importance = PS_LOW,
		.doc = "The name of that field." },
	    { .name = "key.field.regex",
		.type = PS_KEY_STRING,
		.importance = PS_LOW,
		.flags = PS_REGEX,
		.doc = "What the old topic is matched with to make the field's "
		       "value; without it the value is the old topic." },
	    { .name = "key.field.replacement",
		.type = PS_KEY_STRING,
		.importance = PS_LOW,
		.doc = "The field's value, made of what was matched." },
	    { .name = ADJUSTMENT_KEY,
		.type = PS_KEY_STRING,
		.default_value = "none",
		.importance = PS_LOW,
		.flags = PS_ANY_CASE,
		.choices = adjustments,
		.doc =
		    "How the new schemas' names are made fit for Avro. none: "
		    "they are as the topic is; avro: what Avro does not take "
		    "becomes _; avro_unicode: it becomes _uXXXX." },
	    { .name = "logical.table.cache.size",
		.type = PS_KEY_INT,
		.default_value = "16",
		.importance = PS_LOW,
		.doc = "Taken and not needed: nothing is kept from batch to "
		       "batch." },
    };
