/*
 * sqlstate: what to do about an error of the server.
 *
 * An outage (deadlock, fail-over, full disk, too many connections) is tried
 * again; what says that a row is bad is about that row; the rest needs people.
 */
#ifndef PENSTOCK_POSTGRES_SQLSTATE_H
#define PENSTOCK_POSTGRES_SQLSTATE_H

#include <stdbool.h>

#include <penstock/error.h>

/* NULL, as libpq has it when the connection broke, is PS_E_RETRY. */
enum ps_code sqlstate_code(const char *state);
/* Another has made the same table, type or column meanwhile. */
bool sqlstate_is_made(const char *state);
/* lock_timeout: others keep the lock. */
bool sqlstate_is_locked(const char *state);
bool sqlstate_is_bad_expression(const char *state);
/* A row that it speaks of may be good after, or before, other rows. */
bool sqlstate_is_entangled(const char *state);

#endif
