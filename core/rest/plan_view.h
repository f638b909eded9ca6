/*
 * plan_view: what a plan would change, as JSON. New references.
 */
#ifndef PENSTOCK_REST_PLAN_VIEW_H
#define PENSTOCK_REST_PLAN_VIEW_H

#include <jansson.h>

#include "worker/flow.h"

/* The topics that it writes to, as far as settings say: texts. */
json_t *plan_view_topics(const struct flow_plan *p);
/* `missing`: those of them that are not there yet, NULL: nobody knows. */
json_t *
plan_view(struct worker *w, const struct flow_plan *p, const json_t *missing);

#endif
