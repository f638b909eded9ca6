/*
 * ddl: tables and columns made from schemas, with Connect's types.
 */
#ifndef PENSTOCK_POSTGRES_DDL_H
#define PENSTOCK_POSTGRES_DDL_H

#include <penstock/schema.h>

#include "db.h"
#include "sinkconf.h"
#include "target.h"

/* A field that the table should have. */
struct wanted {
	const char *name;
	const struct ps_schema *schema;
	bool is_pk;
};

/* Makes the table, or adds what is missing, as far as the configuration
 * allows; t is read again. The error is Connect's. */
int ddl_provide(struct db *db, struct target *t, const struct sinkconf *cfg,
    const struct wanted *fields, size_t count, struct ps_error *err);

#endif
