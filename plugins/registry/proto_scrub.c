#include "proto_scrub.h"

#include <string.h>

#include "avro_names.h"

/* What Avro and Protobuf allow in a name is the same. */
static const struct avro_options scrubs = { .scrub = true };

static const char *
field_name(struct ps_arena *a, const struct ps_field *f)
{
	struct ps_error none = { 0 };

	return avro_field_name(a, &scrubs, f, &none);
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the schema */
const struct ps_schema *
proto_scrubbed(struct ps_arena *a, const struct ps_schema *s)
{
	struct ps_schema *copy;
	struct ps_field *fields;
	struct ps_error none = { 0 };

	if (s == NULL)
		return NULL;
	copy = (struct ps_schema *)ps_alloc(a, sizeof *copy);
	*copy = *s;
	if (s->name != NULL)
		copy->name = avro_name(a, &scrubs, s->name, &none);
	copy->key = proto_scrubbed(a, s->key);
	copy->elem = proto_scrubbed(a, s->elem);
	if (s->field_count == 0)
		return copy;
	fields =
	    (struct ps_field *)ps_alloc(a, s->field_count * sizeof *fields);
	for (size_t i = 0; i < s->field_count; i++) {
		fields[i].name = field_name(a, &s->fields[i]);
		fields[i].name_len = strlen(fields[i].name);
		fields[i].schema = proto_scrubbed(a, s->fields[i].schema);
	}
	copy->fields = fields;
	return copy;
}
