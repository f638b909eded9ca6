#include "envelope.h"

bool
ends_with(const char *s, const char *word)
{
	size_t n = strlen(s), m = strlen(word);

	return n >= m && memcmp(s + n - m, word, m) == 0;
}

bool
envelope_is(const struct ps_record *r)
{
	const struct ps_schema *s = r->value_schema;

	return s != NULL && s->name != NULL && ends_with(s->name, ".Envelope");
}

struct node
node_field(const struct node *in, const char *name, size_t len)
{
	struct node out = { NULL, ps_null() };
	int at;

	if (in->schema == NULL || in->schema->type != PS_STRUCT)
		return out;
	at = ps_field_index(in->schema, name, len);
	if (at < 0)
		return out;
	out.schema = in->schema->fields[at].schema;
	if (in->value.type == PS_STRUCT)
		out.value = in->value.items[at];
	return out;
}

int
node_get(const struct node *in, const char *name, struct node *out,
    struct ps_error *err)
{
	*out = node_field(in, name, strlen(name));
	if (out->schema == NULL)
		return ps_fail(err, PS_E_DATA, "%s is not a valid field name",
		    name);
	if (out->value.type == PS_NULL && out->schema->default_value != NULL)
		out->value = *out->schema->default_value;
	return 0;
}

int
node_typed(const struct node *in, const char *name, enum ps_type type,
    struct node *out, struct ps_error *err)
{
	*out = node_field(in, name, strlen(name));
	if (out->schema == NULL)
		return ps_fail(err, PS_E_DATA, "%s is not a valid field name",
		    name);
	if (out->schema->type != type)
		return ps_fail(err, PS_E_DATA,
		    "Field '%s' is not of the type that is needed here, it "
		    "holds a %s",
		    name, class_of(out->schema, &out->value));
	return 0;
}

int
node_struct(const struct node *p, const char *purpose, struct ps_error *err)
{
	if (p->schema != NULL && p->value.type == PS_STRUCT)
		return 0;
	return ps_fail(err, PS_E_DATA,
	    "Only Struct objects supported for [%s], found: %s", purpose,
	    class_of(p->schema, &p->value));
}

bool
is_blank(const struct ps_value *v)
{
	if (v->type != PS_STRING)
		return v->type == PS_NULL;
	for (uint32_t i = 0; i < v->len; i++)
		if ((unsigned char)v->s[i] > ' ')
			return false;
	return true;
}

struct ps_header *
headers_copy(struct ps_arena *a, const struct ps_record *r, size_t more)
{
	struct ps_header *all = (struct ps_header *)ps_alloc(a,
	    (r->header_count + more) * sizeof *all);

	if (r->header_count > 0)
		memcpy(all, r->headers, r->header_count * sizeof *all);
	return all;
}

struct ps_header
header_with(const char *name, const struct node *v)
{
	return (struct ps_header){ .name = name,
		.name_len = strlen(name),
		.value = v->value,
		.schema = v->schema };
}

void
add_header(struct ps_arena *a, struct ps_record *r, const char *name,
    const struct node *v)
{
	struct ps_header *all = headers_copy(a, r, 1);

	all[r->header_count++] = header_with(name, v);
	r->headers = all;
}
