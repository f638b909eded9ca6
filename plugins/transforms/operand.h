/*
 * operand: the key or value that a transform works on, and its new schemas.
 */
#ifndef PENSTOCK_TRANSFORMS_OPERAND_H
#define PENSTOCK_TRANSFORMS_OPERAND_H

#include "transforms.h"

struct operand {
	struct ps_value *value;
	const struct ps_schema **schema;
};

static inline struct operand
operand_of(struct ps_record *r, enum side side)
{
	if (side == SIDE_KEY)
		return (struct operand){ &r->key, &r->key_schema };
	return (struct operand){ &r->value, &r->value_schema };
}

/* Schemas made from others in one apply(): the host's intern() is asked once
 * per schema and batch, as an interned schema may end with the batch. */
#define UPDATES 16

struct updates {
	struct {
		const struct ps_schema *from, *to;
	} rows[UPDATES];
	size_t count, next;
};

/* The schema made from `from`, or NULL. */
static inline const struct ps_schema *
updates_find(const struct updates *u, const struct ps_schema *from)
{
	for (size_t i = 0; i < u->count; i++)
		if (u->rows[i].from == from)
			return u->rows[i].to;
	return NULL;
}

/* Forgets the oldest when there are too many. */
static inline void
updates_add(struct updates *u, const struct ps_schema *from,
    const struct ps_schema *to)
{
	u->rows[u->next].from = from;
	u->rows[u->next].to = to;
	u->next = (u->next + 1) % UPDATES;
	u->count += u->count < UPDATES;
}

/* Name, version, doc and parameters of a struct; not whether it is optional,
 * which Connect's transforms drop. The caller adds the fields. */
static inline struct ps_schema
struct_like(const struct ps_schema *s)
{
	return (struct ps_schema){
		.type = PS_STRUCT,
		.name = s->name,
		.version = s->version,
		.doc = s->doc,
		.params = s->params,
		.param_count = s->param_count,
	};
}

/* A field's value; null is its default where it has one and that is asked. */
static inline struct ps_value
field_value(const struct ps_schema *s, const struct ps_value *v, size_t i,
    bool null_default)
{
	const struct ps_schema *f = s->fields[i].schema;

	if (v->items[i].type == PS_NULL && null_default &&
	    f->default_value != NULL)
		return *f->default_value;
	return v->items[i];
}

/* A struct with its schema or a map without one; else Connect's error. */
int operand_check(const struct operand *o, const char *purpose,
    struct ps_error *err);

#endif
