#include "operand.h"

#include <assert.h>
#include <stdlib.h>

struct piece {
	struct piece *next;
	max_align_t data[];
};

void *
common_new(size_t size, const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c)
{
	struct common *t = (struct common *)calloc(1, size);

	assert(t != NULL);
	t->host = h;
	t->class = self;
	t->side = (enum side)self->variant;
	t->null_default = ps_config_bool(c, "replace.null.with.default");
	return t;
}

void *
common_alloc(struct common *t, size_t size)
{
	struct piece *p = (struct piece *)calloc(1, sizeof *p + size);

	assert(p != NULL);
	p->next = t->pieces;
	t->pieces = p;
	return p->data;
}

char *
common_strdup(struct common *t, const char *s)
{
	size_t size = strlen(s) + 1;

	return (char *)memcpy(common_alloc(t, size), s, size);
}

const struct ps_schema *
common_intern(const struct common *t, const struct ps_schema *draft)
{
	return t->host->intern(t->host, draft);
}

void
common_free(void *state)
{
	struct common *t = (struct common *)state;
	struct piece *next;

	for (struct piece *p = t->pieces; p != NULL; p = next) {
		next = p->next;
		free(p);
	}
	free(t);
}

char *
trimmed(char *s)
{
	size_t len;

	s += strspn(s, " \t\r\n");
	len = strlen(s);
	while (len > 0 && strchr(" \t\r\n", s[len - 1]) != NULL)
		s[--len] = '\0';
	return s;
}

struct names
common_names(struct common *t, const struct ps_config *c, const char *key)
{
	char *s = common_strdup(t, ps_config_str(c, key)), *entry;
	struct names n = { NULL, 0 };

	n.items =
	    (const char **)common_alloc(t, (strlen(s) + 1) * sizeof *n.items);
	if (*s == '\0')
		return n;
	while ((entry = strsep(&s, ",")) != NULL)
		n.items[n.count++] = trimmed(entry);
	return n;
}

bool
names_have(const struct names *n, const char *s, size_t len)
{
	for (size_t i = 0; i < n->count; i++)
		if (strncmp(n->items[i], s, len) == 0 &&
		    n->items[i][len] == '\0')
			return true;
	return false;
}

const struct update *
updates_add(struct updates *u, const struct ps_schema *from,
    const struct ps_schema *to, const void *plan)
{
	struct update *row = &u->rows[u->next];

	*row = (struct update){ from, to, plan, false };
	if (from->type == PS_STRUCT)
		for (size_t i = 0; i < from->field_count; i++)
			row->defaults |=
			    from->fields[i].schema->default_value != NULL;
	u->next = (u->next + 1) % UPDATES;
	u->count += u->count < UPDATES;
	return row;
}

void
common_apply(struct common *t, one_fn *one, struct ps_batch *b,
    struct ps_record *const *records, size_t count)
{
	struct ps_error err;
	struct work w = { .arena = b->arena, .err = &err };

	ps_error_clear(&err);
	for (size_t i = 0; i < count; i++) {
		w.record = records[i];
		if (one(t, &w, records[i]) == 0)
			continue;
		ps_record_fail(b, records[i], PS_STAGE_TRANSFORMATION,
		    t->class->aliases[0], &err);
		ps_error_clear(&err);
	}
}

struct ps_value *
fields_copy(const struct work *w, const struct update *u,
    const struct ps_value *v, size_t more, bool null_default)
{
	struct ps_value *items = (struct ps_value *)ps_alloc(w->arena,
	    (v->len + more) * sizeof *items);

	if (v->len > 0)
		memcpy(items, v->items, v->len * sizeof *items);
	if (!u->defaults || !null_default)
		return items;
	for (size_t i = 0; i < v->len; i++)
		items[i] = field_value(u->from, v, i, true);
	return items;
}

const char *
class_of(const struct ps_schema *s, const struct ps_value *v)
{
	static const char *const names[] = { "null", "java.lang.Byte",
		"java.lang.Short", "java.lang.Integer", "java.lang.Long",
		"java.lang.Float", "java.lang.Double", "java.lang.Boolean",
		"java.lang.String", "[B", "java.util.ArrayList",
		"java.util.HashMap", "org.apache.kafka.connect.data.Struct",
		"a value that did not change" };

	if (s != NULL && s->logical == PS_DECIMAL && v->type == PS_BYTES)
		return "java.math.BigDecimal";
	if (s != NULL && s->logical >= PS_DATE && s->logical <= PS_TIMESTAMP &&
	    v->type != PS_NULL)
		return "java.util.Date";
	return names[v->type];
}

int
operand_check_or_null(const struct ps_schema *s, const struct ps_value *v,
    const char *purpose, struct ps_error *err)
{
	if (v->type == PS_NULL)
		return 0;
	if (s == NULL && v->type != PS_MAP)
		return ps_fail(err, PS_E_DATA,
		    "Only Map objects supported in absence of schema for [%s], "
		    "found: %s",
		    purpose, class_of(s, v));
	if (s != NULL && (v->type != PS_STRUCT || s->type != PS_STRUCT))
		return ps_fail(err, PS_E_DATA,
		    "Only Struct objects supported for [%s], found: %s",
		    purpose, class_of(s, v));
	return 0;
}

int
operand_check(const struct operand *o, const char *purpose,
    struct ps_error *err)
{
	if (o->value->type == PS_NULL)
		return ps_fail(err, PS_E_DATA, "Only %s for [%s], found: null",
		    *o->schema == NULL
			? "Map objects supported in absence of schema"
			: "Struct objects supported",
		    purpose);
	return operand_check_or_null(*o->schema, o->value, purpose, err);
}

int
check_null(const struct ps_schema *s, const struct ps_value *v,
    const char *field, struct ps_error *err)
{
	if (v->type != PS_NULL || s->optional)
		return 0;
	return ps_fail(err, PS_E_DATA,
	    "Invalid value: null used for required field: \"%s\"", field);
}

int
check_field(const struct ps_field *fields, size_t count, const char *name,
    size_t len, struct ps_error *err)
{
	const struct ps_schema there = { .type = PS_STRUCT,
		.fields = fields,
		.field_count = count };

	if (len == 0)
		return ps_fail(err, PS_E_DATA, "fieldName cannot be null");
	if (ps_field_index(&there, name, len) < 0)
		return 0;
	return ps_fail(err, PS_E_DATA,
	    "Cannot create field because of field name duplication %.*s",
	    (int)len, name);
}

const struct ps_value *
map_get(const struct ps_value *map, const char *name, size_t len)
{
	for (uint32_t i = 0; i < map->len; i++) {
		const struct ps_value *key = &map->pairs[i].key;

		if (key->type == PS_STRING && key->len == len &&
		    memcmp(key->s, name, len) == 0)
			return &map->pairs[i].value;
	}
	return NULL;
}

struct ps_value
map_put(struct ps_arena *a, const struct ps_value *map, const char *name,
    size_t len, struct ps_value v)
{
	const struct ps_value *old = map_get(map, name, len);
	struct ps_pair *pairs = (struct ps_pair *)ps_alloc(a,
	    (map->len + (size_t)1) * sizeof *pairs);
	size_t n = map->len, at = n;

	if (n > 0)
		memcpy(pairs, map->pairs, n * sizeof *pairs);
	if (old != NULL)
		at = (size_t)((const struct ps_pair *)(const void
				      *)((const char *)old -
					 offsetof(struct ps_pair, value)) -
			      map->pairs);
	pairs[at] = (struct ps_pair){ ps_string(name, len), v };
	return ps_map(pairs, old == NULL ? n + 1 : n);
}
