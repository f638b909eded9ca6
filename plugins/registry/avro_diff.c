#include "avro_diff.h"

#include "avro_schema.h"

struct list {
	char *out;
	size_t room, used;
};

PS_PRINTF(2, 3)
static void
add(struct list *l, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (l->used + 3 >= l->room)
		return;
	if (l->used > 0) {
		memcpy(l->out + l->used, ", ", 3);
		l->used += 2;
	}
	va_start(ap, fmt);
	n = vsnprintf(l->out + l->used, l->room - l->used, fmt, ap);
	va_end(ap);
	if (n > 0)
		l->used += (size_t)n < l->room - l->used
			       ? (size_t)n
			       : l->room - l->used - 1;
}

/* "int", "null or string", "db.orders.Value". */
static const char *
words(struct ps_arena *a, const struct avro_schema *s)
{
	const char *text = NULL;

	if (s->full != NULL)
		return s->full;
	if (s->kind == AVRO_ARRAY || s->kind == AVRO_MAP)
		return ps_printf(a, "%s of %s", avro_kind_name(s->kind),
		    words(a, s->elem));
	if (s->kind != AVRO_UNION_OF)
		return avro_kind_name(s->kind);
	for (size_t i = 0; i < s->count; i++)
		text = text == NULL ? words(a, s->branches[i])
				    : ps_printf(a, "%s or %s", text,
					  words(a, s->branches[i]));
	return text == NULL ? "an empty union" : text;
}

static const struct avro_field *
find(const struct avro_schema *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->fields[i].name, name) == 0)
			return &s->fields[i];
	return NULL;
}

/* The record of a type, also of one that may be null. */
static struct avro_schema *
record_in(struct avro_schema *s)
{
	if (s->kind == AVRO_UNION_OF)
		for (size_t i = 0; i < s->count; i++)
			if (s->branches[i]->kind == AVRO_RECORD)
				return s->branches[i];
	return s->kind == AVRO_RECORD ? s : NULL;
}

static const char *
below(struct ps_arena *a, const char *path, const char *name)
{
	return path[0] == '\0' ? ps_printf(a, "field %s", name)
			       : ps_printf(a, "%s.%s", path, name);
}

static void compare(struct list *l, struct ps_arena *a, const char *path,
    struct avro_schema *old, struct avro_schema *new);

static void
compare_fields(struct list *l, struct ps_arena *a, const char *path,
    struct avro_schema *old, struct avro_schema *new)
{
	for (size_t i = 0; i < new->count; i++) {
		const struct avro_field *f = &new->fields[i];
		const struct avro_field *was = find(old, f->name);
		const char *where = below(a, path, f->name);

		if (was != NULL)
			compare(l, a, where, was->schema, f->schema);
		else
			add(l, "%s was added%s", where,
			    f->default_value == NULL ? " without a default"
						     : "");
	}
	for (size_t i = 0; i < old->count; i++)
		if (find(new, old->fields[i].name) == NULL)
			add(l, "%s is gone",
			    below(a, path, old->fields[i].name));
}

static void
compare(struct list *l, struct ps_arena *a, const char *path,
    struct avro_schema *old, struct avro_schema *new)
{
	struct avro_schema *o = record_in(old), *n = record_in(new);

	if (strcmp(words(a, old), words(a, new)) != 0)
		add(l, "%s was %s and is %s", path[0] == '\0' ? "it" : path,
		    words(a, old), words(a, new));
	if (o == NULL || n == NULL || n->open)
		return;
	n->open = true;
	compare_fields(l, a, path, o, n);
	n->open = false;
}

void
avro_differs(struct ps_arena *a, const char *old_text, const char *new_text,
    char *out, size_t room)
{
	const struct registered before = { .text = old_text };
	const struct registered after = { .text = new_text };
	struct avro_document old = { 0 }, new = { 0 };
	struct list l = { out, room, 0 };
	struct ps_error ignored = { 0 };

	out[0] = '\0';
	if (avro_parse(&old, a, &before, &ignored) == 0 &&
	    avro_parse(&new, a, &after, &ignored) == 0)
		compare(&l, a, "", old.schema, new.schema);
	avro_document_fini(&old);
	avro_document_fini(&new);
}
