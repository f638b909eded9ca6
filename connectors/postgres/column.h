/*
 * column: from a column's type to its schema, expression and decoder.
 *
 * A plan is made once per shape of a table. Types whose binary form is easy
 * are read as they are; all others as text, cast by the server, so that no
 * built-in or user type is ever dropped or guessed.
 */
#ifndef PENSTOCK_POSTGRES_COLUMN_H
#define PENSTOCK_POSTGRES_COLUMN_H

#include <penstock/host.h>

#include "db.h"
#include "str.h"

enum numeric_mapping {
	NUMERIC_NONE,
	NUMERIC_PRECISION_ONLY,
	NUMERIC_BEST_FIT,
	NUMERIC_EAGER_DOUBLE,
};

enum granularity {
	TS_LOGICAL,
	TS_MICROS_LONG,
	TS_MICROS_STRING,
	TS_MICROS_ISO,
	TS_NANOS_LONG,
	TS_NANOS_STRING,
	TS_NANOS_ISO,
};

/* What to do with infinity and NaN where Connect's type has none. */
enum specials { SPECIAL_FAIL, SPECIAL_STRING, SPECIAL_CLAMP };

struct mapping {
	enum numeric_mapping numeric;
	enum granularity granularity;
	enum specials specials;
	const char *timezone; /* of timestamps without time zone */
	bool check_utf8;      /* the server does not */
	bool arrays_as_text;
};

struct column;

typedef int(decode_fn)(const struct column *c, const uint8_t *p, size_t len,
    struct ps_arena *a, struct ps_value *out, struct ps_error *err);

struct column {
	const char *name;
	Oid type; /* domains resolved */
	Oid elem; /* arrays: of the elements, domains resolved; else 0 */
	int typmod;
	bool not_null;
	const char *cast; /* "::text" or the like, "" */
	decode_fn *decode, *decode_elem;
	enum ps_type base; /* of the value, or of the elements */
	const char *logical;
	int scale;
	struct mapping map;
};

struct plan {
	/* in: what to describe (SELECT * FROM …), and how */
	const char *sql, *name;
	bool is_table;
	const struct mapping *map;
	/* out, in the arena */
	struct column *columns;
	size_t count;
	const struct ps_schema *schema;
	const char *list; /* the select list */
};

/* Decides cast, decoder and schema type from type, elem and typmod. */
void column_map(struct column *c);
int plan_make(struct db *db, struct ps_arena *a, struct plan *p,
    struct ps_error *err);

#endif
