/*
 * session: the key that signs what workers ask of each other.
 *
 * The leader keeps it in the config topic, as Kafka Connect's does, and
 * writes a new one when it is older than inter.worker.key.ttl.ms.
 */
#ifndef PENSTOCK_RECONCILE_SESSION_H
#define PENSTOCK_RECONCILE_SESSION_H

#include <stdbool.h>

#include "journal/journal.h"

struct session;

/* All are borrowed. */
struct session *
session_new(uv_loop_t *loop, const struct options *o, struct journal *j);
void session_free(struct session **sp);
/* This worker leads now, or no more. */
void session_lead(struct session *s, bool leads);

#endif
