#include "record/intern.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/dict.h"
#include "base/xalloc.h"
#include "record/digest.h"
#include "record/value.h"

#define CHUNK 16384u

struct intern {
	struct dict *table; /* schemas by digest */
	size_t ceiling;
	struct ps_arena *kept;    /* the table's schemas */
	struct ps_arena *scratch; /* for one call */
	struct buf bytes;         /* what one node's digest is made of */
};

struct intern *
intern_new(size_t ceiling)
{
	struct intern *in = xcalloc(1, sizeof *in);

	in->ceiling = ceiling;
	in->table = dict_new();
	in->kept = arena_new(CHUNK);
	in->scratch = arena_new(CHUNK);
	buf_init(&in->bytes, SIZE_MAX / 2);
	return in;
}

void
intern_free(struct intern **ip)
{
	struct intern *in = *ip;

	if (in == NULL)
		return;
	dict_free(&in->table);
	arena_free(&in->kept);
	arena_free(&in->scratch);
	buf_fini(&in->bytes);
	free(in);
	*ip = NULL;
}

size_t
intern_count(const struct intern *in)
{
	return dict_count(in->table);
}

static const struct ps_schema *
find(const struct intern *in, const struct ps_schema *s)
{
	return dict_get(in->table, s->digest, sizeof s->digest);
}

/* A copy that was changed may carry the digest of its original. */
static bool
is_kept(const struct intern *in, const struct ps_schema *s)
{
	return find(in, s) == s;
}

static void
put_number(struct buf *b, uint64_t n)
{
	(void)buf_append(b, &n, sizeof n);
}

static void
put_text(struct buf *b, const char *s)
{
	size_t len = s == NULL ? 0 : strlen(s);

	put_number(b, s == NULL ? UINT64_MAX : len);
	(void)buf_append(b, s, len);
}

static void
put_value(struct buf *b, const struct ps_value *v)
{
	put_number(b, (uint64_t)v->type << 32 | v->len);
	switch (v->type) {
	case PS_STRING:
	case PS_BYTES:
		(void)buf_append(b, v->s, v->len);
		break;
	case PS_ARRAY:
	case PS_STRUCT:
		for (uint32_t i = 0; i < v->len; i++)
			put_value(b, &v->items[i]);
		break;
	case PS_MAP:
		for (uint32_t i = 0; i < v->len; i++) {
			put_value(b, &v->pairs[i].key);
			put_value(b, &v->pairs[i].value);
		}
		break;
	case PS_BOOLEAN:
		put_number(b, v->b);
		break;
	case PS_INT8:
	case PS_INT16:
	case PS_INT32:
	case PS_INT64:
	case PS_FLOAT32:
	case PS_FLOAT64:
		(void)buf_append(b, &v->i, sizeof v->i);
		break;
	case PS_NULL:
	case PS_UNCHANGED:
		break;
	}
}

static void
put_child(struct buf *b, const struct ps_schema *s)
{
	put_number(b, s != NULL);
	if (s != NULL)
		(void)buf_append(b, s->digest, sizeof s->digest);
}

/* Its children are interned already. */
static void
set_digest(struct intern *in, struct ps_schema *s)
{
	struct buf *b = &in->bytes;

	buf_clear(b);
	put_number(b, (uint64_t)s->type << 1 | s->optional);
	put_number(b, (uint32_t)s->version);
	put_text(b, s->name);
	put_text(b, s->doc);
	put_number(b, s->param_count);
	for (size_t i = 0; i < s->param_count; i++) {
		put_text(b, s->params[i].name);
		put_text(b, s->params[i].value);
	}
	put_number(b, s->default_value != NULL);
	if (s->default_value != NULL)
		put_value(b, s->default_value);
	put_number(b, s->field_count);
	for (size_t i = 0; i < s->field_count; i++) {
		put_number(b, s->fields[i].name_len);
		(void)buf_append(b, s->fields[i].name, s->fields[i].name_len);
		put_child(b, s->fields[i].schema);
	}
	put_child(b, s->key);
	put_child(b, s->elem);
	digest_bytes(b->data, b->len, s->digest);
}

static const struct logical_name {
	const char *name;
	enum ps_type type;
	enum ps_logical logical;
} logical_names[] = {
	{ PS_NAME_DECIMAL, PS_BYTES, PS_DECIMAL },
	{ PS_NAME_DATE, PS_INT32, PS_DATE },
	{ PS_NAME_TIME, PS_INT32, PS_TIME },
	{ PS_NAME_TIMESTAMP, PS_INT64, PS_TIMESTAMP },
};

static void
set_logical(struct ps_schema *s)
{
	size_t count = sizeof logical_names / sizeof *logical_names;

	s->logical = s->name == NULL ? PS_PLAIN : PS_OTHER;
	s->scale = 0;
	for (size_t i = 0; s->name != NULL && i < count; i++)
		if (s->type == logical_names[i].type &&
		    strcmp(s->name, logical_names[i].name) == 0)
			s->logical = logical_names[i].logical;
	for (size_t i = 0; s->logical == PS_DECIMAL && i < s->param_count; i++)
		if (strcmp(s->params[i].name, "scale") == 0)
			s->scale =
			    (int32_t)strtol(s->params[i].value, NULL, 10);
}

static const char *
copy_text(struct ps_arena *a, const char *s)
{
	return s == NULL ? NULL : ps_strdup(a, s);
}

/* Children are kept apart, so this copies one node. */
static void
copy_node(struct ps_arena *a, struct ps_schema *out, const struct ps_schema *s)
{
	struct ps_param *params = ps_alloc(a, s->param_count * sizeof *params);
	struct ps_field *fields = ps_alloc(a, s->field_count * sizeof *fields);

	*out = *s;
	out->name = copy_text(a, s->name);
	out->doc = copy_text(a, s->doc);
	for (size_t i = 0; i < s->param_count; i++) {
		params[i].name = ps_strdup(a, s->params[i].name);
		params[i].value = copy_text(a, s->params[i].value);
	}
	out->params = params;
	for (size_t i = 0; i < s->field_count; i++) {
		fields[i] = s->fields[i];
		fields[i].name =
		    ps_strndup(a, fields[i].name, fields[i].name_len);
	}
	out->fields = fields;
	if (s->default_value != NULL) {
		struct ps_value *v = ps_alloc(a, sizeof *v);

		*v = value_copy(a, s->default_value);
		out->default_value = v;
	}
}

static const struct ps_schema *
keep(struct intern *in, struct ps_arena *a, const struct ps_schema *node)
{
	const struct ps_schema *kept = find(in, node);
	bool full = intern_count(in) >= in->ceiling;
	struct ps_schema *s;

	if (kept != NULL)
		return kept;
	s = ps_alloc(full ? a : in->kept, sizeof *s);
	copy_node(full ? a : in->kept, s, node);
	if (!full)
		(void)dict_put(in->table, s->digest, sizeof s->digest, s);
	return s;
}

static const struct ps_schema *
intern_node(struct intern *in, struct ps_arena *a,
    const struct ps_schema *draft)
{
	struct ps_schema node;
	struct ps_field *fields;

	if (draft == NULL || is_kept(in, draft))
		return draft;
	node = *draft;
	fields = ps_alloc(in->scratch, node.field_count * sizeof *fields);
	for (size_t i = 0; i < node.field_count; i++) {
		fields[i] = draft->fields[i];
		fields[i].schema = intern_node(in, a, fields[i].schema);
	}
	node.fields = fields;
	node.key = intern_node(in, a, node.key);
	node.elem = intern_node(in, a, node.elem);
	set_logical(&node);
	set_digest(in, &node);
	return keep(in, a, &node);
}

const struct ps_schema *
intern_schema(struct intern *in, struct ps_arena *a,
    const struct ps_schema *draft)
{
	const struct ps_schema *s = intern_node(in, a, draft);

	arena_reset(in->scratch, CHUNK);
	return s;
}
