/*
 * horizon: which rows are new, so that no late commit is ever missed.
 *
 * A cursor over ids or timestamps loses rows: a transaction takes id 5 (from
 * a sequence, or in a block of 50 long before it writes) and commits after
 * 6 was read. What cannot be overtaken is the order of transactions: once
 * the oldest running one is H (pg_snapshot_xmin), all below H have ended,
 * and every row that will ever appear is written by one at or above H. So
 * each read takes the row versions whose xmin is in the window [H of the
 * last read, H of this one). Every committed version falls into exactly one
 * window, whatever its key; subtransactions (their ids are above their
 * parent's), prepared transactions (they count as running) and clocks that
 * go back change nothing. The price: rows behind a long-running writing
 * transaction wait for its end; readers hold up nothing.
 *
 * xmin has no index, the key has. So a read looks only at keys above `low`,
 * and now and then a sweep looks at the rest, with a window of its own that
 * begins at the last sweep. A sweep also finds rows updated since: Postgres
 * does not tell them from late ones.
 *
 * Windows are compared by age(xmin), 32 bits seen from the present: frozen
 * rows keep their xmin and may look like one 2^32 transactions younger, so
 * a window can repeat such a row but never lose one.
 */
#ifndef PENSTOCK_POSTGRES_HORIZON_H
#define PENSTOCK_POSTGRES_HORIZON_H

#include <stdbool.h>
#include <stdint.h>

#include <penstock/error.h>

#include "str.h"

/* A place in the order of reading; members without a column stay 0. */
struct hkey {
	bool set;
	int64_t ts; /* microseconds since 2000, of the column */
	int64_t id;
};

struct horizon {
	struct hkey low;   /* keys above it are looked at in every read */
	uint64_t below;    /* window of keys up to low: done to here */
	uint64_t above;    /* window of keys above low: done to here */
	int64_t bound;     /* timestamps from here on were not yet delivered */
	struct hkey floor; /* timestamp.initial: never below it */
	/* A read that was not finished: keys up to `upto` were delivered from
	 * transactions below `reading`. */
	struct hkey upto;
	uint64_t reading;
	bool swept; /* it was a sweep */
};

/* Names for the SQL: quoted expressions, and literals for keys. */
struct hcolumns {
	const char *ts, *ts_type; /* NULL: none */
	const char *id;           /* NULL: none */
	const char *xmin;         /* "xmin" of the table */
};

/* What one read knows of the server. */
struct hnow {
	uint64_t xmin; /* pg_snapshot_xmin of this transaction's snapshot */
	uint64_t next; /* next transaction id when age() was first asked */
	int64_t bound; /* timestamps below this may be delivered */
	bool sweep;
};

#define HORIZON_NO_BOUND INT64_MAX

/* Adds the condition of a read (never empty). */
void horizon_where(struct str *sql, const struct horizon *h,
    const struct hcolumns *c, const struct hnow *now);
/* All of the read was delivered; `last` is the greatest key seen so far. */
void horizon_finish(struct horizon *h, const struct hnow *now,
    const struct hkey *last);
/* Rows up to `upto` of this read were delivered. */
void horizon_advance(struct horizon *h, const struct hnow *now,
    const struct hkey *upto);

enum { HORIZON_TEXT = 256 };
/* The state as text for the offset, and back. */
size_t horizon_print(const struct horizon *h, char out[HORIZON_TEXT]);
int horizon_parse(struct horizon *h, const char *text, size_t len,
    struct ps_error *err);

int hkey_compare(const struct hkey *a, const struct hkey *b);

#endif
