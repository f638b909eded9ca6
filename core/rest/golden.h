/*
 * golden: a plan's golden records, run again before it is answered.
 *
 * Each connector's go through its transforms as they would be, in a process
 * that writes nothing (a preview). Those that do not come to what is recorded
 * make the plan one that is refused.
 */
#ifndef PENSTOCK_REST_GOLDEN_H
#define PENSTOCK_REST_GOLDEN_H

#include "http/exchange.h"
#include "worker/flow.h"

/* Goes on when all came out as recorded; otherwise 400 is answered. */
typedef void golden_fn(struct exchange *x);

/* Of some plans, which are not needed afterwards. */
void golden_begin(struct exchange *x);
void golden_add(struct exchange *x, const struct flow_plan *p);
void golden_run(struct exchange *x, golden_fn *done);
/* The three for one. */
void
golden_check(struct exchange *x, const struct flow_plan *p, golden_fn *done);

#endif
