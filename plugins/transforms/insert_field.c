#include <assert.h>
#include <stdlib.h>

#include "operand.h"

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
	char *name; /* NULL: not inserted */
	size_t len;
	bool optional;
};

struct insert {
	const struct ps_host *host;
	const struct ps_class *class;
	struct insertion fields[SOURCES];
	size_t count;
	char *text; /* static.value */
	bool null_default;
};

static void
destroy(void *state)
{
	struct insert *t = (struct insert *)state;

	for (int i = 0; i < SOURCES; i++)
		free(t->fields[i].name);
	free(t->text);
	free(t);
}

static char *
copy(const char *s)
{
	char *p = strdup(s);

	assert(p != NULL);
	return p;
}

/* "name" and "name?" are optional, "name!" is required */
static void
read_insertion(struct insertion *f, const char *spec)
{
	if (spec == NULL)
		return;
	f->name = copy(spec);
	f->len = strlen(spec);
	f->optional = true;
	if (f->len > 0 &&
	    (spec[f->len - 1] == '!' || spec[f->len - 1] == '?')) {
		f->optional = spec[f->len - 1] == '?';
		f->name[--f->len] = '\0';
	}
}

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

static void *
create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	struct insert *t = (struct insert *)calloc(1, sizeof *t);
	const char *text = ps_config_get(c, "static.value");

	assert(t != NULL);
	t->host = h;
	t->class = self;
	t->null_default = ps_config_bool(c, "replace.null.with.default");
	t->text = text == NULL ? NULL : copy(text);
	for (int i = 0; i < SOURCES; i++) {
		read_insertion(&t->fields[i], ps_config_get(c, source_keys[i]));
		t->count += t->fields[i].name != NULL;
	}
	if (t->count == 0)
		(void)ps_fail(err, PS_E_CONFIG,
		    "No field insertion configured");
	else if (t->fields[FROM_STATIC].name != NULL && text == NULL)
		(void)ps_fail(err, PS_E_CONFIG,
		    "Invalid value null for configuration static.value: No "
		    "value specified for static field: %s",
		    t->fields[FROM_STATIC].name);
	else
		return t;
	destroy(t);
	return NULL;
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

static int
insert_in_map(struct insert *t, struct ps_arena *a, const struct ps_record *r,
    struct ps_value *value, struct ps_error *err)
{
	struct ps_pair *pairs = (struct ps_pair *)ps_alloc(a,
	    (value->len + t->count) * sizeof *pairs);
	size_t n = value->len, at;
	struct ps_value v;

	if (n > 0)
		memcpy(pairs, value->pairs, n * sizeof *pairs);
	for (int i = 0; i < SOURCES; i++) {
		const struct insertion *f = &t->fields[i];

		if (f->name == NULL)
			continue;
		if (inserted(t, r, (enum source)i, &v, err) < 0)
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
with_insertions(struct insert *t, struct ps_arena *a,
    const struct ps_schema *from, struct ps_error *err)
{
	struct ps_schema draft = struct_like(from), *own;
	struct ps_field *fields = (struct ps_field *)ps_alloc(a,
	    (from->field_count + t->count) * sizeof *fields);
	size_t n = from->field_count;

	if (n > 0)
		memcpy(fields, from->fields, n * sizeof *fields);
	for (int i = 0; i < SOURCES; i++) {
		const struct insertion *f = &t->fields[i];

		if (f->name == NULL)
			continue;
		if (ps_field_index(from, f->name, f->len) >= 0) {
			(void)ps_fail(err, PS_E_DATA,
			    "Cannot create field because of field name "
			    "duplication %s",
			    f->name);
			return NULL;
		}
		own = (struct ps_schema *)ps_alloc(a, sizeof *own);
		*own = draft_of((enum source)i, f->optional);
		fields[n++] = (struct ps_field){ f->name, f->len, own };
	}
	draft.fields = fields;
	draft.field_count = n;
	/* cppcheck-suppress returnDanglingLifetime ; it is copied */
	return t->host->intern(t->host, &draft);
}

static int
insert_in_struct(struct insert *t, struct ps_arena *a,
    const struct ps_record *r, const struct operand *o,
    const struct ps_schema *to, struct ps_error *err)
{
	const struct ps_schema *from = *o->schema;
	struct ps_value *items =
	    (struct ps_value *)ps_alloc(a, to->field_count * sizeof *items);
	size_t n = from->field_count;

	for (size_t i = 0; i < n; i++)
		items[i] = field_value(from, o->value, i, t->null_default);
	for (int i = 0; i < SOURCES; i++) {
		if (t->fields[i].name == NULL)
			continue;
		if (inserted(t, r, (enum source)i, &items[n], err) < 0)
			return -1;
		if (items[n].type == PS_UNCHANGED) {
			items[n] = ps_null();
			if (!t->fields[i].optional)
				return ps_fail(err, PS_E_DATA,
				    "field %s is required, the record has no "
				    "value for %s",
				    t->fields[i].name, source_keys[i]);
		}
		n++;
	}
	*o->value = ps_struct(items, n);
	*o->schema = to;
	return 0;
}

static int
insert_one(struct insert *t, struct ps_arena *a, struct ps_record *r,
    struct updates *u, struct ps_error *err)
{
	struct operand o = operand_of(r, (enum side)t->class->variant);
	const struct update *row;
	const struct ps_schema *to;

	if (o.value->type == PS_NULL)
		return 0;
	if (operand_check(&o, PURPOSE, err) < 0)
		return -1;
	if (*o.schema == NULL)
		return insert_in_map(t, a, r, o.value, err);
	row = updates_row(u, *o.schema);
	to = row == NULL ? NULL : row->to;
	if (to == NULL) {
		to = with_insertions(t, a, *o.schema, err);
		if (to == NULL)
			return -1;
		(void)updates_add(u, *o.schema, to, NULL);
	}
	return insert_in_struct(t, a, r, &o, to, err);
}

static void
apply(void *state, struct ps_batch *b, struct ps_record *const *records,
    size_t count)
{
	struct insert *t = (struct insert *)state;
	struct updates u = { .count = 0 };
	struct ps_error err;

	ps_error_clear(&err);
	for (size_t i = 0; i < count; i++) {
		if (insert_one(t, b->arena, records[i], &u, &err) == 0)
			continue;
		ps_record_fail(b, records[i], PS_STAGE_TRANSFORMATION,
		    t->class->aliases[0], &err);
		ps_error_clear(&err);
	}
}

const struct ps_transform_ops insert_field_ops = { create, apply, destroy };

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
};
