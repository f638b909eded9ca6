/*
 * target: a table that is written to, as the catalog has it.
 */
#ifndef PENSTOCK_POSTGRES_TARGET_H
#define PENSTOCK_POSTGRES_TARGET_H

#include "db.h"
#include "str.h"

/* What text a column takes, when it is not just any. */
enum kind {
	KIND_PLAIN,
	KIND_TEXT,
	KIND_JSON,
	KIND_BYTEA,
	KIND_DATE,
	KIND_TIME,
	KIND_STAMP,
	KIND_ARRAY,
};

struct tcolumn {
	const char *name, *quoted;
	size_t name_len;
	enum kind kind, elem;
	bool generated; /* never written */
	bool is_pk;     /* of the records, not of the table */
};

#define TARGET_COLUMNS 1600u /* what Postgres can have */

/* Schemas that were checked against the columns: fields of the key, then of
 * the value, to columns (-1: not written). */
struct tplan {
	const struct ps_schema *key_schema, *value_schema;
	int *key_map, *value_map;
};

enum { TARGET_PLANS = 8 };

struct rows;

struct target {
	struct target *next;
	const char *topic;
	struct rows *rows;         /* that take records of this put() */
	const char *name;          /* as in messages */
	const char *schema, *bare; /* schema: NULL is the search path */
	const char *quoted;
	int number; /* of its staging table */
	bool exists, staged;
	struct mem mem; /* of the columns */
	struct tcolumn *columns;
	size_t count;
	size_t pk_count;
	struct tplan plans[TARGET_PLANS];
	size_t plan_count, plan_next; /* the oldest gives way */
};

/* table.name.format for this topic; PS_E_DATA for a name Postgres would cut. */
int target_name(struct target *t, struct ps_arena *a, const char *format,
    const char *topic, struct ps_error *err);
/* Reads the catalog; t->exists tells if it is there. */
int target_read(struct target *t, struct db *db, struct ps_error *err);
void target_fini(struct target *t);
/* The column of that name, or ignoring case; -1: none. */
int target_find(const struct target *t, const char *name, size_t len);

#endif
