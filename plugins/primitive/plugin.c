#include "primitive.h"

#define CONVERTERS "org.apache.kafka.connect.converters."
#define STORAGE    "org.apache.kafka.connect.storage."

static const char *const uses[] = { "key", "value", "header", NULL };

#define TYPE_KEY                                                           \
	{                                                                  \
		.name = "converter.type", .type = PS_KEY_STRING,           \
		.flags = PS_REQUIRED, .importance = PS_LOW,                \
		.doc = "How this converter will be used.", .choices = uses \
	}

static const struct ps_key type_keys[] = { TYPE_KEY };

/* Java takes every charset it has. What one cannot say is written as a
 * question mark there, without a word. */
static const char *const encodings[] = { "UTF-8", "UTF8", NULL };

static const struct ps_key string_keys[] = {
	TYPE_KEY,
	{ .name = "converter.encoding",
	    .type = PS_KEY_STRING,
	    .default_value = "UTF-8",
	    .importance = PS_HIGH,
	    .flags = PS_ANY_CASE,
	    .doc = "The character set of the text; UTF-8 is the one there is.",
	    .choices = encodings,
	    .width = PS_W_MEDIUM,
	    .display = "Encoding" },
};

static const char *const string_names[] = { STORAGE "StringConverter", NULL };
static const char *const header_names[] = { STORAGE "SimpleHeaderConverter",
	NULL };
static const char *const insert_header_names[] = {
	"org.apache.kafka.connect.transforms.InsertHeader", NULL
};
static const char *const bytes_names[] = { CONVERTERS "ByteArrayConverter",
	NULL };
static const char *const boolean_names[] = { CONVERTERS "BooleanConverter",
	NULL };
static const char *const short_names[] = { CONVERTERS "ShortConverter", NULL };
static const char *const integer_names[] = { CONVERTERS "IntegerConverter",
	NULL };
static const char *const long_names[] = { CONVERTERS "LongConverter", NULL };
static const char *const float_names[] = { CONVERTERS "FloatConverter", NULL };
static const char *const double_names[] = { CONVERTERS "DoubleConverter",
	NULL };

/* Connect's classes convert keys and values, and headers: a row for each. */
#define ROW(of, class_name, names, type, text, table, table_ops)        \
	{                                                               \
		.kind = (of), .name = (class_name), .aliases = (names), \
		.doc = (text), .keys = (table),                         \
		.key_count = sizeof(table) / sizeof *(table),           \
		.ops = &(table_ops), .ops_size = sizeof(table_ops),     \
		.variant = (type)                                       \
	}
#define ROWS(name, names, type, text, table)                                   \
	ROW(PS_KIND_CONVERTER, name, names, type, text, table, primitive_ops), \
	    ROW(PS_KIND_HEADER_CONVERTER, name, names, type, text, table,      \
		primitive_header_ops)

static const struct ps_class classes[] = {
	ROWS("StringConverter", string_names, PS_STRING,
	    "UTF-8 text; other values as Java prints them", string_keys),
	ROWS("ByteArrayConverter", bytes_names, PS_BYTES, "bytes as they are",
	    type_keys),
	ROWS("BooleanConverter", boolean_names, PS_BOOLEAN, "one byte, 0 or 1",
	    type_keys),
	ROWS("ShortConverter", short_names, PS_INT16, "two bytes, big-endian",
	    type_keys),
	ROWS("IntegerConverter", integer_names, PS_INT32,
	    "four bytes, big-endian", type_keys),
	ROWS("LongConverter", long_names, PS_INT64, "eight bytes, big-endian",
	    type_keys),
	ROWS("FloatConverter", float_names, PS_FLOAT32,
	    "four bytes, IEEE 754, big-endian", type_keys),
	ROWS("DoubleConverter", double_names, PS_FLOAT64,
	    "eight bytes, IEEE 754, big-endian", type_keys),
	{ .kind = PS_KIND_HEADER_CONVERTER,
	    .name = "SimpleHeaderConverter",
	    .aliases = header_names,
	    .doc = "headers as text whose type is inferred when read",
	    .ops = &simple_header_ops,
	    .ops_size = sizeof simple_header_ops },
	ROW(PS_KIND_TRANSFORM, "InsertHeader", insert_header_names, 0,
	    "adds a header with a fixed value", insert_header_keys,
	    insert_header_ops),
};

PS_PLUGIN("primitive", "1.0", classes);
