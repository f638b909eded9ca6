/*
 * plan_places: what a planned change does to a connector's positions.
 *
 * As far as the settings say: which of them its positions are about the class
 * tells in its key table.
 */
#ifndef PENSTOCK_REST_PLAN_PLACES_H
#define PENSTOCK_REST_PLAN_PLACES_H

#include "worker/flow.h"

/* "none", "kept", "kept in part", "lost", "its group's" or "left behind". */
const char *plan_places(struct worker *w, const struct flow_change *c);

#endif
