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

	return s != NULL && s->type == PS_STRUCT &&
	       r->value.type == PS_STRUCT && s->name != NULL &&
	       ends_with(s->name, ".Envelope") &&
	       ps_field_index(s, "op", 2) >= 0 &&
	       ps_field_index(s, "after", 5) >= 0;
}

struct part
part_field(const struct part *in, const char *name, size_t len)
{
	struct part out = { NULL, ps_null() };
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

char
envelope_op(const struct ps_record *r)
{
	struct part whole = value_part(r);
	struct part op = part_field(&whole, "op", 2);

	if (op.value.type != PS_STRING || op.value.len == 0)
		return '\0';
	return *op.value.s;
}
