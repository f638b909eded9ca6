#include "leaves.h"

#define PURPOSE "field insertion"

enum source {
	FROM_TOPIC,
	FROM_PARTITION,
	FROM_OFFSET,
	FROM_TIMESTAMP,
	FROM_STATIC,
	SOURCES
};

static const char *const source_keys[SOURCES] = { "topic.field",
	"partition.field", "offset.field", "timestamp.field", "static.field" };

struct insertion {
	const char *name; /* NULL: not inserted */
	size_t len;
	bool optional;
	struct path parent;   /* no text: the field is one of the whole */
	struct leaves leaves; /* the parent, else */
};

struct insert {
	struct common common;
	struct insertion fields[SOURCES];
	size_t count;     /* all of them */
	bool has_whole;   /* some are no nested ones */
	const char *text; /* static.value */
};

static struct ps_schema
draft_of(enum source source, bool optional)
{
	static const enum ps_type types[] = { PS_STRING, PS_INT32, PS_INT64,
		PS_INT64, PS_STRING };
	struct ps_schema draft = { .type = types[source],
		.optional = optional };

	if (source == FROM_TIMESTAMP) {
		draft.name = PS_NAME_TIMESTAMP;
		draft.version = 1;
	}
	return draft;
}

/* PS_UNCHANGED: there is nothing to insert. */
static int
inserted(const struct insert *t, const struct ps_record *r, enum source source,
    struct ps_value *v, struct ps_error *err)
{
	*v = (struct ps_value){ .type = PS_UNCHANGED };
	switch (source) {
	case FROM_TOPIC:
		*v = ps_text(r->topic);
		return 0;
	case FROM_PARTITION:
		if (r->partition != PS_NO_PARTITION)
			*v = ps_int(PS_INT32, r->partition);
		return 0;
	case FROM_OFFSET:
		if (r->origin_offset == PS_NO_OFFSET)
			return ps_fail(err, PS_E_DATA,
			    "Only SinkRecord supported for [" PURPOSE
			    "], found: a source's record for offset.field");
		*v = ps_int64(r->origin_offset);
		return 0;
	case FROM_TIMESTAMP:
		if (r->timestamp != PS_NO_TIMESTAMP)
			*v = ps_int64(r->timestamp);
		return 0;
	case FROM_STATIC:
		*v = ps_text(t->text);
		return 0;
	case SOURCES:
		break;
	}
	return -1;
}

/* Is it to be inserted into that parent? NULL: into the whole. */
static bool
goes_into(const struct insertion *f, const struct insertion *nested)
{
	if (f->name == NULL)
		return false;
	return nested == NULL ? f->parent.text == NULL : f == nested;
}

static int
insert_in_map(const struct insert *t, const struct work *w,
    const struct insertion *nested, struct ps_value *value)
{
	struct ps_pair *pairs = (struct ps_pair *)ps_alloc(w->arena,
	    (value->len + t->count) * sizeof *pairs);
	size_t n = value->len, at;
	struct ps_value v;

	if (n > 0)
		memcpy(pairs, value->pairs, n * sizeof *pairs);
	for (int i = 0; i < SOURCES; i++) {
		const struct insertion *f = &t->fields[i];

		if (!goes_into(f, nested))
			continue;
		if (inserted(t, w->record, (enum source)i, &v, w->err) < 0)
			return -1;
		if (v.type == PS_UNCHANGED && i == FROM_PARTITION)
			continue;
		for (at = 0; at < n && !ps_is_text(&pairs[at].key, f->name);)
			at++;
		n += at == n;
		pairs[at].key = ps_string(f->name, f->len);
		pairs[at].value = v.type == PS_UNCHANGED ? ps_null() : v;
	}
	*value = ps_map(pairs, n);
	return 0;
}

static const struct ps_schema *
with_insertions(const struct insert *t, const struct work *w,
    const struct insertion *nested, const struct ps_schema *from)
{
	struct ps_schema draft = struct_like(from), *own;
	struct ps_field *fields = (struct ps_field *)ps_alloc(w->arena,
	    (from->field_count + t->count) * sizeof *fields);
	size_t n = from->field_count;

	if (n > 0)
		memcpy(fields, from->fields, n * sizeof *fields);
	for (int i = 0; i < SOURCES; i++) {
		const struct insertion *f = &t->fields[i];

		if (!goes_into(f, nested))
			continue;
		if (check_field(fields, n, f->name, f->len, w->err) < 0)
			return NULL;
		own = (struct ps_schema *)ps_alloc(w->arena, sizeof *own);
		*own = draft_of((enum source)i, f->optional);
		fields[n++] = (struct ps_field){ f->name, f->len, own };
	}
	/* A whole that may be null may not be so from here on, as in Connect.
	 */
	draft.optional = nested != NULL && from->optional;
	draft.fields = fields;
	draft.field_count = n;
	return common_intern(&t->common, &draft);
}

static int
insert_in_struct(const struct insert *t, const struct work *w,
    const struct insertion *nested, const struct ps_schema *from,
    struct ps_value *value)
{
	struct ps_value *items = (struct ps_value *)ps_alloc(w->arena,
	    (from->field_count + t->count) * sizeof *items);
	size_t n = from->field_count;

	for (size_t i = 0; i < n; i++)
		items[i] = field_value(from, value, i, t->common.null_default);
	for (int i = 0; i < SOURCES; i++) {
		const struct insertion *f = &t->fields[i];

		if (!goes_into(f, nested))
			continue;
		if (inserted(t, w->record, (enum source)i, &items[n], w->err) <
		    0)
			return -1;
		if (items[n].type == PS_UNCHANGED) {
			items[n] = ps_null();
			if (!f->optional)
				return ps_fail(w->err, PS_E_DATA,
				    "field %s is required, the record has no "
				    "value for %s",
				    f->name, source_keys[i]);
		}
		n++;
	}
	*value = ps_struct(items, n);
	return 0;
}

/* ---- Into a struct or map inside ---- */

static const struct ps_schema *
leaf_schema(void *state, struct work *w, size_t leaf,
    const struct ps_schema *from)
{
	const struct insert *t = (const struct insert *)state;

	if (from->type == PS_STRUCT)
		return with_insertions(t, w, &t->fields[leaf], from);
	(void)ps_fail(w->err, PS_E_DATA,
	    "Only Struct objects supported for [" PURPOSE
	    "], the parent of %s is "
	    "none",
	    t->fields[leaf].parent.text);
	return NULL;
}

/* Nothing is inserted into one that is null, as for the whole. */
static int
leaf_value(void *state, struct work *w, size_t leaf,
    const struct ps_schema *from, struct ps_value *v)
{
	const struct insert *t = (const struct insert *)state;

	if (v->type == PS_NULL || v->type == PS_UNCHANGED)
		return 0;
	if (operand_check_or_null(from, v, PURPOSE, w->err) < 0)
		return -1;
	if (from == NULL)
		return insert_in_map(t, w, &t->fields[leaf], v);
	return insert_in_struct(t, w, &t->fields[leaf], from, v);
}

static const struct leaf_ops leaf_ops = { .purpose = PURPOSE,
	.only_there = true,
	.schema = leaf_schema,
	.value = leaf_value };

/* ---- A record ---- */

static int
insert_in_whole(struct insert *t, struct work *w, const struct operand *o)
{
	const struct ps_schema *from = *o->schema;
	const struct update *u;

	if (from == NULL)
		return insert_in_map(t, w, NULL, o->value);
	u = updates_row(&w->updates, from);
	if (u == NULL) {
		const struct ps_schema *to = with_insertions(t, w, NULL, from);

		if (to == NULL)
			return -1;
		u = updates_add(&w->updates, from, to, NULL);
	}
	*o->schema = u->to;
	return insert_in_struct(t, w, NULL, from, o->value);
}

/* Of one apply(): a schema becomes another at the whole, and at each field
 * that is inserted below. */
struct works {
	struct work whole, nested[SOURCES];
};

static int
insert_one(struct insert *t, struct works *w, struct ps_record *r)
{
	struct operand o = operand_of(r, t->common.side);

	if (o.value->type == PS_NULL)
		return 0;
	if (operand_check(&o, PURPOSE, w->whole.err) < 0)
		return -1;
	w->whole.record = r;
	if (t->has_whole && insert_in_whole(t, &w->whole, &o) < 0)
		return -1;
	for (int i = 0; i < SOURCES; i++) {
		const struct insertion *f = &t->fields[i];

		if (f->parent.text == NULL)
			continue;
		w->nested[i].record = r;
		if (*o.schema != NULL &&
		    path_schema(&f->parent, *o.schema) == NULL)
			return ps_fail(w->whole.err, PS_E_DATA,
			    "Unknown field: the parent of %s", f->parent.text);
		if (leaves_apply(&f->leaves, &t->common, &w->nested[i], &o) < 0)
			return -1;
	}
	return 0;
}

static void
apply(void *state, struct ps_batch *b, struct ps_record *const *records,
    size_t count)
{
	struct insert *t = (struct insert *)state;
	struct ps_error err;
	const struct work work = { .arena = b->arena, .err = &err };
	struct works w = { .whole = work };

	for (int i = 0; i < SOURCES; i++)
		w.nested[i] = work;
	ps_error_clear(&err);
	for (size_t i = 0; i < count; i++) {
		if (insert_one(t, &w, records[i]) == 0)
			continue;
		ps_record_fail(b, records[i], PS_STAGE_TRANSFORMATION,
		    t->common.class->aliases[0], &err);
		ps_error_clear(&err);
	}
}

/* ---- What is asked ---- */

/* "name" and "name?" are optional, "name!" is required */
static int
read_insertion(struct insert *t, int i, const struct ps_config *c,
    struct ps_error *err)
{
	struct insertion *f = &t->fields[i];
	const char *given = ps_config_get(c, source_keys[i]);
	char *spec, *name;
	size_t len;
	const struct step *last;
	struct path path;

	if (given == NULL)
		return 0;
	spec = common_strdup(&t->common, given);
	len = strlen(spec);
	f->optional = true;
	if (len > 0 && (spec[len - 1] == '!' || spec[len - 1] == '?')) {
		f->optional = spec[len - 1] == '?';
		spec[len - 1] = '\0';
	}
	if (path_read(&t->common, spec, path_is_nested(c), &path, err) < 0)
		return -1;
	last = &path.steps[--path.count];
	name = (char *)common_alloc(&t->common, last->len + 1);
	f->name = memcpy(name, last->name, last->len);
	f->len = last->len;
	t->count++;
	if (path.count == 0) {
		t->has_whole = true;
		return 0;
	}
	f->parent = path;
	f->leaves.ops = &leaf_ops;
	leaves_add(&f->leaves, &t->common, &path, (size_t)i);
	return 0;
}

static int
configure(struct insert *t, const struct ps_config *c, struct ps_error *err)
{
	for (int i = 0; i < SOURCES; i++)
		if (read_insertion(t, i, c, err) < 0)
			return -1;
	/* An empty text is a value. */
	if (ps_config_get(c, "static.value") != NULL)
		t->text =
		    common_strdup(&t->common, ps_config_str(c, "static.value"));
	if (t->count == 0)
		return ps_fail(err, PS_E_CONFIG,
		    "No field insertion configured");
	if (t->fields[FROM_STATIC].name != NULL && t->text == NULL)
		return ps_fail(err, PS_E_CONFIG,
		    "Invalid value null for configuration static.value: No "
		    "value specified for static field: %s",
		    t->fields[FROM_STATIC].name);
	return 0;
}

static void *
create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	struct insert *t = (struct insert *)common_new(sizeof *t, h, self, c);

	if (configure(t, c, err) == 0)
		return t;
	common_free(t);
	return NULL;
}

const struct ps_transform_ops insert_field_ops = { create, apply, common_free };

#define SUFFIX                                                           \
	" Suffix with ! to make this a required field, or ? to keep it " \
	"optional (the default)."

const struct ps_key insert_field_keys[INSERT_FIELD_KEYS] = {
	{ .name = "topic.field",
	    .type = PS_KEY_STRING,
	    .importance = PS_MEDIUM,
	    .doc = "Field name for Kafka topic." SUFFIX },
	{ .name = "partition.field",
	    .type = PS_KEY_STRING,
	    .importance = PS_MEDIUM,
	    .doc = "Field name for Kafka partition." SUFFIX },
	{ .name = "offset.field",
	    .type = PS_KEY_STRING,
	    .importance = PS_MEDIUM,
	    .doc = "Field name for Kafka offset, sinks only." SUFFIX },
	{ .name = "timestamp.field",
	    .type = PS_KEY_STRING,
	    .importance = PS_MEDIUM,
	    .doc = "Field name for record timestamp." SUFFIX },
	{ .name = "static.field",
	    .type = PS_KEY_STRING,
	    .importance = PS_MEDIUM,
	    .doc = "Field name for static data field." SUFFIX },
	{ .name = "static.value",
	    .type = PS_KEY_STRING,
	    .importance = PS_MEDIUM,
	    .doc = "Static field value, if field name configured." },
	NULL_DEFAULT_KEY,
	PATH_KEY,
};
