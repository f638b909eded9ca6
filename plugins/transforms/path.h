/*
 * path: names of fields, of nested ones too.
 *
 * With field.syntax.version V1 a name is one field, dots and all. With V2
 * dots separate steps; `a.b` in backticks is one step, \` a backtick in it.
 */
#ifndef PENSTOCK_TRANSFORMS_PATH_H
#define PENSTOCK_TRANSFORMS_PATH_H

#include "operand.h"

struct step {
	const char *name;
	size_t len;
};

struct path {
	struct step *steps;
	size_t count;
	const char *text; /* as given */
};

/* Is field.syntax.version V2? */
bool path_is_nested(const struct ps_config *c);
int path_read(struct common *t, const char *text, bool nested, struct path *out,
    struct ps_error *err);

/* The schema of the field, or NULL. */
const struct ps_schema *
path_schema(const struct path *p, const struct ps_schema *s);
/* Fails when the schema has no such field; there may be none. */
int path_check(const struct path *p, const struct ps_schema *s,
    struct ps_error *err);
/* The value there: null where the way ends early; defaults as asked. -1: a
 * step leads through what has no fields. */
int path_value(const struct path *p, const struct ps_schema *s,
    const struct ps_value *from, bool null_default, struct ps_value *out,
    struct ps_error *err);

extern const char *const path_versions[];

#define PATH_KEY                                                               \
	{                                                                      \
		.name = "field.syntax.version", .type = PS_KEY_STRING,         \
		.default_value = "V1", .importance = PS_HIGH,                  \
		.choices = path_versions, .flags = PS_ANY_CASE,                \
		.doc = "How fields are named. V1: a field by its whole name, " \
		       "dots and all. V2: dots separate the names of nested "  \
		       "fields; a name with dots stands in backticks."         \
	}

#endif
