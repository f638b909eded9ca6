/*
 * operand: the key or value that a transform works on, its new schemas, and
 * what every transform's state begins with.
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

/* The state of a transform, the first member of its own struct. */
struct common {
	const struct ps_host *host;
	const struct ps_class *class;
	enum side side;
	bool null_default;    /* replace.null.with.default */
	struct piece *pieces; /* memory that ends with it */
};

/* `size` is that of the whole struct, which is zeroed. */
void *common_new(size_t size, const struct ps_host *h,
    const struct ps_class *self, const struct ps_config *c);
/* Zeroed memory until common_free. */
void *common_alloc(struct common *t, size_t size);
char *common_strdup(struct common *t, const char *s);
/* The interned schema that is like the draft. */
const struct ps_schema *
common_intern(const struct common *t, const struct ps_schema *draft);
/* The destroy operation of those that own nothing else. */
void common_free(void *state);

/* Without the blanks around it; those behind it are overwritten. */
char *trimmed(char *s);

/* Entries of a list, trimmed; "" is none. */
struct names {
	const char **items;
	size_t count;
};

struct names
common_names(struct common *t, const struct ps_config *c, const char *key);
bool names_have(const struct names *n, const char *s, size_t len);

/* Schemas made from others in one apply(): the host's intern() is asked once
 * per schema and batch, as an interned schema may end with the batch. */
#define UPDATES 16

struct update {
	const struct ps_schema *from, *to;
	const void *plan; /* what else was found out, in the batch's arena */
	bool defaults;    /* has `from` a field with a default? */
};

struct updates {
	struct update rows[UPDATES];
	size_t count, next;
};

static inline const struct update *
updates_row(const struct updates *u, const struct ps_schema *from)
{
	for (size_t i = 0; i < u->count; i++)
		if (u->rows[i].from == from)
			return &u->rows[i];
	return NULL;
}

/* The same where a schema becomes several, each by another plan. */
static inline const struct update *
updates_row_for(const struct updates *u, const struct ps_schema *from,
    const void *plan)
{
	for (size_t i = 0; i < u->count; i++)
		if (u->rows[i].from == from && u->rows[i].plan == plan)
			return &u->rows[i];
	return NULL;
}

/* Forgets the oldest when there are too many. */
const struct update *updates_add(struct updates *u,
    const struct ps_schema *from, const struct ps_schema *to, const void *plan);

/* One apply(). */
struct work {
	struct ps_arena *arena;
	const struct ps_record *record; /* the one at hand */
	struct updates updates;
	struct ps_error *err;
};

typedef int one_fn(void *state, struct work *w, struct ps_record *r);

/* apply() for those that look at one record after the other. */
void common_apply(struct common *t, one_fn *one, struct ps_batch *b,
    struct ps_record *const *records, size_t count);

/* Name, version, doc and parameters of a schema, nothing else: neither
 * whether it is optional, which Connect's transforms mostly drop. */
static inline struct ps_schema
schema_like(const struct ps_schema *s, enum ps_type type)
{
	return (struct ps_schema){
		.type = type,
		.name = s->name,
		.version = s->version,
		.doc = s->doc,
		.params = s->params,
		.param_count = s->param_count,
	};
}

static inline struct ps_schema
struct_like(const struct ps_schema *s)
{
	return schema_like(s, PS_STRUCT);
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

/* All fields of a struct, with room for more behind them. */
struct ps_value *fields_copy(const struct work *w, const struct update *u,
    const struct ps_value *v, size_t more, bool null_default);

/* A struct with its schema or a map without one; else Connect's error. */
int operand_check(const struct operand *o, const char *purpose,
    struct ps_error *err);
/* The same of a value with its schema; null passes. */
int operand_check_or_null(const struct ps_schema *s, const struct ps_value *v,
    const char *purpose, struct ps_error *err);
/* Null where the schema does not allow it, as Struct.put says it. */
int check_null(const struct ps_schema *s, const struct ps_value *v,
    const char *field, struct ps_error *err);
/* Whether a field of that name can be added to those that are there, as
 * SchemaBuilder.field says it. */
int check_field(const struct ps_field *fields, size_t count, const char *name,
    size_t len, struct ps_error *err);
/* The class that Java has for such a value. */
const char *class_of(const struct ps_schema *s, const struct ps_value *v);

/* Where a name stands in a map, or NULL. */
const struct ps_value *
map_get(const struct ps_value *map, const char *name, size_t len);
/* The map with that name set, or added. */
struct ps_value map_put(struct ps_arena *a, const struct ps_value *map,
    const char *name, size_t len, struct ps_value v);

/* A key that was; `use` says what is there now. */
#define REMOVED_KEY(key, use)                                               \
	{                                                                   \
		.name = (key), .type = PS_KEY_STRING, .importance = PS_LOW, \
		.flags = PS_REMOVED, .doc = (use)                           \
	}

#define NULL_DEFAULT_KEY                                                     \
	{                                                                    \
		.name = "replace.null.with.default", .type = PS_KEY_BOOLEAN, \
		.default_value = "true", .importance = PS_MEDIUM,            \
		.doc = "Whether to replace fields that have a default "      \
		       "value and that are null to the default value."       \
	}

#endif
