/*
 * stagesql: the statements of staging, as text.
 */
#ifndef PENSTOCK_POSTGRES_STAGESQL_H
#define PENSTOCK_POSTGRES_STAGESQL_H

#include "rows.h"
#include "sinkconf.h"

/* A statement (with its semicolon) for the rows [lo, hi). */
typedef void(stagesql_fn)(struct str *sql, const struct rows *rs,
    const struct sinkconf *cfg, size_t lo, size_t hi);

void stagesql_create(struct str *sql, const struct target *t);
void stagesql_empty(struct str *sql, const struct target *t);
/* Takes bad rows out again; nothing when there are none. */
void stagesql_drop(struct str *sql, const struct rows *rs);
/* Is the column part of the staged lines? */
bool stagesql_uses(const struct rows *rs, size_t column);
void stagesql_copy(struct str *sql, const struct rows *rs);
void stagesql_copy_straight(struct str *sql, const struct rows *rs);
stagesql_fn stagesql_insert, stagesql_update, stagesql_delete;

#endif
