/*
 * json: what the parts of the converters that write JSON text share.
 *
 * Encoding: plan.h (schema -> plan), encode.h (value -> text). Decoding:
 * scan.h (tokens), parse.h (text -> value without schema), typed.h (text ->
 * value of a schema).
 */
#ifndef PENSTOCK_JSON_JSON_H
#define PENSTOCK_JSON_JSON_H

#include <penstock/host.h>

/* Jackson's ceiling for nested arrays and objects. */
#define JSON_MAX_DEPTH 1000
/* Ours for schemas: decoding to one recurses. */
#define JSON_MAX_SCHEMA_DEPTH 100

enum json_decimal { JSON_DECIMAL_BASE64, JSON_DECIMAL_NUMERIC };

struct json_options {
	const struct ps_host *host;
	size_t cache_size;
	enum json_decimal decimal;
	bool with_schema;  /* schemas.enable */
	bool null_default; /* replace.null.with.default */
	/* As JSON Schema has it; JsonConverter does neither. */
	bool pairs_as_objects;  /* {"key":…,"value":…}, not a list of two */
	const char *union_name; /* of structs of which one field is set */
};

static inline bool
json_is_union(const struct json_options *o, const struct ps_schema *s)
{
	if (o == NULL || o->union_name == NULL || s->type != PS_STRUCT)
		return false;
	for (size_t i = 0; i < s->param_count; i++)
		if (strcmp(s->params[i].name,
			"org.apache.kafka.connect.data.Union") == 0)
			return true;
	return s->name != NULL && strcmp(s->name, o->union_name) == 0;
}

#endif
