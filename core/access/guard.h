/*
 * guard: who asks, and may they?
 *
 * With rest.auth.users.file or rest.auth.jwt.keys.file every request needs a
 * name whose role reaches the route's; without them all may do everything,
 * and only what a browser was tricked into is refused. Both files are read
 * again when they change; a bad version changes nothing but is logged.
 */
#ifndef PENSTOCK_ACCESS_GUARD_H
#define PENSTOCK_ACCESS_GUARD_H

#include "access/users.h"
#include "http/exchange.h"

struct configs_connector;
struct guard;
struct options;

/* PS_E_CONFIG: a file is wrong. */
struct guard *guard_new(const struct options *o, struct ps_error *err);
void guard_free(struct guard **gp);
/* Nobody is asked for a name. */
bool guard_is_open(const struct guard *g);
/* Names of files that could not be read again: for metrics. */
unsigned guard_stale(const struct guard *g);

/* Requests that were over a role's quota, which is called what rate_quota
 * says: for metrics. */
uint64_t guard_refused(const struct guard *g, enum role role);

/* Sets x->who, or answers 401, 403 or 429. */
bool guard_admits(struct exchange *x, enum role needs);
/* May who asks see this one of many? */
bool guard_sees(const struct exchange *x, const struct configs_connector *cfg);
/* Does the role reach that far? For parts of an answer. */
bool guard_reaches(const struct exchange *x, enum role needs);

#endif
