#include <penstock/abi.h>

#include "format.h"

/* A key of Confluent's converter that has its default and nothing else. */
#define OTHER_KEY(key, default_text)                                   \
	{                                                              \
		.name = (key), .type = PS_KEY_BOOLEAN,                 \
		.default_value = (default_text), .importance = PS_LOW, \
		.flags = PS_UNSUPPORTED, .doc = "Not supported."       \
	}

static const struct ps_key avro_keys[] = {
	REGISTRY_KEYS,
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

static const struct ps_key json_keys[] = {
	REGISTRY_KEYS,
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
	OTHER_KEY("optional.for.proto2", "true"),
	OTHER_KEY("generate.struct.for.nulls", "false"),
	OTHER_KEY("scrub.invalid.names", "false"),
	OTHER_KEY("generalized.sum.type.support", "false"),
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
