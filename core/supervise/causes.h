/*
 * causes: one back-off for all tasks that fail for the same cause.
 *
 * A hundred tasks of a database that is down try it together and wait
 * together: each wave of them doubles the wait once. A cause that was not
 * heard of for a while after its wait starts anew.
 */
#ifndef PENSTOCK_SUPERVISE_CAUSES_H
#define PENSTOCK_SUPERVISE_CAUSES_H

#include "base/backoff.h"
#include "base/clock.h"

struct causes;

struct causes *causes_new(void);
void causes_free(struct causes **cp);
/* How long to wait after a failure of this name. `own` says how short and how
 * long the waits of this task may be, and how often in a row it was tried, this
 * time included: whatever the failures were called, they do not get shorter. */
int64_t causes_wait_ms(struct causes *c, const char *name,
    const struct backoff *own, struct clock_ms now);
/* The same after an outage: PS_RETRY_MAX_MS at the most, or the first wait
 * where that is more. */
int64_t causes_outage_ms(struct causes *c, const char *name,
    const struct backoff *own, struct clock_ms now);

#endif
