/*
 * golden_compare: what a golden record came to against what is recorded.
 *
 * Recorded is what a preview answers of it. Members that are null there may
 * be left out.
 */
#ifndef PENSTOCK_REST_GOLDEN_COMPARE_H
#define PENSTOCK_REST_GOLDEN_COMPARE_H

#include <jansson.h>

struct ps_arena;

/* NULL: the same; else the step and the difference, in the arena. */
const char *
golden_compare(struct ps_arena *a, const json_t *golden, const json_t *found);

#endif
