#include <penstock/abi.h>

#include "format.h"

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
};

PS_PLUGIN("registry", "1.0", classes);
