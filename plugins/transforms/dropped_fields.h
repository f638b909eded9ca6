/*
 * dropped_fields: fields that a header lists, taken out of the row and of the
 * key (ExtractNewRecordState's drop.fields.*).
 */
#ifndef PENSTOCK_TRANSFORMS_DROPPED_FIELDS_H
#define PENSTOCK_TRANSFORMS_DROPPED_FIELDS_H

#include "operand.h"

struct dropped_fields {
	const char *header; /* "": there is nothing to drop */
	bool from_key;
	bool compatible; /* only what is optional is dropped */
};

void dropped_fields_read(struct dropped_fields *d, const struct ps_config *c);
int dropped_fields_apply(const struct dropped_fields *d, struct common *t,
    struct work *w, struct ps_record *r);

#endif
