/*
 * jschema_in: the text of a JSON Schema as a Connect schema's draft.
 */
#ifndef PENSTOCK_REGISTRY_JSCHEMA_IN_H
#define PENSTOCK_REGISTRY_JSCHEMA_IN_H

#include "jschema.h"

/* The draft, NULL for a schema that takes anything; all of it is in the
 * arena. -1: no Connect schema can say it (PS_E_DATA). */
int jschema_read(struct ps_arena *a, const struct jschema_options *o,
    const struct registered *r, const struct ps_schema **draft,
    struct ps_error *err);

#endif
