/*
 * avro_in: an Avro schema as a Connect schema, and how its values are read.
 *
 * The draft and the plan are made together and live in one arena; texts are
 * borrowed of the Avro schema's JSON.
 */
#ifndef PENSTOCK_REGISTRY_AVRO_IN_H
#define PENSTOCK_REGISTRY_AVRO_IN_H

#include "avro.h"
#include "avro_schema.h"

enum avro_read {
	READ_NULL,
	READ_BOOLEAN,
	READ_INT8,
	READ_INT16,
	READ_INT32,
	READ_INT64,
	READ_FLOAT,
	READ_DOUBLE,
	READ_TEXT,
	READ_BYTES,
	READ_FIXED,
	READ_SYMBOL,
	READ_ARRAY,
	READ_MAP,
	READ_PAIRS,
	READ_RECORD,
	READ_BRANCH, /* of a union that is a nullable or single type */
	READ_UNION,  /* of one that is a struct: the branch is a field */
	READ_ANYTHING,
};

struct avro_reading {
	enum avro_read how;
	bool key_is_second; /* PAIRS */
	const struct avro_reading *key, *elem;
	const struct avro_reading *parts; /* fields or branches */
	const struct ps_value *symbols;
	size_t count; /* of parts or symbols */
	size_t size;  /* FIXED */
	size_t least; /* bytes that a value has at least */
	/* UNION: of each branch, which field of the struct it sets. */
	const size_t *places;
	size_t place_count;
};

struct avro_reader {
	struct ps_arena *arena;
	const struct avro_options *o;
	struct ps_error *err;
	int unions; /* numbered, with generalized.sum.type.support */
	int depth;
};

/* The draft, NULL with out->how READ_ANYTHING when values have no schema;
 * -1: no Connect schema can say it (PS_E_DATA). */
int avro_read_schema(struct avro_reader *r, struct avro_schema *a,
    const struct ps_schema **draft, struct avro_reading *out);
/* The draft of one field, with its default. */
struct ps_schema *
avro_field_schema(struct avro_reader *r, const struct avro_field *f);

#endif
