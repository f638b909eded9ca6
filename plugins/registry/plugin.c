#include <penstock/abi.h>

#include "format.h"

/* A key of Confluent's converter that has its default and nothing else, since
 * with another value something else would be written; what to do instead. */
#define FIXED(key, key_type, default_text, what)                       \
	{                                                              \
		.name = (key), .type = (key_type),                     \
		.default_value = (default_text), .importance = PS_LOW, \
		.flags = PS_UNSUPPORTED, .doc = (what)                 \
	}
#define FIXED_KEY(key, default_text, what) \
	FIXED(key, PS_KEY_STRING, default_text, what)
#define FIXED_FLAG(key, default_text, what) \
	FIXED(key, PS_KEY_BOOLEAN, default_text, what)

/* One that does nothing here; what to do instead. */
#define IGNORED(key, key_type, what)                                     \
	{                                                                \
		.name = (key), .type = (key_type), .importance = PS_LOW, \
		.flags = PS_IGNORED, .doc = "Has no effect: " what       \
	}
#define IGNORED_KEY(key, what)    IGNORED(key, PS_KEY_STRING, what)
#define IGNORED_SECRET(key, what) IGNORED(key, PS_KEY_PASSWORD, what)

#define OF_JAVA "it is about classes of Java. Leave it out."
#define OF_TLS                                                           \
	"TLS 1.2 and later are used as the system's OpenSSL is set up. " \
	"Leave it out."
#define OF_STORES                                                             \
	"authorities in a PEM file have no password. Leave it out, and give " \
	"that of a client's key as schema.registry.ssl.key.password."
#define OF_TOKENS                                                             \
	"tokens are not fetched. Give one as bearer.auth.token, by a config " \
	"provider."
#define OF_RULES                                                            \
	"rules of the registry are not run, so fields that they encrypt "   \
	"would be written and read as they are. Leave it out, and encrypt " \
	"or mask by a transform."
#define SERIALIZERS "io.confluent.kafka.serializers."
#define OF_IDS                                                                \
	"ids are written before the payload, and read there and in headers. " \
	"Leave it out."

/* clang-format off */
#define IGNORED_KEYS                                                         \
	FIXED_KEY("rule.executors", "", OF_RULES),                           \
	FIXED_KEY("rule.actions", "", OF_RULES),                             \
	IGNORED_KEY("latest.cache.size",                                     \
	    "the latest version is asked for once per topic and schema. "    \
	    "See schemas.cache.config."),                                    \
	FIXED_KEY("latest.cache.ttl.sec", "-1",                              \
	    "the latest version is asked for once per topic and schema. "    \
	    "Restart the task to look again."),                              \
	FIXED_KEY("use.latest.with.metadata", "",                            \
	    "give the version's id as use.schema.id."),                      \
	FIXED_KEY("context.name.strategy",                                   \
	    SERIALIZERS "context.NullContextNameStrategy",                   \
	    "put the context into the address: "                             \
	    "schema.registry.url=http://HOST/contexts/:.NAME:"),             \
	FIXED_KEY("key.schema.id.serializer",                                \
	    SERIALIZERS "schema.id.PrefixSchemaIdSerializer", OF_IDS),       \
	FIXED_KEY("value.schema.id.serializer",                              \
	    SERIALIZERS "schema.id.PrefixSchemaIdSerializer", OF_IDS),       \
	IGNORED_KEY("max.schemas.per.subject",                               \
	    "see schemas.cache.config."),                                    \
	IGNORED_KEY("schema.reflection", OF_JAVA),                           \
	IGNORED_KEY("specific.avro.reader", OF_JAVA),                        \
	IGNORED_KEY("avro.reflection.allow.null", OF_JAVA),                  \
	IGNORED_KEY("avro.remove.java.properties", OF_JAVA),                 \
	IGNORED_KEY("avro.use.logical.type.converters", OF_JAVA),            \
	IGNORED_KEY("bearer.auth.issuer.endpoint.url", OF_TOKENS),           \
	IGNORED_KEY("bearer.auth.client.id", OF_TOKENS),                     \
	IGNORED_SECRET("bearer.auth.client.secret", OF_TOKENS),                 \
	IGNORED_KEY("bearer.auth.scope", OF_TOKENS),                         \
	IGNORED_KEY("bearer.auth.logical.cluster", OF_TOKENS),               \
	IGNORED_KEY("bearer.auth.identity.pool.id", OF_TOKENS),              \
	IGNORED_SECRET("schema.registry.ssl.truststore.password", OF_STORES),   \
	IGNORED_SECRET("schema.registry.ssl.keystore.password", OF_STORES),     \
	IGNORED_KEY("schema.registry.ssl.protocol", OF_TLS),                 \
	IGNORED_KEY("schema.registry.ssl.provider", OF_TLS),                 \
	IGNORED_KEY("schema.registry.ssl.enabled.protocols", OF_TLS),        \
	IGNORED_KEY("schema.registry.ssl.cipher.suites", OF_TLS),            \
	IGNORED_KEY("schema.registry.ssl.engine.factory.class", OF_TLS),     \
	IGNORED_KEY("schema.registry.ssl.keymanager.algorithm", OF_TLS),     \
	IGNORED_KEY("schema.registry.ssl.trustmanager.algorithm", OF_TLS),   \
	IGNORED_KEY("schema.registry.ssl.secure.random.implementation",      \
	    OF_TLS)
/* clang-format on */

static const struct ps_key avro_keys[] = {
	REGISTRY_KEYS,
	IGNORED_KEYS,
	NUMBER_KEY("schemas.cache.config", "1000", 1,
	    "How many schemas are kept, of those written and of those read."),
	FLAG_KEY("enhanced.avro.schema.support", "false",
	    "Keep enums, and the namespaces of a union's records."),
	FLAG_KEY("connect.meta.data", "true",
	    "Write what Avro cannot say of a Connect schema as properties."),
	FLAG_KEY("scrub.invalid.names", "false",
	    "Replace what Avro does not allow in names."),
	FLAG_KEY("allow.optional.map.keys", "false",
	    "Write maps with optional text keys as Avro maps."),
	FLAG_KEY("flatten.singleton.unions", "true",
	    "Read a union of one type as that type."),
	FLAG_KEY("generalized.sum.type.support", "false",
	    "Read unions and enums as other formats do."),
	FLAG_KEY("ignore.default.for.nullables", "false",
	    "Write null as null where the field has a default."),
	FLAG_KEY("discard.type.doc.default", "false",
	    "Do not keep the documentation and defaults of types apart."),
};

static const char *const decimal_formats[] = { "BASE64", "NUMERIC", NULL };

#define OF_CHECKS                                                           \
	"a record is read by its schema, and not held against all of what " \
	"that asks for. Check it by a transform."

static const struct ps_key json_keys[] = {
	REGISTRY_KEYS,
	IGNORED_KEYS,
	FIXED_FLAG("json.fail.invalid.schema", "false", OF_CHECKS),
	IGNORED_KEY("json.fail.unknown.properties", OF_CHECKS),
	IGNORED_KEY("json.schema.spec.version",
	    "schemas are written as draft 7."),
	IGNORED_KEY("json.oneof.for.nullables",
	    "what is optional is written as a oneOf with null."),
	IGNORED_KEY("json.default.property.inclusion", OF_JAVA),
	IGNORED_KEY("json.write.dates.iso8601", OF_JAVA),
	IGNORED_KEY("json.indent.output", "JSON is written without spaces."),
	NUMBER_KEY("schemas.cache.config", "1000", 1,
	    "How many schemas are kept, of those written and of those read."),
	FLAG_KEY("object.additional.properties", "true",
	    "Allow members that a schema does not name."),
	FLAG_KEY("use.optional.for.nonrequired", "false",
	    "Read a property that is not required as optional."),
	FLAG_KEY("flatten.singleton.unions", "true",
	    "Read a oneOf of one schema as that schema."),
	FLAG_KEY("generalized.sum.type.support", "false",
	    "Read unions and enums as other formats do."),
	FLAG_KEY("ignore.default.for.nullables", "false",
	    "Write null as null where the field has a default."),
	{ .name = "decimal.format",
	    .type = PS_KEY_STRING,
	    .default_value = "BASE64",
	    .importance = PS_LOW,
	    .flags = PS_ANY_CASE,
	    .doc = "How decimals are written: BASE64 or NUMERIC.",
	    .choices = decimal_formats },
};

static const struct ps_key protobuf_keys[] = {
	REGISTRY_KEYS,
	IGNORED_KEYS,
	IGNORED_KEY("reference.subject.name.strategy",
	    "no schema that is written refers to others but google's own."),
	IGNORED_KEY("reference.lookup.only",
	    "no schema that is written refers to others but google's own."),
	IGNORED_KEY("skip.known.types",
	    "google's own types are never registered."),
	NUMBER_KEY("schemas.cache.config", "1000", 1,
	    "How many schemas are kept, of those written and of those read."),
	FLAG_KEY("enhanced.protobuf.schema.support", "false",
	    "Keep the packages of messages, enums and oneofs in their names."),
	FLAG_KEY("int.for.enums", "false", "Read enums as their numbers."),
	FLAG_KEY("optional.for.nullables", "false",
	    "Write optional fields with the keyword optional."),
	FLAG_KEY("wrapper.for.nullables", "false",
	    "Write optional fields as wrappers of google.protobuf."),
	FLAG_KEY("wrapper.for.raw.primitives", "true",
	    "Read a wrapper at the top as the value in it."),
	FLAG_KEY("generate.index.for.unions", "true",
	    "Add its number to the name of a oneof's field."),
	FLAG_KEY("flatten.unions", "false",
	    "Read the members of a oneof as fields of their message."),
	FLAG_KEY("ignore.default.for.nullables", "false",
	    "Write null as null where the field has a default."),
	FIXED_FLAG("optional.for.proto2", "true",
	    "fields of proto2 are optional unless they are required."),
	FIXED_FLAG("generate.struct.for.nulls", "false",
	    "values without a schema are written as text, or as "
	    "google.protobuf.Struct where they are maps."),
	FLAG_KEY("scrub.invalid.names", "false",
	    "Replace what Protobuf does not allow in names."),
	FIXED_FLAG("generalized.sum.type.support", "false",
	    "unions and enums are read as the other keys say."),
};

static const char *const protobuf_names[] = {
	"io.confluent.connect.protobuf.ProtobufConverter", NULL
};

static const char *const json_names[] = {
	"io.confluent.connect.json.JsonSchemaConverter", NULL
};

static const char *const avro_names[] = {
	"io.confluent.connect.avro.AvroConverter", NULL
};

static const struct ps_class classes[] = {
	{
	    .kind = PS_KIND_CONVERTER,
	    .variant = FORMAT_AVRO,
	    .name = "AvroConverter",
	    .aliases = avro_names,
	    .doc = "Avro, with schemas in a schema registry",
	    .keys = avro_keys,
	    .key_count = sizeof avro_keys / sizeof *avro_keys,
	    .ops = &registry_ops,
	    .ops_size = sizeof registry_ops,
	},
	{
	    .kind = PS_KIND_CONVERTER,
	    .variant = FORMAT_JSON,
	    .name = "JsonSchemaConverter",
	    .aliases = json_names,
	    .doc = "JSON, with schemas in a schema registry",
	    .keys = json_keys,
	    .key_count = sizeof json_keys / sizeof *json_keys,
	    .ops = &registry_ops,
	    .ops_size = sizeof registry_ops,
	},
	{
	    .kind = PS_KIND_CONVERTER,
	    .variant = FORMAT_PROTOBUF,
	    .name = "ProtobufConverter",
	    .aliases = protobuf_names,
	    .doc = "Protobuf, with schemas in a schema registry",
	    .keys = protobuf_keys,
	    .key_count = sizeof protobuf_keys / sizeof *protobuf_keys,
	    .ops = &registry_ops,
	    .ops_size = sizeof registry_ops,
	},
};

PS_PLUGIN("registry", "1.0", classes);
