/*
 * stagesql: the statements of staging, as text.
 */
#ifndef PENSTOCK_POSTGRES_STAGESQL_H
#define PENSTOCK_POSTGRES_STAGESQL_H

#include "rows.h"
#include "sinkconf.h"

/* A statement for the rows [lo, hi) of one shape, all of it far below
 * STR_SQL_LIMIT. */
struct slice {
	size_t lo, hi, shape;
};

/* Adds the statement, with its semicolon; `by_shape`: there is one for each,
 * else one for all. */
struct stagesql {
	void (*add)(struct str *sql, const struct rows *rs,
	    const struct sinkconf *cfg, const struct slice *of);
	bool by_shape;
};

extern const struct stagesql stagesql_insert, stagesql_update, stagesql_delete;

void stagesql_create(struct str *sql, const struct target *t);
void stagesql_empty(struct str *sql, const struct target *t);
/* Takes bad rows from `*from` on out again, as many as one statement is to
 * name; nothing when there are none. */
void stagesql_drop(struct str *sql, const struct rows *rs, size_t *from);
/* Rows of a shape are found without a look at all others. */
void stagesql_index(struct str *sql, const struct target *t);
void stagesql_drop_index(struct str *sql, const struct target *t);
void stagesql_copy(struct str *sql, const struct rows *rs);
void stagesql_copy_straight(struct str *sql, const struct rows *rs);

#endif
