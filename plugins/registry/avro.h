/*
 * avro: what the parts of AvroConverter share.
 *
 * Writing: avro_out.h (Connect schema -> Avro text), avro_plan.h (both ->
 * plan), avro_encode.h (value -> bytes). Reading: avro_schema.h (text -> Avro
 * schema), avro_in.h (Avro schema -> Connect schema and plan), avro_decode.h
 * (bytes -> value).
 */
#ifndef PENSTOCK_REGISTRY_AVRO_H
#define PENSTOCK_REGISTRY_AVRO_H

#include "conf.h"

struct avro_options {
	const struct ps_host *host;
	bool enhanced;             /* enhanced.avro.schema.support */
	bool meta_data;            /* connect.meta.data */
	bool scrub;                /* scrub.invalid.names */
	bool optional_map_keys;    /* allow.optional.map.keys */
	bool flatten_singletons;   /* flatten.singleton.unions */
	bool sum_types;            /* generalized.sum.type.support */
	bool ignore_null_defaults; /* ignore.default.for.nullables */
	bool discard_type_doc;     /* discard.type.doc.default */
};

#define CONNECT_UNION_PARAM "org.apache.kafka.connect.data.Union"
#define CONNECT_ENUM_PARAM  "org.apache.kafka.connect.data.Enum"

static inline const char *
schema_param(const struct ps_schema *s, const char *name)
{
	for (size_t i = 0; i < s->param_count; i++)
		if (strcmp(s->params[i].name, name) == 0)
			return s->params[i].value;
	return NULL;
}

/* The parameter that makes a string an enum. */
static inline const char *
enum_param(const struct avro_options *o)
{
	return o->sum_types ? CONNECT_ENUM_PARAM
			    : "io.confluent.connect.avro.Enum";
}

static inline bool
schema_is_union(const struct ps_schema *s)
{
	return s->type == PS_STRUCT && s->name != NULL &&
	       (strcmp(s->name, "io.confluent.connect.avro.Union") == 0 ||
		   schema_param(s, CONNECT_UNION_PARAM) != NULL);
}

/* Written as an Avro map, not as a list of pairs? */
static inline bool
map_has_text_keys(const struct ps_schema *s, const struct avro_options *o)
{
	return s->key->type == PS_STRING &&
	       (!s->key->optional || o->optional_map_keys);
}

static inline bool
schema_is_fixed(const struct ps_schema *s)
{
	return s->type == PS_BYTES && s->name != NULL &&
	       schema_param(s, "connect.fixed.size") != NULL;
}

#endif
