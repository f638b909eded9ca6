/*
 * avro_plan: a Connect schema and the Avro schema it is written as, compiled.
 *
 * A plan borrows nothing of the batch; it lives in its pool with copies of the
 * defaults it needs. Which branch of a union a value takes, which field of a
 * struct stands where: all that is known before the value is in it.
 */
#ifndef PENSTOCK_REGISTRY_AVRO_PLAN_H
#define PENSTOCK_REGISTRY_AVRO_PLAN_H

#include "avro.h"
#include "avro_schema.h"

enum avro_op {
	OP_INT, /* any integer */
	OP_FLOAT,
	OP_DOUBLE,
	OP_BOOLEAN,
	OP_TEXT, /* string and bytes: length and content */
	OP_SYMBOL,
	OP_FIXED,
	OP_DECIMAL_FIXED,
	OP_ARRAY,
	OP_MAP,
	OP_PAIRS, /* a map as a list of records */
	OP_RECORD,
	OP_UNION,    /* a struct of which one field is set */
	OP_ANYTHING, /* a value without a schema */
};

#define PREFIX_MAX 5

struct avro_plan_field;

struct avro_plan {
	enum avro_op op;
	enum ps_type type; /* what values must be; PS_NULL: anything */
	bool nullable;     /* null is written as `null_prefix` */
	uint8_t prefix_len, null_len;
	uint8_t prefix[PREFIX_MAX]; /* the branch of a union, if it is one */
	uint8_t null_prefix[PREFIX_MAX];
	const struct avro_plan *key, *elem;
	const struct avro_plan_field *fields; /* RECORD, UNION */
	size_t field_count;
	size_t source_count; /* fields of the struct */
	size_t size;         /* FIXED */
	const char *const *symbols;
	size_t symbol_count;
};

#define NO_SOURCE SIZE_MAX

struct avro_plan_field {
	struct avro_plan plan;
	const char *name;
	size_t source;                  /* of the struct's field, NO_SOURCE */
	const struct ps_value *or_null; /* what stands for null, or NULL */
};

struct avro_compiler {
	struct ps_arena *arena; /* the plan's */
	const struct avro_options *o;
	struct ps_error *err;
	bool strict; /* no field of the struct may be lost */
	int depth;
};

/* -1: the schemas do not go together (PS_E_DATA). `s` NULL: no schema. */
int avro_compile(struct avro_compiler *c, const struct ps_schema *s,
    const struct avro_schema *a, struct avro_plan *out);

#endif
