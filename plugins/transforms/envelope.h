/*
 * envelope: Debezium's change events, as its transforms look at them.
 */
#ifndef PENSTOCK_TRANSFORMS_ENVELOPE_H
#define PENSTOCK_TRANSFORMS_ENVELOPE_H

#include "operand.h"

/* A place in an event: a value and its schema, which are null and NULL where
 * it is absent. */
struct node {
	const struct ps_schema *schema;
	struct ps_value value;
};

/* Is the value's schema called "….Envelope"? No more is asked for: what is
 * missing in it fails where it is needed. */
bool envelope_is(const struct ps_record *r);
/* The field, null when `in` is. Its schema is NULL: there is no such field. */
struct node node_field(const struct node *in, const char *name, size_t len);
/* The same of a field that has to be there, with its default for null. */
int node_get(const struct node *in, const char *name, struct node *out,
    struct ps_error *err);
/* The same of a field of that type; null is null. */
int node_typed(const struct node *in, const char *name, enum ps_type type,
    struct node *out, struct ps_error *err);
/* Connect's error for what is no struct. */
int
node_struct(const struct node *p, const char *purpose, struct ps_error *err);
bool ends_with(const char *s, const char *word);
/* Null, or nothing but what Java's trim() takes away. */
bool is_blank(const struct ps_value *v);
/* The record's headers, with room for more behind them. */
struct ps_header *
headers_copy(struct ps_arena *a, const struct ps_record *r, size_t more);
struct ps_header header_with(const char *name, const struct node *v);
/* The header behind the others. */
void add_header(struct ps_arena *a, struct ps_record *r, const char *name,
    const struct node *v);

static inline struct node
value_node(const struct ps_record *r)
{
	return (struct node){ r->value_schema, r->value };
}

#endif
