#include "envelope.h"

#include <assert.h>

#include "expand_json.h"
#include "rename.h"

/* A column that goes elsewhere: "column:header:alias". */
struct placement {
	enum { TO_HEADER, TO_ENVELOPE, TO_PARTITION } to;
	const char *column, *name;
};

struct router {
	struct common common;
	const char *id, *key, *payload, *route;
	const char *timestamp, *version; /* NULL: there is none */
	struct rename *topic;
	struct placement *placements;
	size_t count, in_envelope;
	bool missing_fails, tombstones, update_fails;
	struct expander expander; /* parser NULL: the payload stays text */
	enum ps_level update_level;
};

/* A row of the outbox, and what becomes of it. */
struct event {
	struct node whole, row, payload, key;
	const char *routed; /* what the topic is made of */
};

static const char *const invalid[] = { "warn", "error", "fatal", NULL };
static const char *const nulls[] = { "ignore", "optional_bytes", NULL };

static void
destroy(void *state)
{
	struct router *t = (struct router *)state;

	parser_free(&t->expander.parser);
	rename_free(&t->topic);
	common_free(t);
}

static int
read_placement(struct router *t, struct placement *p, const char *spec,
    struct ps_error *err)
{
	static const char *const places[] = { "header", "envelope",
		"partition" };
	char *rest = common_strdup(&t->common, spec), *place, *alias;

	p->column = trimmed(strsep(&rest, ":"));
	place = strsep(&rest, ":");
	alias = strsep(&rest, ":");
	p->name = alias != NULL ? trimmed(alias) : p->column;
	for (int i = 0; place != NULL && rest == NULL && i < 3; i++)
		if (strcasecmp(trimmed(place), places[i]) == 0) {
			p->to = i == 0   ? TO_HEADER
				: i == 1 ? TO_ENVELOPE
					 : TO_PARTITION;
			t->in_envelope += p->to == TO_ENVELOPE;
			return 0;
		}
	return ps_fail(err, PS_E_CONFIG,
	    "Invalid value %s for configuration "
	    "table.fields.additional.placement: expected "
	    "field:header, field:envelope or field:partition, and an alias "
	    "behind it",
	    spec);
}

static int
configure(struct router *t, const struct ps_config *c, struct ps_error *err)
{
	const char *update = ps_config_str(c, "table.op.invalid.behavior");
	struct names specs =
	    common_names(&t->common, c, "table.fields.additional.placement");

	t->id = ps_config_str(c, "table.field.event.id");
	t->key = ps_config_str(c, "table.field.event.key");
	t->payload = ps_config_str(c, "table.field.event.payload");
	t->timestamp = ps_config_get(c, "table.field.event.timestamp");
	t->version = ps_config_get(c, "table.field.event.schema.version");
	t->route = ps_config_str(c, "route.by.field");
	t->tombstones = ps_config_bool(c, "route.tombstone.on.empty.payload");
	t->missing_fails =
	    ps_config_bool(c, "table.fields.additional.error.on.missing");
	t->update_fails = strcasecmp(update, "fatal") == 0;
	t->update_level = strcasecmp(update, "error") == 0 ? PS_ERROR : PS_WARN;
	if (ps_config_bool(c, "table.expand.json.payload"))
		t->expander.parser = parser_new();
	t->expander.common = &t->common;
	t->expander.name = t->payload;
	t->expander.nulls_are_bytes =
	    strcasecmp(ps_config_str(c, "table.json.payload.null.behavior"),
		"optional_bytes") == 0;
	t->placements = (struct placement *)common_alloc(&t->common,
	    (specs.count + 1) * sizeof *t->placements);
	for (; t->count < specs.count; t->count++)
		if (read_placement(t, &t->placements[t->count],
			specs.items[t->count], err) < 0)
			return -1;
	t->topic = rename_new(ps_config_str(c, "route.topic.regex"),
	    ps_config_str(c, "route.topic.replacement"), "route.topic.regex",
	    err);
	return t->topic == NULL ? -1 : 0;
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

static int
set_topic(const struct router *t, struct work *w, struct ps_record *r,
    const struct event *e)
{
	struct name n;
	int found =
	    rename_apply(t->topic, e->routed, strlen(e->routed), &n, w->err);

	if (found < 0)
		return -1;
	r->topic = found == 0 ? e->routed : ps_strndup(w->arena, n.s, n.len);
	return 0;
}

static int
in_ms(const struct node *time, const char *column, int64_t *ms,
    struct ps_error *err)
{
	static const struct {
		const char *name;
		int64_t unit;
	} kinds[] = { { "io.debezium.time.Timestamp", 1 },
		{ "io.debezium.time.MicroTimestamp", 1000 },
		{ "io.debezium.time.NanoTimestamp", 1000000 } };
	const char *name = time->schema->name;

	for (size_t i = 0; name != NULL && i < sizeof kinds / sizeof *kinds;
	     i++)
		if (strcmp(name, kinds[i].name) == 0) {
			*ms = time->value.i / kinds[i].unit;
			return 0;
		}
	return ps_fail(err, PS_E_DATA,
	    "Unsupported field type %s of %s for event timestamp",
	    name == NULL ? "INT64 (without logical schema name)" : name,
	    column);
}

static int
set_time(const struct router *t, struct work *w, struct ps_record *r,
    const struct event *e)
{
	struct node time;

	if (t->timestamp != NULL) {
		if (node_typed(&e->row, t->timestamp, PS_INT64, &time, w->err) <
		    0)
			return -1;
		if (time.value.type != PS_NULL)
			return in_ms(&time, t->timestamp, &r->timestamp,
			    w->err);
	}
	if (node_typed(&e->whole, "ts_ms", PS_INT64, &time, w->err) < 0)
		return -1;
	r->timestamp =
	    time.value.type == PS_NULL ? PS_NO_TIMESTAMP : time.value.i;
	return 0;
}

/* That of the row with the topic in it: db.Order.Value of db.Value. */
static const char *
payload_name(struct ps_arena *a, const char *row, const char *routed)
{
	const char *dot = row == NULL ? NULL : strrchr(row, '.');

	if (row == NULL)
		return routed;
	if (dot == NULL)
		return ps_printf(a, "%s.%s", routed, row);
	return ps_printf(a, "%.*s%s%s", (int)(dot + 1 - row), row, routed, dot);
}

static int
set_version(const struct router *t, const struct event *e,
    struct ps_schema *draft, struct ps_error *err)
{
	struct node version;

	if (t->version == NULL)
		return 0;
	if (node_typed(&e->row, t->version, PS_INT32, &version, err) < 0)
		return -1;
	if (version.value.type != PS_NULL)
		draft->version = (int32_t)version.value.i;
	return 0;
}

/* A struct of the payload and what is placed beside it. */
static int
wrap(const struct router *t, struct work *w, struct event *e)
{
	struct ps_field *fields = (struct ps_field *)ps_alloc(w->arena,
	    (t->in_envelope + 1) * sizeof *fields);
	struct ps_value *items = (struct ps_value *)ps_alloc(w->arena,
	    (t->in_envelope + 1) * sizeof *items);
	struct ps_schema draft = { .type = PS_STRUCT,
		.fields = fields,
		.field_count = 1 };
	struct node v;

	assert(e->row.schema != NULL); /* the row was found to be a struct */
	fields[0] = (struct ps_field){ "payload", 7, e->payload.schema };
	items[0] = e->payload.value;
	draft.name = payload_name(w->arena, e->row.schema->name, e->routed);
	if (set_version(t, e, &draft, w->err) < 0)
		return -1;
	for (size_t i = 0; i < t->count; i++) {
		const struct placement *p = &t->placements[i];
		size_t len = strlen(p->name);

		if (p->to != TO_ENVELOPE ||
		    node_field(&e->row, p->column, strlen(p->column)).schema ==
			NULL)
			continue;
		if (check_field(fields, draft.field_count, p->name, len,
			w->err) < 0)
			return -1;
		(void)node_get(&e->row, p->column, &v, w->err);
		items[draft.field_count] = v.value;
		fields[draft.field_count++] =
		    (struct ps_field){ p->name, len, v.schema };
	}
	e->payload.schema = common_intern(&t->common, &draft);
	e->payload.value = ps_struct(items, draft.field_count);
	return 0;
}

static int
set_partition(struct ps_record *r, const struct event *e, const char *column,
    struct ps_error *err)
{
	struct node v;

	if (node_typed(&e->row, column, PS_INT32, &v, err) < 0)
		return -1;
	if (v.value.type == PS_INT32)
		r->partition = (int32_t)v.value.i;
	return 0;
}

static int
place(const struct router *t, struct work *w, struct ps_record *r,
    const struct event *e)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct placement *p = &t->placements[i];
		struct node v =
		    node_field(&e->row, p->column, strlen(p->column));

		if (v.schema == NULL && !t->missing_fails)
			continue;
		if (node_get(&e->row, p->column, &v, w->err) < 0)
			return -1;
		if (p->to == TO_HEADER)
			add_header(w->arena, r, p->name, &v);
		if (p->to == TO_PARTITION &&
		    set_partition(r, e, p->column, w->err) < 0)
			return -1;
	}
	return 0;
}

/* What is looked for in the row, and has to be there. */
static int
find_event(const struct router *t, struct work *w, struct event *e,
    struct node *id)
{
	struct node by;

	if (node_get(&e->whole, "after", &e->row, w->err) < 0 ||
	    node_struct(&e->row, "Read Outbox Event", w->err) < 0 ||
	    node_get(&e->row, t->payload, &e->payload, w->err) < 0 ||
	    node_get(&e->row, t->id, id, w->err) < 0 ||
	    node_get(&e->row, t->key, &e->key, w->err) < 0 ||
	    node_typed(&e->row, t->route, PS_STRING, &by, w->err) < 0)
		return -1;
	if (by.value.type != PS_STRING)
		return ps_fail(w->err, PS_E_DATA,
		    "The column %s to route by is null", t->route);
	e->routed = ps_strndup(w->arena, by.value.s, by.value.len);
	return 0;
}

static void
expand(const struct router *t, struct work *w, struct event *e)
{
	const struct ps_host *h = t->common.host;
	struct ps_error why = { 0 };

	if (t->expander.parser == NULL || e->payload.value.type == PS_NULL)
		return;
	if (expand_json(&t->expander, w->arena, &e->payload, &why) < 0)
		h->log(h, PS_WARN, "the payload stays as it is: %s", why.text);
}

static int
set_value(const struct router *t, struct work *w, struct ps_record *r,
    struct event *e)
{
	if (t->tombstones && is_blank(&e->payload.value))
		e->payload = (struct node){ NULL, ps_null() };
	else if (t->in_envelope > 0 && wrap(t, w, e) < 0)
		return -1;
	r->value = e->payload.value;
	r->value_schema = e->payload.schema;
	return 0;
}

/* A source's record finds its partition anew, by its new key. */
static int
route(const struct router *t, struct work *w, struct ps_record *r)
{
	struct event e = { .whole = value_node(r), .routed = "" };
	struct node id;

	if (find_event(t, w, &e, &id) < 0)
		return -1;
	if (r->origin_offset == PS_NO_OFFSET)
		r->partition = PS_NO_PARTITION;
	add_header(w->arena, r, "id", &id);
	expand(t, w, &e);
	if (set_time(t, w, r, &e) < 0 || place(t, w, r, &e) < 0 ||
	    set_topic(t, w, r, &e) < 0 || set_value(t, w, r, &e) < 0)
		return -1;
	r->key = e.key.value;
	r->key_schema = e.key.schema;
	return 0;
}

static int
one_update(const struct router *t, struct work *w, struct ps_record *r)
{
	const struct ps_host *h = t->common.host;

	if (t->update_fails)
		return ps_fail(w->err, PS_E_DATA,
		    "Unexpected update message received in the outbox of topic "
		    "%s",
		    r->topic);
	h->log(h, t->update_level,
	    "an update in the outbox of topic %s is dropped", r->topic);
	r->outcome = PS_DROPPED;
	return 0;
}

static int
one(void *state, struct work *w, struct ps_record *r)
{
	const struct router *t = (const struct router *)state;
	struct node event = value_node(r), op;

	if (r->value.type == PS_NULL) {
		r->outcome = PS_DROPPED;
		return 0;
	}
	if (!envelope_is(r))
		return 0;
	if (node_struct(&event, "Detect Debezium Operation", w->err) < 0 ||
	    node_typed(&event, "op", PS_STRING, &op, w->err) < 0)
		return -1;
	if (op.value.type == PS_NULL)
		return ps_fail(w->err, PS_E_DATA,
		    "the event of topic %s has no op", r->topic);
	if (ps_is_text(&op.value, "u"))
		return one_update(t, w, r);
	if (!ps_is_text(&op.value, "d"))
		return route(t, w, r);
	r->outcome = PS_DROPPED;
	return 0;
}

static void
apply(void *state, struct ps_batch *b, struct ps_record *const *records,
    size_t count)
{
	common_apply((struct common *)state, one, b, records, count);
}

const struct ps_transform_ops event_router_ops = { create, apply, destroy };

#define COLUMN(key, usual, weight, text)                          \
	{                                                         \
		.name = (key), .type = PS_KEY_STRING,             \
		.default_value = (usual), .importance = (weight), \
		.doc = (text)                                     \
	}
#define FLAG(key, usual, weight, text)                            \
	{                                                         \
		.name = (key), .type = PS_KEY_BOOLEAN,            \
		.default_value = (usual), .importance = (weight), \
		.doc = (text)                                     \
	}

const struct ps_key event_router_keys[EVENT_ROUTER_KEYS] = {
	COLUMN("table.field.event.id", "id", PS_LOW,
	    "The column with the event's id; it becomes the header id."),
	COLUMN("table.field.event.key", "aggregateid", PS_LOW,
	    "The column that becomes the record's key."),
	COLUMN("table.field.event.type", "type", PS_LOW,
	    "The column with the event's type; used where it is placed."),
	COLUMN("table.field.event.payload", "payload", PS_LOW,
	    "The column that becomes the record's value."),
	COLUMN("table.field.event.timestamp", NULL, PS_MEDIUM,
	    "The column with the record's time, a timestamp of Debezium; "
	    "without it the time of the change counts."),
	{ .name = "table.fields.additional.placement",
	    .type = PS_KEY_LIST,
	    .importance = PS_HIGH,
	    .doc = "Columns to place elsewhere: column:header, "
		   "column:envelope or column:partition, with :alias behind "
		   "it for another name." },
	FLAG("table.fields.additional.error.on.missing", "true", PS_MEDIUM,
	    "Whether it fails when a column that is to be placed is not "
	    "there, or leaves it out."),
	COLUMN("table.field.event.schema.version", NULL, PS_LOW,
	    "The column with the version of the schema that a value with "
	    "columns beside its payload gets."),
	COLUMN("route.by.field", "aggregatetype", PS_HIGH,
	    "The column that decides the topic."),
	{ .name = "route.topic.regex",
	    .type = PS_KEY_STRING,
	    .default_value = "(?<routedByValue>.*)",
	    .importance = PS_LOW,
	    .flags = PS_REGEX,
	    .doc = "What that column is matched with." },
	COLUMN("route.topic.replacement", "outbox.event.${routedByValue}",
	    PS_HIGH, "The topic, made of what was matched."),
	FLAG("route.tombstone.on.empty.payload", "false", PS_HIGH,
	    "Whether an empty payload makes a record without a value."),
	{ .name = "table.op.invalid.behavior",
	    .type = PS_KEY_STRING,
	    .default_value = "warn",
	    .importance = PS_MEDIUM,
	    .flags = PS_ANY_CASE,
	    .choices = invalid,
	    .doc = "Of an update in the outbox: warn and error log it and go "
		   "on, fatal fails." },
	FLAG("table.expand.json.payload", "false", PS_MEDIUM,
	    "Whether a payload of JSON text, an object, becomes a struct of "
	    "the schema that it shows. What is none stays as it is."),
	{ .name = "table.json.payload.null.behavior",
	    .type = PS_KEY_STRING,
	    .default_value = "ignore",
	    .importance = PS_MEDIUM,
	    .flags = PS_ANY_CASE,
	    .choices = nulls,
	    .doc = "Of a null in that text: ignore leaves the field out, "
		   "optional_bytes keeps it, as bytes." },
	REMOVED_KEY("table.field.payload", "use table.field.event.payload"),
	REMOVED_KEY("table.field.payload.id", "use table.field.event.key"),
	REMOVED_KEY("table.field.schema.version",
	    "use table.field.event.schema.version"),
	REMOVED_KEY("debezium.op.invalid.behavior",
	    "use table.op.invalid.behavior"),
	REMOVED_KEY("table.field.additional.missing",
	    "use table.fields.additional.error.on.missing: true for error, "
	    "false for ignore"),

};
