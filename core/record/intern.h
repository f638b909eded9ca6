/*
 * intern: one schema for all equal drafts.
 *
 * Up to `ceiling` schemas are kept for the life of the table; beyond it a
 * draft is copied into the arena given and only its digest makes it equal.
 */
#ifndef PENSTOCK_RECORD_INTERN_H
#define PENSTOCK_RECORD_INTERN_H

#include <penstock/schema.h>

struct intern;

struct intern *intern_new(size_t ceiling);
void intern_free(struct intern **ip);
/* `a` holds what goes beyond the ceiling. Fills logical, scale and digest
 * (recursively: nested drafts need not be interned). */
const struct ps_schema *intern_schema(struct intern *in, struct ps_arena *a,
    const struct ps_schema *draft);
size_t intern_count(const struct intern *in);

#endif
