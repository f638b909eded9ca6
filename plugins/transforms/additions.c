#include "additions.h"

/* Where a name without a struct is. */
static const char *
home_of(const char *field)
{
	static const char *const top[] = { "op", "ts_ms", "ts_us", "ts_ns",
		NULL };
	static const char *const transaction[] = { "id", "total_order",
		"data_collection_order", NULL };

	for (size_t i = 0; top[i] != NULL; i++)
		if (strcmp(top[i], field) == 0)
			return NULL;
	for (size_t i = 0; transaction[i] != NULL; i++)
		if (strcmp(transaction[i], field) == 0)
			return "transaction";
	if (strcmp(field, "updateDescription") == 0)
		return "updateDescription";
	return "source";
}

/* The parts of a text between `mark`s, as Java splits it: those that are
 * empty at its end are none, but of an empty text one is left. */
static size_t
split(char *s, char mark, char *parts[3])
{
	size_t n = 0, end;
	char *next = s;

	if (*s == '\0') {
		parts[0] = s;
		return 1;
	}
	end = strlen(s);
	while (end > 0 && s[end - 1] == mark)
		s[--end] = '\0';
	while (end > 0 && next != NULL && n < 3) {
		parts[n++] = next;
		next = strchr(next, mark);
		if (next != NULL)
			*next++ = '\0';
	}
	return n;
}

static char *
joined(struct common *t, const char *a, const char *b, const char *c)
{
	char *s =
	    (char *)common_alloc(t, strlen(a) + strlen(b) + strlen(c) + 2);

	(void)stpcpy(stpcpy(stpcpy(s, a), b), c);
	return s;
}

static int
read_one(struct addition *a, struct common *t, const char *spec,
    const char *prefix, struct ps_error *err)
{
	char *parts[3], *path[3], *name;
	size_t n = split(common_strdup(t, spec), ':', parts), steps;

	steps = n == 0 ? 0 : split(parts[0], '.', path);
	if (n == 0 || n > 2 || steps == 0)
		return ps_fail(err, PS_E_CONFIG,
		    "Unexpected field name: %s: expected a field or "
		    "struct.field, and :name behind it for another name",
		    spec);
	a->field = path[steps > 1];
	a->in = steps > 1 ? path[0] : home_of(a->field);
	if (n == 2)
		name = joined(t, prefix, parts[1], "");
	else if (steps > 1)
		name = joined(t, joined(t, prefix, path[0], ""), "_", a->field);
	else
		name = joined(t, prefix, a->field, "");
	a->name = name;
	a->name_len = strlen(name);
	return 0;
}

/* Empty entries at the end are none. */
static size_t
count_of(const struct names *n)
{
	size_t count = n->count;

	while (count > 1 && *n->items[count - 1] == '\0')
		count--;
	return count;
}

int
additions_read(struct additions *out, struct common *t,
    const struct ps_config *c, const char *key, struct ps_error *err)
{
	struct names specs = common_names(t, c, key);
	char prefix_key[64];

	(void)snprintf(prefix_key, sizeof prefix_key, "%s.prefix", key);
	out->count = specs.count == 0 ? 0 : count_of(&specs);
	out->items = (struct addition *)common_alloc(t,
	    (out->count + 1) * sizeof *out->items);
	for (size_t i = 0; i < out->count; i++)
		if (read_one(&out->items[i], t, specs.items[i],
			ps_config_str(c, prefix_key), err) < 0)
			return -1;
	return 0;
}

int
addition_find(const struct addition *a, const struct node *event,
    struct node *out, struct ps_error *err)
{
	struct node in = *event;

	if (a->in != NULL) {
		in = node_field(event, a->in, strlen(a->in));
		if (in.schema == NULL || in.schema->type != PS_STRUCT)
			return ps_fail(err, PS_E_DATA,
			    "Unable to find field %s: the event has no "
			    "struct %s",
			    a->field, a->in);
	}
	*out = node_field(&in, a->field, strlen(a->field));
	if (out->schema == NULL) {
		*out = node_field(event, a->field, strlen(a->field));
		if (in.value.type == PS_NULL)
			out->value = ps_null();
	}
	return out->schema != NULL;
}

const struct ps_schema *
addition_schema(const struct common *t, const struct ps_schema *of)
{
	struct ps_schema draft = schema_like(of, of->type);

	draft.optional = true;
	draft.key = of->key;
	draft.elem = of->elem;
	return common_intern(t, &draft);
}
