/*
 * json: what the parts of JsonConverter share.
 *
 * Encoding: plan.h (schema -> plan), encode.h (value -> text). Decoding:
 * scan.h (tokens), parse.h (text -> value without schema), typed.h (text ->
 * value of a schema), schema_text.h (text -> schema).
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
};

#endif
