#include "transforms.h"

#define PACKAGE "org.apache.kafka.connect.transforms."

/* The names of one class; a list per row keeps the table below flat. */
#define NAMES(id, class_name) \
	static const char *const id[] = { PACKAGE class_name, NULL }

NAMES(insert_key, "InsertField$Key");
NAMES(insert_value, "InsertField$Value");
NAMES(regex_router, "RegexRouter");
NAMES(replace_key, "ReplaceField$Key");
NAMES(replace_value, "ReplaceField$Value");

#define ROW(class_name, names, text, file, count, side)                 \
	{                                                               \
		.kind = PS_KIND_TRANSFORM, .name = (class_name),        \
		.aliases = (names), .doc = (text), .keys = file##_keys, \
		.key_count = (count), .ops = &file##_ops,               \
		.ops_size = sizeof file##_ops, .variant = (side)        \
	}

/* A further transform: its file, and a row (two with $Key and $Value). */
static const struct ps_class classes[] = {
	ROW("InsertField$Key", insert_key,
	    "inserts metadata or a static value into the key", insert_field,
	    INSERT_FIELD_KEYS, SIDE_KEY),
	ROW("InsertField$Value", insert_value,
	    "inserts metadata or a static value into the value", insert_field,
	    INSERT_FIELD_KEYS, SIDE_VALUE),
	ROW("RegexRouter", regex_router,
	    "gives a record another topic by a regular expression",
	    regex_router, REGEX_ROUTER_KEYS, SIDE_VALUE),
	ROW("ReplaceField$Key", replace_key,
	    "filters or renames the key's fields", replace_field,
	    REPLACE_FIELD_KEYS, SIDE_KEY),
	ROW("ReplaceField$Value", replace_value,
	    "filters or renames the value's fields", replace_field,
	    REPLACE_FIELD_KEYS, SIDE_VALUE),
};

PS_PLUGIN("transforms", "1.0", classes);
