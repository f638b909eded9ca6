/*
 * renew: other credentials while a task runs.
 *
 * They are tried before anything depends on them, so that wrong ones cost
 * nothing. Whoever called closes its connection when no transaction of its
 * own is open, and opens the next with what is new.
 */
#ifndef PENSTOCK_POSTGRES_RENEW_H
#define PENSTOCK_POSTGRES_RENEW_H

#include "db.h"

/* 0: `db->info` is the new, in `a`. */
int renew_info(struct db *db, struct ps_arena *a, const struct ps_config *c,
    struct ps_error *err);

#endif
