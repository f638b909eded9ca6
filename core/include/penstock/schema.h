/*
 * schema: what a value is.
 *
 * Immutable once built. A schema given to a record was returned by the
 * host's intern(): equal schemas then are equal pointers, up to the ceiling
 * of `schemas.cache.size`; beyond it compare digests (ps_schema_equal).
 * A record without a schema has NULL: the value is read by its own tags.
 */
#ifndef PENSTOCK_SCHEMA_H
#define PENSTOCK_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <penstock/value.h>

/* Known by the schema's name; the value keeps the base type. */
enum ps_logical {
	PS_PLAIN = 0,
	PS_DECIMAL,   /* BYTES: big-endian two's complement, `scale` */
	PS_DATE,      /* INT32: days since 1970-01-01 */
	PS_TIME,      /* INT32: milliseconds since midnight */
	PS_TIMESTAMP, /* INT64: milliseconds since 1970-01-01 UTC */
	PS_OTHER,     /* a name that others define */
};

#define PS_NAME_DECIMAL   "org.apache.kafka.connect.data.Decimal"
#define PS_NAME_DATE      "org.apache.kafka.connect.data.Date"
#define PS_NAME_TIME      "org.apache.kafka.connect.data.Time"
#define PS_NAME_TIMESTAMP "org.apache.kafka.connect.data.Timestamp"

struct ps_param {
	const char *name, *value;
};

struct ps_schema;

struct ps_field {
	const char *name;
	size_t name_len;
	const struct ps_schema *schema;
};

struct ps_schema {
	enum ps_type type; /* never PS_NULL or PS_UNCHANGED */
	bool optional;
	enum ps_logical logical; /* set by intern() from the name */
	int32_t scale;           /* PS_DECIMAL: set by intern() */
	int32_t version;         /* 0: none */
	const char *name;        /* NULL: none */
	const char *doc;         /* NULL: none */
	const struct ps_param *params;
	size_t param_count;
	const struct ps_value *default_value; /* NULL: none */
	const struct ps_field *fields;        /* STRUCT */
	size_t field_count;
	const struct ps_schema *key;  /* MAP */
	const struct ps_schema *elem; /* MAP values, ARRAY elements */
	uint64_t digest[2];           /* set by intern() */
};

static inline bool
ps_schema_equal(const struct ps_schema *a, const struct ps_schema *b)
{
	return a == b ||
	       (a != NULL && b != NULL && a->digest[0] == b->digest[0] &&
		   a->digest[1] == b->digest[1]);
}

/* Index of the field, or -1. */
static inline int
ps_field_index(const struct ps_schema *s, const char *name, size_t len)
{
	for (size_t i = 0; i < s->field_count; i++)
		if (s->fields[i].name_len == len &&
		    memcmp(s->fields[i].name, name, len) == 0)
			return (int)i;
	return -1;
}

#endif
