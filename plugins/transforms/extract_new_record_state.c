#include "additions.h"
#include "dropped_fields.h"

#define DELETED "__deleted"

enum mode { DROP, TOMBSTONE, REWRITE, REWRITE_WITH, TO_TOMBSTONE };

static const char *const modes[] = { "drop", "tombstone", "rewrite",
	"rewrite-with-tombstone", "delete-to-tombstone", NULL };

struct extract {
	struct common common;
	enum mode mode;
	struct additions fields, headers;
	struct dropped_fields dropped;
	const char *route; /* route.by.field, "" for none */
};

/* The row that becomes the value, in its event; what it gets behind its own
 * fields. */
struct found {
	struct node event, row;
	const char *deleted; /* what __deleted says, NULL: it gets none */
	const struct additions *more;
};

static void *
create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	const char *mode = ps_config_str(c, "delete.tombstone.handling.mode");
	struct extract *t = (struct extract *)common_new(sizeof *t, h, self, c);

	while (modes[t->mode] != NULL && strcasecmp(modes[t->mode], mode) != 0)
		t->mode++;
	t->route = ps_config_str(c, "route.by.field");
	dropped_fields_read(&t->dropped, c);
	if (additions_read(&t->fields, &t->common, c, "add.fields", err) == 0 &&
	    additions_read(&t->headers, &t->common, c, "add.headers", err) == 0)
		return t;
	common_free(t);
	return NULL;
}

/* Java gives a struct a schema without fields, and does not look at it when
 * it writes the struct. */
static const struct ps_schema *
make_header_schema(const struct common *t, const struct ps_schema *of)
{
	struct ps_schema draft = *of;

	if (of->type != PS_STRUCT)
		return addition_schema(t, of);
	draft.optional = true;
	draft.default_value = NULL;
	return common_intern(t, &draft);
}

static const struct ps_schema *
header_schema(const struct extract *t, struct work *w,
    const struct ps_schema *of)
{
	const struct update *u = updates_row_for(&w->updates, of, &t->headers);

	if (u == NULL)
		u = updates_add(&w->updates, of,
		    make_header_schema(&t->common, of), &t->headers);
	return u->to;
}

static int
add_headers(const struct extract *t, struct work *w, struct ps_record *r)
{
	struct node event = value_node(r), found;
	struct ps_header *all;
	size_t n = r->header_count;

	if (t->headers.count == 0)
		return 0;
	all = headers_copy(w->arena, r, t->headers.count);
	for (size_t i = 0; i < t->headers.count; i++) {
		const struct addition *a = &t->headers.items[i];
		int there = addition_find(a, &event, &found, w->err);

		if (there < 0)
			return -1;
		if (there == 0)
			continue;
		found.schema = header_schema(t, w, found.schema);
		all[n++] = header_with(a->name, &found);
	}
	r->headers = all;
	r->header_count = n;
	return 0;
}

/* A record without a value tells of a delete; no more is known. */
static void
add_deleted_headers(const struct extract *t, struct work *w,
    struct ps_record *r)
{
	static const struct ps_schema text = { .type = PS_STRING };
	const struct node deleted = { common_intern(&t->common, &text),
		ps_text("d") };

	for (size_t i = 0; i < t->headers.count; i++)
		if (strcmp(t->headers.items[i].field, "op") == 0)
			add_header(w->arena, r, t->headers.items[i].name,
			    &deleted);
}

/* A draft of fields that have to differ. */
static int
draft_add(struct ps_schema *draft, struct ps_field *fields,
    const struct ps_field *one, struct ps_error *err)
{
	if (check_field(fields, draft->field_count, one->name, one->name_len,
		err) < 0)
		return -1;
	fields[draft->field_count++] = *one;
	return 0;
}

static int
draft_addition(const struct extract *t, struct work *w, const struct found *f,
    const struct addition *a, struct ps_schema *draft, struct ps_field *fields)
{
	struct ps_field one = { a->name, a->name_len, NULL };
	struct node found;
	int there = addition_find(a, &f->event, &found, w->err);

	if (there <= 0)
		return there;
	one.schema = addition_schema(&t->common, found.schema);
	return draft_add(draft, fields, &one, w->err);
}

/* The row's fields, __deleted or what is added. */
static const struct ps_schema *
row_schema(const struct extract *t, struct work *w, const struct found *f)
{
	static const struct ps_schema text = { .type = PS_STRING,
		.optional = true };
	static const struct ps_field deleted = { DELETED, sizeof DELETED - 1,
		&text };
	const struct ps_schema *from = f->row.schema;
	struct ps_schema draft = struct_like(from);
	struct ps_field *fields = (struct ps_field *)ps_alloc(w->arena,
	    (from->field_count + 1 + f->more->count) * sizeof *fields);

	if (from->field_count > 0)
		memcpy(fields, from->fields,
		    from->field_count * sizeof *fields);
	draft.field_count = from->field_count;
	if (f->deleted != NULL &&
	    draft_add(&draft, fields, &deleted, w->err) < 0)
		return NULL;
	for (size_t i = 0; i < f->more->count; i++)
		if (draft_addition(t, w, f, &f->more->items[i], &draft,
			fields) < 0)
			return NULL;
	draft.fields = fields;
	return common_intern(&t->common, &draft);
}

/* Found by the row's schema and by what it gets: __deleted, or metadata of
 * the event's schema. */
static const struct ps_schema *
new_schema(const struct extract *t, struct work *w, const struct found *f)
{
	const void *plan =
	    f->deleted != NULL ? (const void *)modes : f->event.schema;
	const struct update *u =
	    updates_row_for(&w->updates, f->row.schema, plan);
	const struct ps_schema *to;

	if (u != NULL)
		return u->to;
	to = row_schema(t, w, f);
	if (to != NULL)
		(void)updates_add(&w->updates, f->row.schema, to, plan);
	return to;
}

/* A struct is never of the schema without fields that it gets here. */
static int
check_addition(const struct addition *a, const struct node *p,
    struct ps_error *err)
{
	if (p->value.type != PS_STRUCT)
		return 0;
	return ps_fail(err, PS_E_DATA,
	    "Struct schemas do not match: %s is a struct, which cannot be "
	    "added",
	    a->name);
}

/* The row with what it gets becomes the value. */
static int
set_row(const struct extract *t, struct work *w, struct ps_record *r,
    const struct found *f)
{
	const struct ps_schema *to = new_schema(t, w, f);
	size_t n = f->row.value.len;
	struct ps_value *items;
	struct node found;

	if (to == NULL)
		return -1;
	r->value_schema = to;
	if (f->deleted == NULL && f->more->count == 0) {
		r->value = f->row.value;
		return 0;
	}
	items = (struct ps_value *)ps_alloc(w->arena,
	    (n + 1 + f->more->count) * sizeof *items);
	for (size_t i = 0; i < n; i++)
		items[i] = field_value(f->row.schema, &f->row.value, i,
		    f->deleted != NULL && t->common.null_default);
	if (f->deleted != NULL)
		items[n++] = ps_text(f->deleted);
	for (size_t i = 0; i < f->more->count; i++) {
		const struct addition *a = &f->more->items[i];

		if (addition_find(a, &f->event, &found, w->err) == 0)
			continue;
		if (check_addition(a, &found, w->err) < 0)
			return -1;
		items[n++] = found.value;
	}
	r->value = ps_struct(items, n);
	return 0;
}

/* Not in all modes. */
static int
set_deleted(const struct extract *t, struct work *w, struct ps_record *r,
    const struct node *row, const char *deleted)
{
	static const struct additions none = { NULL, 0 };
	const struct found f = { value_node(r), *row, deleted, &none };

	if (t->mode == REWRITE || t->mode == REWRITE_WITH)
		return set_row(t, w, r, &f);
	r->value = row->value;
	r->value_schema = row->schema;
	return 0;
}

static int
add_fields(const struct extract *t, struct work *w, struct ps_record *r,
    const struct node *event)
{
	const struct found f = { *event, value_node(r), NULL, &t->fields };
	struct node op;

	if (node_typed(event, "op", PS_STRING, &op, w->err) < 0)
		return -1;
	return set_row(t, w, r, &f);
}

static int
route(const struct extract *t, struct work *w, struct ps_record *r,
    const struct node *row)
{
	struct node to;

	if (*t->route == '\0')
		return 0;
	if (node_typed(row, t->route, PS_STRING, &to, w->err) < 0)
		return -1;
	if (!is_blank(&to.value))
		r->topic = ps_strndup(w->arena, to.value.s, to.value.len);
	return 0;
}

static int
one_row(struct extract *t, struct work *w, struct ps_record *r,
    const struct node *event, const struct node *after)
{
	struct node row;

	if (node_struct(after, "source field insertion", w->err) < 0 ||
	    set_deleted(t, w, r, after, "false") < 0)
		return -1;
	row = value_node(r);
	if (route(t, w, r, &row) < 0 || add_fields(t, w, r, event) < 0)
		return -1;
	return dropped_fields_apply(&t->dropped, &t->common, w, r);
}

static int
one_delete(struct extract *t, struct work *w, struct ps_record *r,
    const struct node *event, const struct node *before)
{
	struct node after = node_field(event, "after", 5);

	if (t->mode == DROP) {
		r->outcome = PS_DROPPED;
		return 0;
	}
	if (*t->route != '\0' &&
	    node_struct(before, "Read record to set topic routing for DELETE",
		w->err) < 0)
		return -1;
	if (t->mode == TOMBSTONE || t->mode == TO_TOMBSTONE) {
		r->value = ps_null();
		r->value_schema = t->mode == TOMBSTONE ? after.schema : NULL;
	} else if (node_struct(before, "source field insertion", w->err) < 0 ||
		   set_deleted(t, w, r, before, "true") < 0) {
		return -1;
	}
	if (route(t, w, r, before) < 0 ||
	    dropped_fields_apply(&t->dropped, &t->common, w, r) < 0)
		return -1;
	return r->value.type == PS_NULL ? 0 : add_fields(t, w, r, event);
}

static int
one_change(struct extract *t, struct work *w, struct ps_record *r)
{
	struct node event = value_node(r), before, after;

	if (node_struct(&event, "field extraction", w->err) < 0 ||
	    add_headers(t, w, r) < 0 ||
	    node_get(&event, "after", &after, w->err) < 0)
		return -1;
	if (after.value.type != PS_NULL)
		return one_row(t, w, r, &event, &after);
	if (node_get(&event, "before", &before, w->err) < 0)
		return -1;
	if (before.value.type != PS_NULL)
		return one_delete(t, w, r, &event, &before);
	r->outcome = PS_DROPPED; /* the table was emptied */
	return 0;
}

static int
one(void *state, struct work *w, struct ps_record *r)
{
	struct extract *t = (struct extract *)state;

	if (r->value.type == PS_NULL) {
		add_deleted_headers(t, w, r);
		if (t->mode != REWRITE_WITH)
			r->outcome = PS_DROPPED;
		return 0;
	}
	return envelope_is(r) ? one_change(t, w, r) : 0;
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
		.flags = PS_ANY_CASE,
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
		.doc = "The header that lists fields to be dropped." },
	    { .name = "drop.fields.from.key",
		.type = PS_KEY_BOOLEAN,
		.default_value = "false",
		.importance = PS_LOW,
		.doc = "Whether they are dropped from the key as well." },
	    { .name = "drop.fields.keep.schema.compatible",
		.type = PS_KEY_BOOLEAN,
		.default_value = "true",
		.importance = PS_LOW,
		.doc = "Whether only optional fields are dropped, so that who "
		       "reads them by the old schema finds what it needs." },
	    NULL_DEFAULT_KEY,
	    REMOVED_KEY("drop.tombstones",
		"use delete.tombstone.handling.mode: drop or tombstone in the "
		"place of true, rewrite-with-tombstone or delete-to-tombstone "
		"in that of false"),
	    REMOVED_KEY("delete.handling.mode",
		"use delete.tombstone.handling.mode: drop, tombstone (for "
		"none) or rewrite"),
	    REMOVED_KEY("add.source.fields",
		"use add.fields with source. in front of each name"),
	    REMOVED_KEY("operation.header", "use add.headers=op"),
	    REMOVED_KEY("drop.deletes",
		"use delete.tombstone.handling.mode=drop"),
    };
