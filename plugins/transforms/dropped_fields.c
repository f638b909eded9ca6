#include "dropped_fields.h"

#include "envelope.h"

void
dropped_fields_read(struct dropped_fields *d, const struct ps_config *c)
{
	struct ps_value name =
	    ps_text(ps_config_str(c, "drop.fields.header.name"));

	d->header = is_blank(&name) ? "" : name.s;
	d->from_key = ps_config_bool(c, "drop.fields.from.key");
	d->compatible = ps_config_bool(c, "drop.fields.keep.schema.compatible");
}

static bool
lists(const struct ps_value *names, const struct ps_field *f)
{
	for (uint32_t i = 0; i < names->len; i++)
		if (names->items[i].type == PS_STRING &&
		    names->items[i].len == f->name_len &&
		    memcmp(names->items[i].s, f->name, f->name_len) == 0)
			return true;
	return false;
}

static bool
drops(const struct dropped_fields *d, const struct ps_value *names,
    const struct ps_field *f)
{
	return (f->schema->optional || !d->compatible) && lists(names, f);
}

static size_t
count_dropped(const struct dropped_fields *d, const struct ps_value *names,
    const struct ps_schema *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->field_count; i++)
		n += drops(d, names, &s->fields[i]);
	return n;
}

/* What is left; a null that has a default becomes it. */
static void
take_out(const struct dropped_fields *d, const struct common *t, struct work *w,
    const struct operand *o, const struct ps_value *names)
{
	const struct ps_schema *from = *o->schema;
	struct ps_field *fields = (struct ps_field *)ps_alloc(w->arena,
	    (from->field_count + 1) * sizeof *fields);
	struct ps_value *items = (struct ps_value *)ps_alloc(w->arena,
	    (from->field_count + 1) * sizeof *items);
	struct ps_schema draft = struct_like(from);

	for (size_t i = 0; i < from->field_count; i++) {
		if (drops(d, names, &from->fields[i]))
			continue;
		fields[draft.field_count] = from->fields[i];
		items[draft.field_count++] =
		    field_value(from, o->value, i, true);
	}
	draft.fields = fields;
	*o->value = ps_struct(items, draft.field_count);
	*o->schema = common_intern(t, &draft);
}

static int
one_side(const struct dropped_fields *d, const struct common *t, struct work *w,
    const struct operand *o, const struct ps_value *names)
{
	bool is_struct = *o->schema != NULL && (*o->schema)->type == PS_STRUCT;

	if (o->value->type == PS_NULL && (is_struct || !d->compatible))
		return 0;
	if (!is_struct)
		return ps_fail(w->err, PS_E_DATA,
		    "Only Struct objects supported for [field replacement], "
		    "found: %s",
		    class_of(*o->schema, o->value));
	if (!d->compatible || count_dropped(d, names, *o->schema) > 0)
		take_out(d, t, w, o, names);
	return 0;
}

static const struct ps_header *
header_of(const struct ps_record *r, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < r->header_count; i++)
		if (r->headers[i].name_len == len &&
		    memcmp(r->headers[i].name, name, len) == 0)
			return &r->headers[i];
	return NULL;
}

int
dropped_fields_apply(const struct dropped_fields *d, struct common *t,
    struct work *w, struct ps_record *r)
{
	const struct ps_header *h =
	    *d->header == '\0' ? NULL : header_of(r, d->header);
	struct operand key = operand_of(r, SIDE_KEY),
		       value = operand_of(r, SIDE_VALUE);

	if (h == NULL || h->value.type == PS_NULL)
		return 0;
	if (h->value.type != PS_ARRAY)
		return ps_fail(w->err, PS_E_DATA,
		    "The header %s is not a list of fields but a %s", d->header,
		    class_of(h->schema, &h->value));
	if (h->value.len == 0)
		return 0;
	if (d->from_key && key.value->type != PS_NULL &&
	    one_side(d, t, w, &key, &h->value) < 0)
		return -1;
	return one_side(d, t, w, &value, &h->value);
}
