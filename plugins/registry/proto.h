/*
 * proto: what the parts of ProtobufConverter share.
 *
 * Writing: proto_out.h (Connect schema -> .proto text), proto_write.h (value
 * -> bytes). Reading: proto_schema.h (text -> messages), proto_in.h (message
 * -> Connect schema and bytes -> value).
 */
#ifndef PENSTOCK_REGISTRY_PROTO_H
#define PENSTOCK_REGISTRY_PROTO_H

#include <stdlib.h>

#include "proto_schema.h"

struct proto_options {
	bool enhanced;               /* enhanced.protobuf.schema.support */
	bool int_enums;              /* int.for.enums */
	bool optional_for_nullables; /* optional.for.nullables */
	bool wrapper_for_nullables;  /* wrapper.for.nullables */
	bool wrapper_for_raw;        /* wrapper.for.raw.primitives */
	bool index_unions;           /* generate.index.for.unions */
	bool flatten_unions;         /* flatten.unions */
	bool ignore_null_defaults;   /* ignore.default.for.nullables */
	bool scrub;                  /* scrub.invalid.names */
};

#define PROTO_DECIMAL     "confluent.type.Decimal"
#define PROTO_DATE        "google.type.Date"
#define PROTO_TIME_OF_DAY "google.type.TimeOfDay"
#define PROTO_TIMESTAMP   "google.protobuf.Timestamp"

static inline const char *
proto_param(const struct ps_schema *s, const char *name)
{
	for (size_t i = 0; i < s->param_count; i++)
		if (strcmp(s->params[i].name, name) == 0)
			return s->params[i].value;
	return NULL;
}

static inline bool
proto_is_union(const struct ps_schema *s)
{
	return s->type == PS_STRUCT && s->name != NULL &&
	       strncmp(s->name, PROTO_UNION, sizeof PROTO_UNION - 1) == 0;
}

/* google.protobuf.Int32Value and its like: the type inside, else UNKNOWN. */
static inline enum proto_kind
proto_wrapped(const struct proto_message *m)
{
	static const char package[] = "google.protobuf.";
	size_t len = strlen(m->full);

	if (strncmp(m->full, package, sizeof package - 1) != 0 || len < 5 ||
	    strcmp(m->full + len - 5, "Value") != 0 || m->field_count != 1)
		return PROTO_UNKNOWN;
	return m->fields->kind;
}

#endif
