#include "envelope.h"
#include "rename.h"

struct router {
	struct common common;
	struct rename *topic, *key; /* key: NULL, the old topic */
	bool unique;
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

static const struct ps_schema *
key_schema(const struct router *t, struct work *w, const struct ps_schema *from,
    const char *topic)
{
	static const struct ps_schema text = { .type = PS_STRING };
	struct ps_field *fields = (struct ps_field *)ps_alloc(w->arena,
	    (from->field_count + 1) * sizeof *fields);
	struct ps_schema draft = struct_like(from);

	if (from->field_count > 0)
		memcpy(fields, from->fields,
		    from->field_count * sizeof *fields);
	fields[from->field_count] =
	    (struct ps_field){ t->key_field, t->key_len, &text };
	draft.name = ps_printf(w->arena, "%s.Key", topic);
	draft.fields = fields;
	draft.field_count = from->field_count + 1;
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
set_key(const struct router *t, struct work *w, struct ps_record *r,
    const char *topic)
{
	const struct ps_schema *from = r->key_schema, *to;
	struct ps_value *items;

	if (!t->unique || from == NULL || from->type != PS_STRUCT ||
	    r->key.type != PS_STRUCT)
		return 0;
	if (ps_field_index(from, t->key_field, t->key_len) >= 0)
		return ps_fail(w->err, PS_E_DATA,
		    "the key has a field %s already: set key.field.name",
		    t->key_field);
	to = made_for(&w->updates, from, topic);
	if (to == NULL)
		to = keep_made(w, from, key_schema(t, w, from, topic), topic);
	items = (struct ps_value *)ps_alloc(w->arena,
	    (r->key.len + (size_t)1) * sizeof *items);
	if (r->key.len > 0)
		memcpy(items, r->key.items, r->key.len * sizeof *items);
	if (key_value(t, w, r->topic, &items[r->key.len]) < 0)
		return -1;
	r->key = ps_struct(items, r->key.len + (size_t)1);
	r->key_schema = to;
	return 0;
}

/* before and after become rows of the new topic, too. */
static const struct ps_schema *
value_schema(const struct router *t, struct work *w,
    const struct ps_schema *from, const char *topic)
{
	struct ps_schema draft = *from, *own;
	struct ps_field *fields = (struct ps_field *)ps_alloc(w->arena,
	    (from->field_count + 1) * sizeof *fields);
	bool envelope =
	    from->name != NULL && ends_with(from->name, ".Envelope");

	draft.name =
	    ps_printf(w->arena, envelope ? "%s.Envelope" : "%s.Value", topic);
	draft.fields = fields;
	for (size_t i = 0; i < from->field_count; i++) {
		fields[i] = from->fields[i];
		if (!envelope || (strcmp(fields[i].name, "before") != 0 &&
				     strcmp(fields[i].name, "after") != 0))
			continue;
		own = (struct ps_schema *)ps_alloc(w->arena, sizeof *own);
		*own = *fields[i].schema;
		own->name = ps_printf(w->arena, "%s.Value", topic);
		fields[i].schema = own;
	}
	return common_intern(&t->common, &draft);
}

static int
one(void *state, struct work *w, struct ps_record *r)
{
	const struct router *t = (const struct router *)state;
	const struct ps_schema *from = r->value_schema, *to;
	const char *topic;
	struct name n;
	int found =
	    rename_apply(t->topic, r->topic, strlen(r->topic), &n, w->err);

	if (found <= 0 || n.len == 0)
		return found < 0 ? -1 : 0;
	topic = ps_strndup(w->arena, n.s, n.len);
	if (set_key(t, w, r, topic) < 0)
		return -1;
	if (from != NULL && from->type == PS_STRUCT) {
		to = made_for(&w->updates, from, topic);
		if (to == NULL)
			to = keep_made(w, from, value_schema(t, w, from, topic),
			    topic);
		r->value_schema = to;
	}
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
		.flags = PS_REQUIRED | PS_REGEX,
		.doc =
		    "Which topics are put together; it has to match the whole "
		    "name." },
	    { .name = "topic.replacement",
		.type = PS_KEY_STRING,
		.importance = PS_LOW,
		.flags = PS_REQUIRED,
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
	    { .name = "logical.table.cache.size",
		.type = PS_KEY_INT,
		.default_value = "16",
		.importance = PS_LOW,
		.doc = "Taken and not needed: nothing is kept from batch to "
		       "batch." },
    };
