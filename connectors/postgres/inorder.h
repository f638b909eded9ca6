/*
 * inorder: a batch of which the order matters, over all its tables.
 *
 * Rows that are folded by key and written table by table can meet one another
 * (a unique value that changes hands, a parent and its child) where the
 * records, one after the other, would not. Here they are written in their
 * order: many together where that goes well, and around what fails only those
 * of which one statement does the same as one for each. A record is bad when it
 * fails in its place, and again after all others: partitions have no order
 * among each other. It is not tried again once a later record of its key is
 * written.
 *
 * What the server does by itself is no failure, so it is not noticed: where
 * deletes cascade (ON DELETE CASCADE or SET NULL, triggers) and rows are
 * folded, a row that its records' order would have removed may stay, as the
 * delete of another came before it.
 */
#ifndef PENSTOCK_POSTGRES_INORDER_H
#define PENSTOCK_POSTGRES_INORDER_H

#include "gather.h"
#include "staging.h"

struct member;

struct inorder {
	struct gather *gather;
	struct staging *staging;
	struct ps_arena *a; /* of this put() */
	struct mem piece;   /* of one attempt */
	struct member *members;
	size_t count;
};

/* For at most `room` records. */
void inorder_init(struct inorder *o, struct gather *g, struct staging *s,
    struct ps_arena *a, size_t room);
void inorder_fini(struct inorder *o);
/* The next record's row. */
void inorder_add(struct inorder *o, struct target *t, const struct row *row);
/* Writes all, inside the transaction, and reports the bad ones. */
int inorder_write(struct inorder *o, struct ps_error *err);

#endif
