/*
 * colmap: timestamp.columns.mapping and incrementing.column.mapping, which
 * say the key columns of each table.
 *
 * An entry is EXPRESSION:[column|column], or EXPRESSION:column. The first
 * whose expression matches the whole of database.schema.table, schema.table
 * or table decides.
 */
#ifndef PENSTOCK_POSTGRES_COLMAP_H
#define PENSTOCK_POSTGRES_COLMAP_H

#include "db.h"

#define STAMP_MAP "timestamp.columns.mapping"
#define ID_MAP    "incrementing.column.mapping"

struct colmap {
	const char *key; /* of the configuration */
	const struct colmap_entry *entries;
	size_t count; /* 0: not set */
};

/* Is it one of the two? */
bool colmap_is_key(const char *key);
/* Reads one of the two keys; in the arena. */
int colmap_read(struct colmap *m, const char *key, const struct ps_config *c,
    struct ps_arena *a, struct ps_error *err);
/* The columns of a table. No entry for it: PS_E_CONFIG. */
int colmap_find(const struct colmap *m, struct db *db, const char *schema,
    const char *table, struct ps_list *out, struct ps_error *err);

#endif
