/*
 * hold: who keeps new rows, or a table, back: said after some seconds.
 *
 * A writing transaction that does not end holds the horizon (horizon.h):
 * rows committed after it began wait for its end. That is right, but nobody
 * should have to guess it.
 */
#ifndef PENSTOCK_POSTGRES_HOLD_H
#define PENSTOCK_POSTGRES_HOLD_H

#include "db.h"
#include "horizon.h"

struct hold {
	uint64_t xmin; /* of the transaction; 0: none */
	int64_t since_ms, told_ms;
	bool told;
	const char *locked; /* table whose lock is waited for, and told */
};

/* Called in each read with what it knows. */
int hold_look(struct hold *h, struct db *db, const struct hnow *now,
    struct ps_error *err);

/* The lock of table `from`, called `name`, is another's: says whose. */
int hold_locked(struct hold *h, struct db *db, const char *from,
    const char *name, struct ps_error *err);
/* No more. `name` is compared as a pointer. */
void hold_unlocked(struct hold *h, struct db *db, const char *name);

#endif
