/*
 * gather: from records to rows of tables.
 */
#ifndef PENSTOCK_POSTGRES_GATHER_H
#define PENSTOCK_POSTGRES_GATHER_H

#include <penstock/host.h>

#include "db.h"
#include "rows.h"
#include "sinkconf.h"

struct gather {
	const struct ps_host *host;
	struct db *db;
	const struct sinkconf *cfg;
	struct ps_arena *names; /* for the task's life */
	struct ps_arena *a;     /* of this put() */
	struct target *targets; /* all so far */
	int target_count;
	struct rows *first, *last; /* of this put(), in order */
	struct str key;
};

void gather_init(struct gather *g, const struct ps_host *h, struct db *db,
    const struct sinkconf *cfg, struct ps_arena *names);
void gather_fini(struct gather *g);
/* A new put(). */
void gather_begin(struct gather *g, struct ps_arena *a);
/* Makes or alters the record's table when that is needed and allowed: for all
 * records first, as rows have a cell for each column. */
int
gather_plan(struct gather *g, const struct ps_record *r, struct ps_error *err);
/* The record's row and its table. PS_E_DATA: the record is bad. */
int gather_row(struct gather *g, const struct ps_record *r, struct target **t,
    struct row *row, struct ps_error *err);
/* Adds a row to those of this put(). */
void gather_add(struct gather *g, struct target *t, const struct row *row);
/* After a new connection: nothing is staged, tables may have changed. */
void gather_forget(struct gather *g);

#endif
