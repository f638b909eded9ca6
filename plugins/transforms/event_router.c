#include "envelope.h"
#include "rename.h"

/* A column that goes elsewhere: "column:header:alias". */
struct placement {
	enum { TO_HEADER, TO_ENVELOPE, TO_PARTITION } to;
	const char *column, *name;
};

struct router {
	struct common common;
	const char *id, *key, *payload, *timestamp, *route;
	struct rename *topic;
	struct placement *placements;
	size_t count, in_envelope;
	bool missing_fails, tombstones, update_fails;
	enum ps_level update_level;
};

static const char *const missing[] = { "error", "ignore", NULL };
static const char *const invalid[] = { "warn", "error", "fatal", NULL };

static void
destroy(void *state)
{
	rename_free(&((struct router *)state)->topic);
	common_free(state);
}

static int
read_placement(struct router *t, struct placement *p, const char *spec,
    struct ps_error *err)
{
	static const char *const places[] = { "header", "envelope",
		"partition" };
	char *rest = common_strdup(&t->common, spec), *place, *alias;

	p->column = strsep(&rest, ":");
	place = strsep(&rest, ":");
	alias = rest;
	p->name = alias != NULL ? alias : p->column;
	for (int i = 0; place != NULL && i < 3; i++)
		if (strcmp(place, places[i]) == 0) {
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
	t->timestamp = ps_config_str(c, "table.field.event.timestamp");
	t->route = ps_config_str(c, "route.by.field");
	t->tombstones = ps_config_bool(c, "route.tombstone.on.empty.payload");
	t->missing_fails =
	    strcmp(ps_config_str(c, "table.field.additional.missing"),
		"error") == 0;
	t->update_fails = strcmp(update, "fatal") == 0;
	t->update_level = strcmp(update, "error") == 0 ? PS_ERROR : PS_WARN;
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

/* A column that has to be there. */
static int
column(const struct part *row, const char *name, struct part *out,
    struct ps_error *err)
{
	*out = part_field(row, name, strlen(name));
	if (out->schema != NULL)
		return 0;
	return ps_fail(err, PS_E_DATA, "Unable to find field %s in event",
	    name);
}

static int
set_topic(const struct router *t, struct work *w, struct ps_record *r,
    const struct part *row)
{
	struct part by;
	struct name n;
	int found;

	if (column(row, t->route, &by, w->err) < 0)
		return -1;
	if (by.value.type != PS_STRING)
		return ps_fail(w->err, PS_E_DATA,
		    "The field %s to route by is not a string", t->route);
	found = rename_apply(t->topic, by.value.s, by.value.len, &n, w->err);
	if (found < 0)
		return -1;
	r->topic = found == 0 ? ps_strndup(w->arena, by.value.s, by.value.len)
			      : ps_strndup(w->arena, n.s, n.len);
	return 0;
}

static void
add_header(struct work *w, struct ps_record *r, const char *name,
    const struct part *v)
{
	struct ps_header *all = (struct ps_header *)ps_alloc(w->arena,
	    (r->header_count + 1) * sizeof *all);

	if (r->header_count > 0)
		memcpy(all, r->headers, r->header_count * sizeof *all);
	all[r->header_count++] = (struct ps_header){ .name = name,
		.name_len = strlen(name),
		.value = v->value,
		.schema = v->schema };
	r->headers = all;
}

static int64_t
in_ms(const struct part *time)
{
	const char *name = time->schema->name == NULL ? "" : time->schema->name;
	int64_t unit = ends_with(name, ".MicroTimestamp")  ? 1000
		       : ends_with(name, ".NanoTimestamp") ? 1000000
							   : 1;

	return time->value.i / unit;
}

static int
set_time(const struct router *t, struct work *w, struct ps_record *r,
    const struct part *row)
{
	struct part whole = value_part(r), time;

	if (*t->timestamp == '\0')
		time = part_field(&whole, "ts_ms", 5);
	else if (column(row, t->timestamp, &time, w->err) < 0)
		return -1;
	if (time.value.type == PS_INT64)
		r->timestamp = in_ms(&time);
	return 0;
}

static bool
is_blank(const struct ps_value *v)
{
	if (v->type != PS_STRING)
		return v->type == PS_NULL;
	for (uint32_t i = 0; i < v->len; i++)
		if (strchr(" \t\r\n", v->s[i]) == NULL)
			return false;
	return true;
}

/* A struct of the payload and what is placed beside it. */
static void
wrap(const struct router *t, struct work *w, struct part *payload,
    const struct part *row)
{
	struct ps_field *fields = (struct ps_field *)ps_alloc(w->arena,
	    (t->in_envelope + 1) * sizeof *fields);
	struct ps_value *items = (struct ps_value *)ps_alloc(w->arena,
	    (t->in_envelope + 1) * sizeof *items);
	struct ps_schema draft = { .type = PS_STRUCT, .fields = fields };
	size_t n = 1;

	fields[0] = (struct ps_field){ "payload", 7, payload->schema };
	items[0] = payload->value;
	for (size_t i = 0; i < t->count; i++) {
		const struct placement *p = &t->placements[i];
		struct part v = part_field(row, p->column, strlen(p->column));

		if (p->to != TO_ENVELOPE || v.schema == NULL)
			continue;
		fields[n] =
		    (struct ps_field){ p->name, strlen(p->name), v.schema };
		items[n++] = v.value;
	}
	draft.field_count = n;
	payload->schema = common_intern(&t->common, &draft);
	payload->value = ps_struct(items, n);
}

static int
place(const struct router *t, struct work *w, struct ps_record *r,
    const struct part *row)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct placement *p = &t->placements[i];
		struct part v = part_field(row, p->column, strlen(p->column));

		if (v.schema == NULL && t->missing_fails)
			return ps_fail(w->err, PS_E_DATA,
			    "Unable to find field %s in event", p->column);
		if (v.schema == NULL)
			continue;
		if (p->to == TO_HEADER)
			add_header(w, r, p->name, &v);
		if (p->to == TO_PARTITION && ps_is_int(&v.value))
			r->partition = (int32_t)v.value.i;
	}
	return 0;
}

static int
route(const struct router *t, struct work *w, struct ps_record *r)
{
	struct part whole = value_part(r), row, id, payload, key;

	row = part_field(&whole, "after", 5);
	if (column(&row, t->id, &id, w->err) < 0 ||
	    column(&row, t->payload, &payload, w->err) < 0 ||
	    set_topic(t, w, r, &row) < 0 || set_time(t, w, r, &row) < 0)
		return -1;
	key = part_field(&row, t->key, strlen(t->key));
	if (*t->key != '\0' && key.schema == NULL)
		return column(&row, t->key, &key, w->err);
	add_header(w, r, "id", &id);
	if (place(t, w, r, &row) < 0)
		return -1;
	r->key = key.value;
	r->key_schema = key.schema;
	if (t->tombstones && is_blank(&payload.value))
		payload = (struct part){ NULL, ps_null() };
	else if (t->in_envelope > 0)
		wrap(t, w, &payload, &row);
	r->value = payload.value;
	r->value_schema = payload.schema;
	return 0;
}

static int
one(void *state, struct work *w, struct ps_record *r)
{
	const struct router *t = (const struct router *)state;
	const struct ps_host *h = t->common.host;
	char op;

	if (r->value.type == PS_NULL) {
		r->outcome = PS_DROPPED;
		return 0;
	}
	if (!envelope_is(r))
		return 0;
	op = envelope_op(r);
	if (op == 'c' || op == 'r')
		return route(t, w, r);
	if (op == 'u' && t->update_fails)
		return ps_fail(w->err, PS_E_DATA,
		    "Unexpected update message received in the outbox of topic "
		    "%s",
		    r->topic);
	if (op == 'u')
		h->log(h, t->update_level,
		    "an update in the outbox of topic %s is dropped", r->topic);
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

#define TEXT(key, usual, text)                                     \
	{                                                          \
		.name = (key), .type = PS_KEY_STRING,              \
		.default_value = (usual), .importance = PS_MEDIUM, \
		.doc = (text)                                      \
	}
#define LATER(key, usual, text)                                 \
	{                                                       \
		.name = (key), .type = PS_KEY_STRING,           \
		.default_value = (usual), .importance = PS_LOW, \
		.flags = PS_UNSUPPORTED, .doc = (text)          \
	}

const struct ps_key event_router_keys[EVENT_ROUTER_KEYS] = {
	TEXT("table.field.event.id", "id",
	    "The column with the event's id; it becomes the header id."),
	TEXT("table.field.event.key", "aggregateid",
	    "The column that becomes the record's key."),
	TEXT("table.field.event.type", "type",
	    "The column with the event's type; used where it is placed."),
	TEXT("table.field.event.payload", "payload",
	    "The column that becomes the record's value."),
	TEXT("table.field.event.timestamp", "",
	    "The column with the record's time; without it the time of the "
	    "change counts."),
	{ .name = "table.fields.additional.placement",
	    .type = PS_KEY_LIST,
	    .default_value = "",
	    .importance = PS_HIGH,
	    .doc = "Columns to place elsewhere: column:header, "
		   "column:envelope or column:partition, with :alias behind "
		   "it for another name." },
	{ .name = "table.field.additional.missing",
	    .type = PS_KEY_STRING,
	    .default_value = "error",
	    .importance = PS_HIGH,
	    .choices = missing,
	    .doc = "Of a column that is to be placed and is not there: error "
		   "fails, ignore leaves it out." },
	TEXT("route.by.field", "aggregatetype",
	    "The column that decides the topic."),
	{ .name = "route.topic.regex",
	    .type = PS_KEY_STRING,
	    .default_value = "(?<routedByValue>.*)",
	    .importance = PS_LOW,
	    .flags = PS_REGEX,
	    .doc = "What that column is matched with." },
	TEXT("route.topic.replacement", "outbox.event.${routedByValue}",
	    "The topic, made of what was matched."),
	{ .name = "route.tombstone.on.empty.payload",
	    .type = PS_KEY_BOOLEAN,
	    .default_value = "false",
	    .importance = PS_MEDIUM,
	    .doc = "Whether an empty payload makes a record without a value." },
	{ .name = "table.op.invalid.behavior",
	    .type = PS_KEY_STRING,
	    .default_value = "warn",
	    .importance = PS_MEDIUM,
	    .choices = invalid,
	    .doc = "Of an update in the outbox: warn and error log it and go "
		   "on, fatal fails." },
	LATER("table.field.event.schema.version", "",
	    "The column with the version of the value's schema."),
	LATER("table.expand.json.payload", "false",
	    "Whether JSON text in the payload becomes a struct."),
	LATER("table.json.payload.null.behavior", "ignore",
	    "What becomes of nulls in it."),
	LATER("table.json.payload.empty.array.behavior", "ignore",
	    "What becomes of empty arrays in it."),
};
