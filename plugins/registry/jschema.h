/*
 * jschema: what the parts of JsonSchemaConverter share.
 *
 * Writing: jschema_out.h (Connect schema -> JSON Schema), and the encoder of
 * JsonConverter for values. Reading: jschema_in.h (JSON Schema -> draft), and
 * JsonConverter's reader of typed values.
 */
#ifndef PENSTOCK_REGISTRY_JSCHEMA_H
#define PENSTOCK_REGISTRY_JSCHEMA_H

#include <jsontext/json.h>

#include "client.h"

#define JSCHEMA_NAMESPACE "io.confluent.connect.json"
#define JSCHEMA_ENUM      JSCHEMA_NAMESPACE ".Enum"
#define JSCHEMA_ONE_OF    JSCHEMA_NAMESPACE ".OneOf"

#define CONNECT_UNION_PARAM "org.apache.kafka.connect.data.Union"
#define CONNECT_ENUM_PARAM  "org.apache.kafka.connect.data.Enum"

/* Deeper schemas are refused: reading them recurses. */
#define JSCHEMA_MAX_DEPTH 100

struct jschema_options {
	struct json_options json;
	bool additional;          /* object.additional.properties */
	bool optional_unrequired; /* use.optional.for.nonrequired */
	bool flatten_singletons;  /* flatten.singleton.unions */
	bool sum_types;           /* generalized.sum.type.support */
};

static inline const char *
jschema_enum_param(const struct jschema_options *o)
{
	return o->sum_types ? CONNECT_ENUM_PARAM : JSCHEMA_ENUM;
}

#endif
