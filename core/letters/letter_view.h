/*
 * letter_view: one dead letter as JSON.
 */
#ifndef PENSTOCK_LETTERS_LETTER_VIEW_H
#define PENSTOCK_LETTERS_LETTER_VIEW_H

#include <jansson.h>

#include "convert/mask.h"
#include "letters/letters.h"

json_t *letter_view(struct mask *m, struct ps_arena *a,
    const struct consumer_record *r, const struct letter_context *c);

#endif
