/*
 * staging: rows of one table, written in few statements.
 *
 * Rows go by COPY into a temporary table with the columns of the target, so
 * the server's own input functions cast every value, and from there by one
 * statement per shape. A row that cannot be written is found by the line of
 * COPY's error, or by halving: about log2(rows) + 3 statements. What may be
 * the fault of the order that rows are written in is left to inorder.
 */
#ifndef PENSTOCK_POSTGRES_STAGING_H
#define PENSTOCK_POSTGRES_STAGING_H

#include <penstock/host.h>

#include "db.h"
#include "rows.h"
#include "sinkconf.h"

struct staging {
	const struct ps_host *host;
	struct db *db;
	const struct sinkconf *cfg;
	struct ps_arena *a; /* of this put() */
	struct str sql, data;
	size_t *lines;  /* row of each line in `data` */
	bool entangled; /* it failed on what other rows may make good */
};

void staging_init(struct staging *s, const struct ps_host *h, struct db *db,
    const struct sinkconf *cfg, struct ps_arena *a);
void staging_fini(struct staging *s);
/* Gives back what the rows took. */
void staging_trim(struct staging *s);
/* Makes the temporary table; not within a transaction. */
int staging_prepare(struct staging *s, struct target *t, struct ps_error *err);
/* Writes the rows, inside the transaction. Bad ones are reported to the host,
 * whose refusal is the error; or the error is PS_E_DATA with `entangled`: no
 * row is to blame yet, whoever began undoes it. */
int staging_apply(struct staging *s, struct rows *rs, struct ps_error *err);

#endif
