/*
 * flow_view: pipelines as JSON. New references.
 */
#ifndef PENSTOCK_REST_FLOW_VIEW_H
#define PENSTOCK_REST_FLOW_VIEW_H

#include <jansson.h>

#include "worker/flow.h"

/* {"name", "template", "version", "state", "connectors": how many} */
json_t *flow_view_line(struct worker *w, const char *name, const json_t *doc);
/* view_rank of the one of its connectors that needs people most. */
unsigned flow_view_rank(struct worker *w, const char *name);
/* What flow_view_line says, with parameters, connectors' names, and how they
 * differ from what is declared. */
json_t *flow_view(struct worker *w, struct ps_arena *a, const char *name,
    const json_t *doc);
/* {"name", "state", "connectors": [their statuses]}, and "upgrade" while its
 * template's pipelines are. */
json_t *flow_view_status(struct worker *w, struct ps_arena *a, const char *name,
    const json_t *doc);
/* Of an upgrade's document; what is waited for is as of now. */
json_t *
flow_view_upgrade(struct worker *w, struct ps_arena *a, const json_t *doc);
#endif
