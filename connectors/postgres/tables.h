/*
 * tables: which tables of the database match the configuration.
 */
#ifndef PENSTOCK_POSTGRES_TABLES_H
#define PENSTOCK_POSTGRES_TABLES_H

#include "db.h"
#include "settings.h"

/* The tables' names as "schema"."table", sorted, in the arena. Two tables
 * with one bare name would share a topic: PS_E_CONFIG. */
int tables_find(struct db *db, const struct settings *s, struct ps_arena *a,
    struct ps_list *out, struct ps_error *err);
/* Splits "schema"."table" into its names, unquoted, in the arena. */
int tables_split(struct ps_arena *a, const char *quoted, const char **schema,
    const char **name, struct ps_error *err);

#endif
