/*
 * rows: the records of one put() for one table, one row per key.
 *
 * A cell that is not there keeps what the table has (or its default), which
 * is not the same as null. Records of one key are folded as if written one
 * after the other: later cells win, a delete empties what came before. A
 * folded row keeps what it was made of: when it cannot be written, its records
 * are taken apart until only the bad ones are left.
 */
#ifndef PENSTOCK_POSTGRES_ROWS_H
#define PENSTOCK_POSTGRES_ROWS_H

#include <penstock/record.h>

#include "encode.h"
#include "target.h"

struct cell {
	const struct ps_value *v; /* NULL: not there */
	const struct ps_schema *s;
};

struct layer;

struct row {
	const struct ps_record *record; /* the last of the key */
	struct cell *cells;             /* one per column of the target */
	struct layer *first, *last;     /* NULL: of one record */
	size_t layers;                  /* one a record, the oldest first */
	const char *key;                /* text of the primary key */
	size_t key_len;
	bool delete_first, has_values, bad;
	uint32_t shape;
};

/* Of a folded row: what one record would be alone. */
struct layer {
	struct layer *next;
	struct row row;
};

#define ROW_LIMIT (1u << 30) /* bytes of its text */

/* Which columns rows have: a statement of its own for each. */
struct shape {
	const struct cell *cells; /* of its first row */
	uint64_t sent;            /* in this attempt (stagesql) */
};

struct rows {
	struct rows *next;
	struct target *t;
	struct row *rows;
	size_t count, room;
	uint32_t *index; /* hash of keys to row + 1 */
	size_t index_size;
	struct shape *shapes;
	size_t shape_count, shape_room;
	uint32_t *shape_index; /* hash of which columns to shape + 1 */
	bool *uses;            /* by column: a row has it */
	uint64_t attempt;
	bool deletes; /* a row has delete_first */
	bool mixed;   /* a bad row is of more than one record */
	bool ordered; /* not by key, so that tasks do not deadlock */
};

struct rows *rows_new(struct ps_arena *a, struct target *t);
/* Adds a row, a delete when it has no values; the arena owns its cells and key.
 * With `fold` it becomes one with the row of its key that is there. */
void
rows_add(struct rows *rs, struct ps_arena *a, const struct row *row, bool fold);
/* Sorts rows into shapes, when all are there. */
void rows_shape(struct rows *rs, struct ps_arena *a);
/* Deletes are done: what is left of a row is what came after its last. */
void rows_deleted(struct rows *rs);
/* Bad rows of more than one record: their older halves and their newer ones.
 */
void rows_split(const struct rows *rs, struct ps_arena *a, struct rows **older,
    struct rows **newer);

#endif
