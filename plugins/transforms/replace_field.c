#include <assert.h>
#include <stdlib.h>

#include "operand.h"

#define PURPOSE "field replacement"

struct renaming {
	char *from, *to;
};

struct replace {
	const struct ps_host *host;
	const struct ps_class *class;
	struct ps_list include, exclude; /* in the arena */
	struct renaming *renames;
	size_t rename_count;
	bool null_default;
	char *texts; /* what the lists and renames point into */
	const char **items;
};

static void
destroy(void *state)
{
	struct replace *t = (struct replace *)state;

	free(t->renames);
	free(t->texts);
	free(t->items);
	free(t);
}

/* Entries of a list, trimmed, cut in place; `items` has room for all. */
static size_t
split(char *s, const char **items)
{
	size_t n = 0, len;
	char *entry;

	while ((entry = strsep(&s, ",")) != NULL) {
		entry += strspn(entry, " \t\r\n");
		len = strlen(entry);
		while (len > 0 && strchr(" \t\r\n", entry[len - 1]) != NULL)
			entry[--len] = '\0';
		if (len > 0 || s != NULL || n > 0)
			items[n++] = entry;
	}
	return n;
}

/* "a:b": a becomes b */
static int
read_renames(struct replace *t, const char **items, size_t count,
    const char *given, struct ps_error *err)
{
	t->renames = (struct renaming *)calloc(count + 1, sizeof *t->renames);
	assert(t->renames != NULL);
	for (size_t i = 0; i < count; i++) {
		char *from = t->texts + (items[i] - t->texts);
		char *colon = strchr(from, ':');

		if (colon == NULL || strchr(colon + 1, ':') != NULL)
			return ps_fail(err, PS_E_CONFIG,
			    "Invalid value [%s] for configuration renames: "
			    "Invalid rename mapping: %s",
			    given, items[i]);
		*colon = '\0';
		t->renames[i] = (struct renaming){ from, colon + 1 };
		t->rename_count++;
	}
	return 0;
}

static void *
create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	static const char *const names[] = { "include", "exclude", "renames" };
	struct replace *t = (struct replace *)calloc(1, sizeof *t);
	size_t room = 3, n[3];
	const char **items;
	char *text;

	assert(t != NULL);
	for (int i = 0; i < 3; i++)
		room += strlen(ps_config_str(c, names[i]));
	text = t->texts = (char *)malloc(room);
	items = t->items = (const char **)calloc(room, sizeof *t->items);
	assert(text != NULL && items != NULL);
	t->host = h;
	t->class = self;
	t->null_default = ps_config_bool(c, "replace.null.with.default");
	for (int i = 0; i < 3; i++) {
		const char *s = ps_config_str(c, names[i]);
		size_t len = strlen(s) + 1;

		memcpy(text, s, len);
		n[i] = len > 1 ? split(text, items) : 0;
		text += len;
		items += n[i];
	}
	t->include = (struct ps_list){ t->items, n[0] };
	t->exclude = (struct ps_list){ t->items + n[0], n[1] };
	if (read_renames(t, t->items + n[0] + n[1], n[2],
		ps_config_str(c, "renames"), err) == 0)
		return t;
	destroy(t);
	return NULL;
}

static bool
contains(const struct ps_list *l, const char *s, size_t len)
{
	for (size_t i = 0; i < l->count; i++)
		if (strncmp(l->items[i], s, len) == 0 &&
		    l->items[i][len] == '\0')
			return true;
	return false;
}

static bool
keeps(const struct replace *t, const char *s, size_t len)
{
	return !contains(&t->exclude, s, len) &&
	       (t->include.count == 0 || contains(&t->include, s, len));
}

static void
rename_field(const struct replace *t, const char **s, size_t *len)
{
	for (size_t i = 0; i < t->rename_count; i++) {
		if (strncmp(t->renames[i].from, *s, *len) != 0 ||
		    t->renames[i].from[*len] != '\0')
			continue;
		*s = t->renames[i].to;
		*len = strlen(*s);
		return;
	}
}

static int
replace_in_map(struct replace *t, struct ps_arena *a, struct ps_value *value,
    struct ps_error *err)
{
	struct ps_pair *pairs =
	    (struct ps_pair *)ps_alloc(a, value->len * sizeof *pairs);
	size_t n = 0;

	for (uint32_t i = 0; i < value->len; i++) {
		struct ps_pair pair = value->pairs[i];
		size_t len = pair.key.len;
		const char *s = pair.key.s;

		if (pair.key.type != PS_STRING)
			return ps_fail(err, PS_E_DATA,
			    "key %u of the map is not a string", i);
		if (!keeps(t, s, len))
			continue;
		rename_field(t, &s, &len);
		pair.key = ps_string(s, len);
		pairs[n++] = pair;
	}
	*value = ps_map(pairs, n);
	return 0;
}

static const struct ps_schema *
with_replacements(struct replace *t, struct ps_arena *a,
    const struct ps_schema *from, struct ps_error *err)
{
	struct ps_schema draft = struct_like(from);
	struct ps_field *fields =
	    (struct ps_field *)ps_alloc(a, from->field_count * sizeof *fields);

	draft.fields = fields;
	for (size_t i = 0; i < from->field_count; i++) {
		struct ps_field f = from->fields[i];

		if (!keeps(t, f.name, f.name_len))
			continue;
		rename_field(t, &f.name, &f.name_len);
		if (ps_field_index(&draft, f.name, f.name_len) >= 0) {
			(void)ps_fail(err, PS_E_DATA,
			    "Cannot create field because of field name "
			    "duplication %s",
			    f.name);
			return NULL;
		}
		fields[draft.field_count++] = f;
	}
	/* cppcheck-suppress returnDanglingLifetime ; it is copied */
	return t->host->intern(t->host, &draft);
}

static void
replace_in_struct(struct replace *t, struct ps_arena *a,
    const struct operand *o, const struct ps_schema *to)
{
	const struct ps_schema *from = *o->schema;
	struct ps_value *items =
	    (struct ps_value *)ps_alloc(a, to->field_count * sizeof *items);
	size_t n = 0;

	for (size_t i = 0; i < from->field_count; i++)
		if (keeps(t, from->fields[i].name, from->fields[i].name_len))
			items[n++] =
			    field_value(from, o->value, i, t->null_default);
	*o->value = ps_struct(items, n);
	*o->schema = to;
}

static int
replace_one(struct replace *t, struct ps_arena *a, struct ps_record *r,
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
		return replace_in_map(t, a, o.value, err);
	row = updates_row(u, *o.schema);
	to = row == NULL ? NULL : row->to;
	if (to == NULL) {
		to = with_replacements(t, a, *o.schema, err);
		if (to == NULL)
			return -1;
		(void)updates_add(u, *o.schema, to, NULL);
	}
	replace_in_struct(t, a, &o, to);
	return 0;
}

static void
apply(void *state, struct ps_batch *b, struct ps_record *const *records,
    size_t count)
{
	struct replace *t = (struct replace *)state;
	struct updates u = { .count = 0 };
	struct ps_error err;

	ps_error_clear(&err);
	for (size_t i = 0; i < count; i++) {
		if (replace_one(t, b->arena, records[i], &u, &err) == 0)
			continue;
		ps_record_fail(b, records[i], PS_STAGE_TRANSFORMATION,
		    t->class->aliases[0], &err);
		ps_error_clear(&err);
	}
}

const struct ps_transform_ops replace_field_ops = { create, apply, destroy };

const struct ps_key replace_field_keys[REPLACE_FIELD_KEYS] = {
	{ .name = "exclude",
	    .type = PS_KEY_LIST,
	    .default_value = "",
	    .importance = PS_MEDIUM,
	    .doc = "Fields to exclude. This takes precedence over the fields "
		   "to include." },
	{ .name = "include",
	    .type = PS_KEY_LIST,
	    .default_value = "",
	    .importance = PS_MEDIUM,
	    .doc = "Fields to include. If specified, only these fields will be "
		   "used." },
	{ .name = "renames",
	    .type = PS_KEY_LIST,
	    .default_value = "",
	    .importance = PS_MEDIUM,
	    .doc = "Field rename mappings: a list of old:new." },
	NULL_DEFAULT_KEY,
};
