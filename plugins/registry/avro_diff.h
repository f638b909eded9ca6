/*
 * avro_diff: in what one Avro schema differs from another, for people.
 */
#ifndef PENSTOCK_REGISTRY_AVRO_DIFF_H
#define PENSTOCK_REGISTRY_AVRO_DIFF_H

#include "client.h"

/* "field x was added without a default, field y was int and is string". */
void avro_differs(struct ps_arena *a, const char *old_text,
    const char *new_text, char *out, size_t room);

#endif
