/*
 * typed_decimal: numbers of JSON as Connect's Decimal.
 */
#ifndef PENSTOCK_JSONTEXT_TYPED_DECIMAL_H
#define PENSTOCK_JSONTEXT_TYPED_DECIMAL_H

#include "typed.h"

/* The number brought to the schema's scale; digits that do not fit there are
 * PS_E_DATA. */
int decimal_number(struct typed *d, const struct ps_schema *s,
    const struct token *t, struct ps_value *out);
/* Does the schema say its scale? Without it the value means nothing. */
bool decimal_has_scale(const struct ps_schema *s);

#endif
