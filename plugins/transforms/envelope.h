/*
 * envelope: Debezium's change events, as its transforms look at them.
 */
#ifndef PENSTOCK_TRANSFORMS_ENVELOPE_H
#define PENSTOCK_TRANSFORMS_ENVELOPE_H

#include "operand.h"

/* A value and its schema; both of them are NULL or null when absent. */
struct part {
	const struct ps_schema *schema;
	struct ps_value value;
};

/* A struct whose schema is named "….Envelope", with op, before and after. */
bool envelope_is(const struct ps_record *r);
/* The field, null when `in` is. Its schema is NULL: there is no such field. */
struct part part_field(const struct part *in, const char *name, size_t len);
/* The first letter of op, or 0. */
char envelope_op(const struct ps_record *r);
/* The last part of a text behind a dot is `word`. */
bool ends_with(const char *s, const char *word);

static inline struct part
value_part(const struct ps_record *r)
{
	return (struct part){ r->value_schema, r->value };
}

#endif
