/*
 * offset_heal: what aborted transactions hide in the offset topic.
 *
 * A reader without isolation takes an aborted position for the last one. So
 * a task whose positions are hidden writes again what it starts from, in a
 * transaction of its own, before it polls. Only the one task of a connector
 * does: of several none knows whose a key is, and another may have committed
 * a newer position since the topic was read.
 */
#ifndef PENSTOCK_TASK_OFFSET_HEAL_H
#define PENSTOCK_TASK_OFFSET_HEAL_H

#include <penstock/error.h>

struct source;

/* The offset topic was read, s->hidden knows it; no transaction is open. What
 * the broker refuses stays hidden. As txn_judge when it fails. */
int offset_heal(struct source *s, struct ps_error *err);

#endif
