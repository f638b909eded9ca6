/*
 * typed: JSON text as the value of a schema.
 *
 * As Connect: scalars of another JSON type read as 0, false or null, and
 * integers wrap. What Connect refuses is PS_E_DATA with Connect's text.
 */
#ifndef PENSTOCK_JSON_TYPED_H
#define PENSTOCK_JSON_TYPED_H

#include "parse.h"

struct typed {
	struct scan *sc;
	struct ps_arena *arena;
	bool null_default;
	int structs; /* how many are open: their fields are validated */
	const struct json_options *options; /* NULL: as JsonConverter */
};

int
typed_value(struct typed *d, const struct ps_schema *s, struct ps_value *out);
/* What a missing or null value of the schema is. */
int
typed_null(struct typed *d, const struct ps_schema *s, struct ps_value *out);

#endif
