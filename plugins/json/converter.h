/*
 * converter: the instance, and its two directions.
 */
#ifndef PENSTOCK_JSON_CONVERTER_H
#define PENSTOCK_JSON_CONVERTER_H

#include <penstock/converter.h>

#include <jsontext/plan.h>

#include "schema_in.h"

#define JSON_CLASS "org.apache.kafka.connect.json.JsonConverter"

struct converter {
	struct json_options options;
	struct plan_cache *plans;
	struct schema_cache *schemas;
	struct parser *parser;
};

/* What encode, decode and check do to one key, value or header. */
struct side {
	struct ps_value *value;
	const struct ps_schema **schema;
	struct ps_slice *raw;
	enum ps_stage stage;
};

static inline struct side
side_of(struct ps_record *r, enum ps_part part)
{
	if (part == PS_PART_KEY)
		return (struct side){ &r->key, &r->key_schema, &r->raw_key,
			PS_STAGE_KEY_CONVERTER };
	return (struct side){ &r->value, &r->value_schema, &r->raw_value,
		PS_STAGE_VALUE_CONVERTER };
}

static inline struct side
side_of_header(struct ps_header *h)
{
	return (struct side){ &h->value, &h->schema, &h->raw,
		PS_STAGE_HEADER_CONVERTER };
}

/* The ops that read: see penstock/converter.h. */
void json_decode(void *state, struct ps_batch *b,
    struct ps_record *const *records, size_t count, enum ps_part part);
void json_check(void *state, struct ps_batch *b,
    struct ps_record *const *records, size_t count, enum ps_part part);
int json_header_decode(void *state, struct ps_arena *a, const char *topic,
    struct ps_header *header, struct ps_error *err);

#endif
