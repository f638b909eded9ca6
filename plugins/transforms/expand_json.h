/*
 * expand_json: JSON text as a struct of the schema that it shows by itself,
 * as Debezium's outbox does it (table.expand.json.payload).
 *
 * What the text cannot tell fails, and the text stays what it is: no object at
 * the top, lists of different things, integers beyond 64 bits.
 */
#ifndef PENSTOCK_TRANSFORMS_EXPAND_JSON_H
#define PENSTOCK_TRANSFORMS_EXPAND_JSON_H

#include <jsontext/parse.h>

#include "envelope.h"

struct expander {
	const struct common *common;
	struct parser *parser;
	/* What the struct's schema is called, and the first part of the names
	 * of those below. */
	const char *name;
	bool nulls_are_bytes;
};

/* On failure `p` is as it was. */
int expand_json(const struct expander *x, struct ps_arena *a, struct node *p,
    struct ps_error *err);

#endif
