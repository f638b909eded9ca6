/*
 * reader: a table or query being read, turn after turn.
 *
 * A turn is one REPEATABLE READ transaction with one or several COPYs; the
 * strategy decides which. Between turns nothing is open on the server.
 */
#ifndef PENSTOCK_POSTGRES_READER_H
#define PENSTOCK_POSTGRES_READER_H

#include "column.h"
#include "copy.h"
#include "hold.h"
#include "horizon.h"
#include "settings.h"

/* What is read goes by this name: a qualified column in ORDER BY is never
 * taken for one of the select list. */
#define READER_ALIAS "penstock_q"

struct reader;

struct strategy {
	/* Takes a stored offset; called once, connected, before any turn. */
	int (*restore)(struct reader *r, const struct ps_value *offset,
	    struct ps_error *err);
	/* Builds the next COPY of the turn: 1, or 0: the turn is over. The
	 * first call of a turn finds a fresh transaction, and checks it by
	 * turn_check() once it has a plan. */
	int (*next)(struct reader *r, struct str *sql, struct ps_error *err);
	/* A row came; `fields` stand before the table's own columns. */
	void (*row)(struct reader *r, const uint8_t *fields);
	/* The COPY came to its end. */
	void (*done)(struct reader *r);
	/* Where to go on after the rows so far; PS_NULL: nowhere. */
	struct ps_value (*offset)(struct reader *r, struct ps_arena *a);
};

/* Key columns of incremental modes, as SQL. */
struct keys {
	struct hcolumns sql;
	const char *select; /* "ts, instant, id::int8, " */
	const char *order;
	size_t fields;    /* in `select` */
	bool has_instant; /* db.timezone is not UTC: a field of its own */
};

struct keyed {
	struct keys keys;
	struct horizon h;
	struct hnow now;
	struct hkey top;  /* greatest key ever delivered */
	struct hkey row;  /* of the last row of this read */
	struct hkey upto; /* last key whose rows were all delivered */
	int64_t instant;  /* of top: microseconds since 2000 UTC */
	int64_t row_instant, upto_instant;
	int64_t begun_ms, next_sweep_ms;
	uint64_t rows;
	/* fenced reads: keys up to `until` once `fence` transactions ended */
	struct hkey until;
	uint64_t fence;
};

struct ranges {
	uint64_t filenode, since; /* 0: not resumed */
	uint32_t block, blocks;   /* next, and end, of this pass */
	uint32_t end;             /* of the COPY that runs */
	uint64_t xmin, next;      /* of this turn's snapshot */
	bool catching_up, in_pass, whole;
};

struct reader {
	const struct ps_host *host;
	const struct settings *cfg;
	struct db *db;
	struct hold *hold; /* one for all readers */
	const struct strategy *how;

	const char *from; /* "schema"."table", or (query) */
	const char *name, *full, *topic;
	bool is_query;
	char relkind;
	bool may_lock;        /* the role may LOCK it */
	struct ps_value left; /* where it was when its kind changed */
	const struct ps_source_partition *partition, *old_partition;
	/* The names of its key columns, once they are known. */
	struct ps_list stamps;
	const char *id; /* NULL: not yet; "": the identity or serial column */
	bool restored, in_turn, in_copy;
	bool is_stale; /* the snapshot: a newer one is needed */
	bool anchored; /* a position of it is stored, or on its way */
	int64_t due_ms;

	struct mem mem; /* of the plan */
	struct plan plan;
	char *select_all;
	struct keyed k;
	struct ranges bulk;
};

extern const struct strategy window_strategy; /* tables with xmin */
extern const struct strategy fenced_strategy; /* views, queries */
extern const struct strategy bulk_strategy;

/* Describes what is read now; resets and fills r->mem and r->plan. */
int reader_plan(struct reader *r, struct ps_error *err);

/* kind.c: what the relation is, and is granted, decides how it is read. */
int kind_look(struct reader *r, struct ps_error *err);
/* A turn failed. If it is, or is granted, something else by now, the reader is
 * made ready to be restored from where it is: true. Ends the turn. */
bool kind_renew(struct reader *r, struct ps_arena *a);

/* turn.c: begins the transaction, with the table locked: 0, or 1 when others
 * have kept the lock for some seconds, and that was told. */
int turn_begin(struct reader *r, struct ps_error *err);
/* Was r->plan's snapshot taken too early? r->is_stale and PS_E_RETRY then. */
int turn_check(struct reader *r, struct ps_error *err);

/* Key expressions for the mode from r->plan; checks types and nulls. */
int keys_make(struct reader *r, struct ps_error *err);
/* The snapshot, and the time below which timestamps may be delivered. */
int keys_now(struct reader *r, struct ps_error *err);
/* timestamp.initial in terms of the column, and as the instant it is. */
int keys_initial(struct reader *r, struct hkey *key, int64_t *instant,
    struct ps_error *err);
/* The condition that a row has a key: without one it has no place. */
void keys_present(struct str *sql, const struct reader *r);
void keys_row(struct reader *r, const uint8_t *p);
void keys_delivered(struct reader *r, bool all);
/* Connect's own keys of the offset, and back. */
size_t keys_offset(const struct reader *r, struct ps_pair *pairs,
    const struct hkey *key);
int keys_restore(struct reader *r, const struct ps_value *offset,
    struct ps_error *err);

#endif
