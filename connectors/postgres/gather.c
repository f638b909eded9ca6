#include "gather.h"

#include <inttypes.h>

#include "ddl.h"

void
gather_init(struct gather *g, const struct ps_host *h, struct db *db,
    const struct sinkconf *cfg, struct ps_arena *names)
{
	*g = (struct gather){ .host = h, .db = db, .cfg = cfg, .names = names };
	str_init(&g->key, ROW_LIMIT);
}

void
gather_fini(struct gather *g)
{
	for (struct target *t = g->targets; t != NULL; t = t->next)
		target_fini(t);
	str_fini(&g->key);
}

void
gather_begin(struct gather *g, struct ps_arena *a)
{
	g->a = a;
	g->first = g->last = NULL;
	for (struct target *t = g->targets; t != NULL; t = t->next)
		t->rows = NULL;
}

void
gather_forget(struct gather *g)
{
	for (struct target *t = g->targets; t != NULL; t = t->next)
		t->exists = t->staged = false;
}

static int
find_target(struct gather *g, const char *topic, struct target **out,
    struct ps_error *err)
{
	struct target *t;

	for (t = g->targets; t != NULL; t = t->next)
		if (strcmp(t->topic, topic) == 0)
			break;
	if (t == NULL) {
		t = ps_calloc(g->names, 1, sizeof *t);
		t->topic = ps_strdup(g->names, topic);
		t->number = g->target_count++;
		mem_init(&t->mem);
		if (target_name(t, g->names, g->cfg->table_format, t->topic,
			err) != 0)
			return -1;
		t->next = g->targets;
		g->targets = t;
	}
	*out = t;
	return t->exists ? 0 : target_read(t, g->db, err);
}

static bool
in_list(const struct ps_list *list, const char *name, size_t len)
{
	for (size_t i = 0; i < list->count; i++)
		if (strlen(list->items[i]) == len &&
		    memcmp(list->items[i], name, len) == 0)
			return true;
	return false;
}

/* Is this field of the value a part of the key? */
static bool
is_value_pk(const struct sinkconf *cfg, const char *name, size_t len)
{
	return cfg->pk_mode == PK_RECORD_VALUE &&
	       (cfg->pk_fields.count == 0 ||
		   in_list(&cfg->pk_fields, name, len));
}

/* Is this field of the value written? */
static bool
is_wanted(const struct sinkconf *cfg, const char *name, size_t len)
{
	return cfg->whitelist.count == 0 ||
	       in_list(&cfg->whitelist, name, len) ||
	       is_value_pk(cfg, name, len);
}

static bool
is_key_pk(const struct sinkconf *cfg, const char *name, size_t len)
{
	return cfg->pk_fields.count == 0 || in_list(&cfg->pk_fields, name, len);
}

/* Where a record's key goes when it is no struct. */
static const char *
primitive_key_name(const struct sinkconf *cfg)
{
	return cfg->pk_fields.count == 1 ? cfg->pk_fields.items[0] : NULL;
}

static const struct ps_schema kafka_schemas[] = {
	{ .type = PS_STRING },
	{ .type = PS_INT32 },
	{ .type = PS_INT64 },
};

static void
want_value(struct wanted *list, size_t *n, const struct sinkconf *cfg,
    const struct ps_schema *s)
{
	for (size_t i = 0; s != NULL && i < s->field_count; i++) {
		const struct ps_field *f = &s->fields[i];
		size_t k = 0;

		if (!is_wanted(cfg, f->name, f->name_len))
			continue;
		while (k < *n && strcmp(list[k].name, f->name) != 0)
			k++;
		if (k < *n)
			continue;
		list[(*n)++] = (struct wanted){ f->name, f->schema,
			is_value_pk(cfg, f->name, f->name_len) };
	}
}

static size_t
want_key(struct wanted *list, const struct sinkconf *cfg,
    const struct ps_schema *s)
{
	const char *name = primitive_key_name(cfg);
	size_t n = 0;

	if (cfg->pk_mode == PK_KAFKA)
		for (; n < cfg->pk_fields.count && n < 3; n++)
			list[n] = (struct wanted){ cfg->pk_fields.items[n],
				&kafka_schemas[n], true };
	if (cfg->pk_mode != PK_RECORD_KEY || s == NULL)
		return n;
	if (s->type != PS_STRUCT && name != NULL)
		list[n++] = (struct wanted){ name, s, true };
	for (size_t i = 0; s->type == PS_STRUCT && i < s->field_count; i++)
		if (is_key_pk(cfg, s->fields[i].name, s->fields[i].name_len))
			list[n++] = (struct wanted){ s->fields[i].name,
				s->fields[i].schema, true };
	return n;
}

static size_t
field_count(const struct ps_schema *s)
{
	return s == NULL || s->type != PS_STRUCT ? 0 : s->field_count;
}

static void
map_fields(const struct target *t, const struct sinkconf *cfg,
    const struct ps_schema *s, bool is_key, int *map)
{
	for (size_t i = 0; i < field_count(s); i++) {
		const struct ps_field *f = &s->fields[i];
		bool wanted = is_key ? is_key_pk(cfg, f->name, f->name_len)
				     : is_wanted(cfg, f->name, f->name_len);

		map[i] = wanted ? target_find(t, f->name, f->name_len) : -1;
		if (map[i] >= 0 && t->columns[map[i]].generated)
			map[i] = -1;
	}
}

static void
keep_plan(struct target *t, const struct sinkconf *cfg,
    const struct ps_schema *ks, const struct ps_schema *vs)
{
	struct tplan *p = &t->plans[t->plan_next];
	size_t keys = field_count(ks);

	t->plan_next = (t->plan_next + 1) % TARGET_PLANS;
	if (t->plan_count < TARGET_PLANS)
		t->plan_count++;
	p->key_schema = ks;
	p->value_schema = vs;
	p->key_map = mem_xrealloc(p->key_map,
	    (keys + field_count(vs)) * sizeof *p->key_map);
	p->value_map = p->key_map + keys;
	map_fields(t, cfg, ks, true, p->key_map);
	map_fields(t, cfg, vs, false, p->value_map);
}

static const struct tplan *
find_plan(const struct target *t, const struct ps_record *r)
{
	for (size_t i = 0; i < t->plan_count; i++)
		if (ps_schema_equal(t->plans[i].key_schema, r->key_schema) &&
		    ps_schema_equal(t->plans[i].value_schema, r->value_schema))
			return &t->plans[i];
	return NULL;
}

static void
mark_pk(struct target *t, const char *name, size_t len)
{
	int i = target_find(t, name, len);

	if (i < 0 || t->columns[i].is_pk)
		return;
	t->columns[i].is_pk = true;
	t->pk_count++;
}

/* The table has all that records of these schemas need. */
static int
plan(struct gather *g, struct target *t, const struct ps_record *r,
    struct ps_error *err)
{
	const struct ps_schema *ks = r->key_schema, *vs = r->value_schema;
	size_t room = 4 + (ks == NULL ? 0 : ks->field_count) +
		      (vs == NULL ? 0 : vs->field_count);
	struct wanted *list = ps_calloc(g->a, room, sizeof *list);
	size_t n = want_key(list, g->cfg, ks);

	want_value(list, &n, g->cfg, vs);
	if (r->value.type != PS_NULL && (vs != NULL || t->exists) &&
	    ddl_provide(g->db, t, g->cfg, list, n, err) != 0)
		return -1;
	if (!t->exists)
		return ps_fail(err, PS_E_FATAL,
		    "Table %s is missing and cannot be made from records "
		    "without schema",
		    t->name);
	t->pk_count = 0;
	for (size_t i = 0; i < t->count; i++)
		t->columns[i].is_pk = false;
	for (size_t i = 0; i < n; i++)
		if (list[i].is_pk)
			mark_pk(t, list[i].name, strlen(list[i].name));
	for (size_t i = 0; i < g->cfg->pk_fields.count; i++)
		mark_pk(t, g->cfg->pk_fields.items[i],
		    strlen(g->cfg->pk_fields.items[i]));
	keep_plan(t, g->cfg, ks, vs);
	return 0;
}

static void
set_struct(struct gather *g, struct cell *cells, const int *map,
    const struct ps_value *v, const struct ps_schema *s)
{
	for (uint32_t i = 0; i < v->len; i++) {
		const struct ps_schema *fs = s->fields[i].schema;
		const struct ps_value *field = &v->items[i];

		if (map[i] < 0 || field->type == PS_UNCHANGED)
			continue;
		if (field->type == PS_NULL && g->cfg->null_is_default &&
		    fs->default_value != NULL)
			field = fs->default_value;
		cells[map[i]] = (struct cell){ field, fs };
	}
}

static int
set_map(const struct gather *g, const struct target *t, struct cell *cells,
    const struct ps_value *v, bool is_key, struct ps_error *err)
{
	for (uint32_t i = 0; i < v->len; i++) {
		const struct ps_value *k = &v->pairs[i].key;
		int at;

		if (k->type != PS_STRING)
			return ps_fail(err, PS_E_DATA,
			    "a map with keys that are no strings is no row");
		if (is_key ? !is_key_pk(g->cfg, k->s, k->len)
			   : !is_wanted(g->cfg, k->s, k->len))
			continue;
		at = i < t->count && t->columns[i].name_len == k->len &&
			     memcmp(t->columns[i].name, k->s, k->len) == 0
			 ? (int)i
			 : target_find(t, k->s, k->len);
		if (at < 0)
			return ps_fail(err, PS_E_DATA,
			    "Table %s is missing fields ([%.*s]) and a record "
			    "without schema cannot add them",
			    t->name, (int)k->len, k->s);
		if (!t->columns[at].generated)
			cells[at] = (struct cell){ &v->pairs[i].value, NULL };
	}
	return 0;
}

static int
set_kafka(struct gather *g, const struct target *t, struct cell *cells,
    const struct ps_record *r)
{
	struct ps_value *v = ps_calloc(g->a, 3, sizeof *v);

	v[0] = ps_text(r->origin_topic);
	v[1] = ps_int(PS_INT32, r->origin_partition);
	v[2] = ps_int64(r->origin_offset);
	for (size_t i = 0; i < 3 && i < g->cfg->pk_fields.count; i++) {
		const char *name = g->cfg->pk_fields.items[i];
		int at = target_find(t, name, strlen(name));

		if (at >= 0)
			cells[at] = (struct cell){ &v[i], &kafka_schemas[i] };
	}
	return 0;
}

static int
set_key(struct gather *g, const struct target *t, const struct tplan *p,
    struct cell *cells, const struct ps_record *r, struct ps_error *err)
{
	const char *name = primitive_key_name(g->cfg);
	int at;

	if (g->cfg->pk_mode == PK_KAFKA)
		return set_kafka(g, t, cells, r);
	if (g->cfg->pk_mode != PK_RECORD_KEY)
		return 0;
	if (r->key.type == PS_STRUCT) {
		set_struct(g, cells, p->key_map, &r->key, r->key_schema);
		return 0;
	}
	if (r->key.type == PS_MAP)
		return set_map(g, t, cells, &r->key, true, err);
	if (name == NULL)
		return ps_fail(err, PS_E_DATA,
		    "Need exactly one PK column defined since the key is no "
		    "struct, but pk.fields has %zu",
		    g->cfg->pk_fields.count);
	at = target_find(t, name, strlen(name));
	if (at < 0)
		return ps_fail(err, PS_E_FATAL,
		    "Table %s has no column \"%s\" for the key", t->name, name);
	cells[at] = (struct cell){ &r->key, r->key_schema };
	return 0;
}

/* The key's text, which tells rows apart. */
static int
make_key(struct gather *g, const struct target *t, struct row *row,
    struct ps_error *err)
{
	str_clear(&g->key);
	for (size_t i = 0; i < t->count && t->pk_count > 0; i++) {
		const struct cell *c = &row->cells[i];

		if (!t->columns[i].is_pk)
			continue;
		if (c->v == NULL || c->v->type == PS_NULL)
			return ps_fail(err, PS_E_DATA,
			    "primary key field %s is %s (pk.mode=%s)",
			    t->columns[i].name,
			    c->v == NULL ? "missing" : "null",
			    g->cfg->pk_mode_text);
		if (encode_cell(&g->key, g->a, &t->columns[i], c->v, c->s,
			err) != 0)
			return -1;
		str_put(&g->key, "\t");
	}
	if (g->key.overflow)
		return ps_fail(err, PS_E_DATA,
		    "the primary key is longer than %u bytes", ROW_LIMIT);
	row->key_len = g->key.len;
	row->key =
	    g->key.len == 0 ? "" : ps_strndup(g->a, g->key.data, g->key.len);
	return 0;
}

static int
check_shape(const struct gather *g, const struct ps_record *r,
    struct ps_error *err)
{
	const char *value =
	    r->value.type == PS_NULL ? "a null value"
	    : r->value.type == PS_STRUCT || r->value.type == PS_MAP
		? NULL
		: "a value that is neither";

	if (r->value.type == PS_NULL && g->cfg->deletes)
		value = NULL;
	if (value == NULL && g->cfg->pk_mode == PK_RECORD_KEY &&
	    r->key.type == PS_NULL)
		return ps_fail(err, PS_E_DATA,
		    "Sink connector '%s' is configured with 'delete.enabled=%s'"
		    " and 'pk.mode=%s' and therefore requires records with a "
		    "non-null key",
		    g->host->connector, g->cfg->deletes ? "true" : "false",
		    g->cfg->pk_mode_text);
	if (value == NULL)
		return 0;
	return ps_fail(err, PS_E_DATA,
	    "Sink connector '%s' is configured with 'delete.enabled=%s' and "
	    "'pk.mode=%s' and therefore requires records with a non-null "
	    "Struct value and non-null Struct schema (or a map without "
	    "schema), but found record at "
	    "(topic='%s',partition=%d,offset=%" PRId64 ",timestamp=%" PRId64
	    ") with %s",
	    g->host->connector, g->cfg->deletes ? "true" : "false",
	    g->cfg->pk_mode_text, r->origin_topic, (int)r->origin_partition,
	    r->origin_offset, r->timestamp, value);
}

/* Plain inserts are not folded, so a change between deletes and inserts
 * begins a new set of rows. */
static struct rows *
rows_for(struct gather *g, struct target *t, const struct row *row)
{
	struct rows *rs = t->rows;

	if (rs != NULL &&
	    (g->cfg->mode != INSERT_PLAIN || rs->count == 0 ||
		rs->rows[rs->count - 1].has_values == row->has_values))
		return rs;
	rs = rows_new(g->a, t);
	if (g->last == NULL)
		g->first = rs;
	else
		g->last->next = rs;
	g->last = rs;
	t->rows = rs;
	return rs;
}

static int
fill_row(struct gather *g, const struct target *t, const struct tplan *p,
    const struct ps_record *r, struct row *row, struct ps_error *err)
{
	if (r->value.type == PS_MAP &&
	    set_map(g, t, row->cells, &r->value, false, err) != 0)
		return -1;
	if (r->value.type == PS_STRUCT)
		set_struct(g, row->cells, p->value_map, &r->value,
		    r->value_schema);
	if (set_key(g, t, p, row->cells, r, err) != 0)
		return -1;
	return make_key(g, t, row, err);
}

int
gather_plan(struct gather *g, const struct ps_record *r, struct ps_error *err)
{
	struct ps_error bad = { .code = PS_OK };
	struct target *t;

	if (check_shape(g, r, &bad) != 0)
		return 0; /* gather_row() says so, and reports it */
	if (find_target(g, r->topic, &t, err) != 0)
		return -1;
	return find_plan(t, r) != NULL ? 0 : plan(g, t, r, err);
}

int
gather_row(struct gather *g, const struct ps_record *r, struct target **out,
    struct row *row, struct ps_error *err)
{
	const struct tplan *p;
	struct target *t;

	if (check_shape(g, r, err) != 0 ||
	    find_target(g, r->topic, &t, err) != 0)
		return -1;
	p = find_plan(t, r);
	if (p == NULL && plan(g, t, r, err) != 0)
		return -1;
	if (p == NULL)
		p = find_plan(t, r);
	*out = t;
	*row = (struct row){ .record = r };
	row->cells = ps_calloc(g->a, t->count, sizeof *row->cells);
	row->has_values = r->value.type != PS_NULL;
	row->delete_first = !row->has_values;
	return fill_row(g, t, p, r, row, err);
}

void
gather_add(struct gather *g, struct target *t, const struct row *row)
{
	rows_add(rows_for(g, t, row), g->a, row,
	    g->cfg->mode != INSERT_PLAIN && t->pk_count > 0);
}
