/*
 * letter_view: one dead letter as JSON.
 */
#ifndef PENSTOCK_TASK_LETTER_VIEW_H
#define PENSTOCK_TASK_LETTER_VIEW_H

#include <jansson.h>

#include "task/letters.h"
#include "task/mask.h"

json_t *letter_view(struct mask *m, struct ps_arena *a,
    const struct consumer_record *r, const struct letter_context *c);

#endif
