/*
 * rate: how many requests one may make: token buckets by role and name.
 *
 * quota.requests.<role> is how many a second; a bucket holds those of
 * RATE_BURST_S seconds and is full at first. Each user has one, and who has no
 * name shares one with all of the same address. Of the many that there may be,
 * RATE_BUCKETS are kept: full ones make room, as they say nothing, and who
 * finds no room shares one with all others of the role.
 */
#ifndef PENSTOCK_ACCESS_RATE_H
#define PENSTOCK_ACCESS_RATE_H

#include <stdbool.h>

#include "access/users.h"

#define RATE_BURST_S 10
#define RATE_BUCKETS 4096

struct options;
struct rate;

struct rate *rate_new(const struct options *o);
void rate_free(struct rate **rp);
/* 0: it may be made, and is counted; else the seconds to wait for that.
 * ROLE_NOBODY: `name` is an address. */
int64_t rate_wait_s(struct rate *r, enum role role, const char *name,
    struct clock_ms now);
/* "requests.viewer": what its quota is called. */
const char *rate_quota(enum role role);
/* A second, 0: there is no limit. */
int64_t rate_limit(const struct rate *r, enum role role);
/* How many it has refused. */
uint64_t rate_refused(const struct rate *r, enum role role);

#endif
