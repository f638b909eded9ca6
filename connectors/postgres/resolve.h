/*
 * resolve: addresses for host names, in bounded time.
 *
 * libpq resolves names with a call that can block for minutes; given hostaddr
 * it does not. A host with several addresses becomes several entries.
 */
#ifndef PENSTOCK_POSTGRES_RESOLVE_H
#define PENSTOCK_POSTGRES_RESOLVE_H

#include "conninfo.h"

/* Fills hostaddr (and host, port to match); `limit_ms` for all names. */
int resolve_hosts(struct ps_arena *a, struct conninfo *c, int limit_ms,
    struct ps_error *err);

#endif
