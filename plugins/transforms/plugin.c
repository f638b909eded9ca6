#include "transforms.h"

#define CONFLUENT "io.confluent.connect.transforms."
#define DEBEZIUM  "io.debezium.transforms."
#define PACKAGE   "org.apache.kafka.connect.transforms."

/* The names of one class; a list per row keeps the table below flat. */
#define NAMES(id, class_name) \
	static const char *const id[] = { PACKAGE class_name, NULL }

NAMES(cast_key_names, "Cast$Key");
NAMES(cast_value_names, "Cast$Value");
NAMES(drop_headers_names, "DropHeaders");
NAMES(extract_field_key_names, "ExtractField$Key");
NAMES(extract_field_value_names, "ExtractField$Value");
NAMES(filter_names, "Filter");
NAMES(flatten_key_names, "Flatten$Key");
NAMES(flatten_value_names, "Flatten$Value");
NAMES(header_from_key_names, "HeaderFrom$Key");
NAMES(header_from_value_names, "HeaderFrom$Value");
NAMES(hoist_field_key_names, "HoistField$Key");
NAMES(hoist_field_value_names, "HoistField$Value");
NAMES(insert_field_key_names, "InsertField$Key");
NAMES(insert_field_value_names, "InsertField$Value");
NAMES(mask_field_key_names, "MaskField$Key");
NAMES(mask_field_value_names, "MaskField$Value");
NAMES(regex_router_names, "RegexRouter");
NAMES(replace_field_key_names, "ReplaceField$Key");
NAMES(replace_field_value_names, "ReplaceField$Value");
NAMES(set_schema_metadata_key_names, "SetSchemaMetadata$Key");
NAMES(set_schema_metadata_value_names, "SetSchemaMetadata$Value");
NAMES(timestamp_converter_key_names, "TimestampConverter$Key");
NAMES(timestamp_converter_value_names, "TimestampConverter$Value");
NAMES(timestamp_router_names, "TimestampRouter");
NAMES(value_to_key_names, "ValueToKey");

static const char *const filter_condition_key_names[] = { CONFLUENT
	"Filter$Key",
	NULL };
static const char *const filter_condition_value_names[] = { CONFLUENT
	"Filter$Value",
	NULL };
static const char *const message_timestamp_router_names[] = { CONFLUENT
	"MessageTimestampRouter",
	NULL };
static const char *const tombstone_handler_names[] = { CONFLUENT
	"TombstoneHandler",
	NULL };
static const char *const by_logical_table_router_names[] = { DEBEZIUM
	"ByLogicalTableRouter",
	NULL };
static const char *const event_router_names[] = { DEBEZIUM "outbox.EventRouter",
	NULL };
static const char *const extract_new_record_state_names[] = { DEBEZIUM
	"ExtractNewRecordState",
	NULL };

#define ROW(class_name, names, text, file, table, count, side)      \
	{                                                           \
		.kind = PS_KIND_TRANSFORM, .name = (class_name),    \
		.aliases = (names), .doc = (text), .keys = (table), \
		.key_count = (count), .ops = &file##_ops,           \
		.ops_size = sizeof file##_ops, .variant = (side)    \
	}
/* One class for keys and one for values. */
#define ROWS(class_name, text_key, text_value, file, count)                   \
	ROW(class_name "$Key", file##_key_names, text_key, file, file##_keys, \
	    count, SIDE_KEY),                                                 \
	    ROW(class_name "$Value", file##_value_names, text_value, file,    \
		file##_keys, count, SIDE_VALUE)

/* A further transform: its file, and a row here. */
static const struct ps_class classes[] = {
	ROWS("Cast", "casts fields, or the whole key, to another type",
	    "casts fields, or the whole value, to another type", cast,
	    CAST_KEYS),
	ROW("DropHeaders", drop_headers_names, "removes headers by their names",
	    drop_headers, drop_headers_keys, DROP_HEADERS_KEYS, SIDE_VALUE),
	ROWS("ExtractField", "makes one field the whole key",
	    "makes one field the whole value", extract_field,
	    EXTRACT_FIELD_KEYS),
	ROW("Filter", filter_names,
	    "drops every record; for use with a predicate", filter, NULL, 0,
	    SIDE_VALUE),
	ROWS("Flatten",
	    "joins the fields of nested structs of the key into one",
	    "joins the fields of nested structs of the value into one", flatten,
	    FLATTEN_KEYS),
	ROWS("HeaderFrom", "moves or copies fields of the key to headers",
	    "moves or copies fields of the value to headers", header_from,
	    HEADER_FROM_KEYS),
	ROWS("HoistField", "wraps the key in a struct or map of one field",
	    "wraps the value in a struct or map of one field", hoist_field,
	    HOIST_FIELD_KEYS),
	ROWS("InsertField", "inserts metadata or a static value into the key",
	    "inserts metadata or a static value into the value", insert_field,
	    INSERT_FIELD_KEYS),
	ROWS("MaskField",
	    "replaces fields of the key by zero, nothing or a fixed text",
	    "replaces fields of the value by zero, nothing or a fixed text",
	    mask_field, MASK_FIELD_KEYS),
	ROW("RegexRouter", regex_router_names,
	    "gives a record another topic by a regular expression",
	    regex_router, regex_router_keys, REGEX_ROUTER_KEYS, SIDE_VALUE),
	ROWS("ReplaceField", "filters or renames the key's fields",
	    "filters or renames the value's fields", replace_field,
	    REPLACE_FIELD_KEYS),
	ROWS("SetSchemaMetadata",
	    "sets the name or the version of the key's schema",
	    "sets the name or the version of the value's schema",
	    set_schema_metadata, SET_SCHEMA_METADATA_KEYS),
	ROWS("TimestampConverter",
	    "converts timestamps of the key between text, numbers and dates",
	    "converts timestamps of the value between text, numbers and dates",
	    timestamp_converter, TIMESTAMP_CONVERTER_KEYS),
	ROW("TimestampRouter", timestamp_router_names,
	    "gives a record another topic by its time", timestamp_router,
	    timestamp_router_keys, TIMESTAMP_ROUTER_KEYS, SIDE_VALUE),
	ROW("ValueToKey", value_to_key_names,
	    "makes a new key of some of the value's fields", value_to_key,
	    value_to_key_keys, VALUE_TO_KEY_KEYS, SIDE_VALUE),
	ROWS("Filter", "keeps or drops records by a condition on the key",
	    "keeps or drops records by a condition on the value",
	    filter_condition, FILTER_CONDITION_KEYS),
	ROW("MessageTimestampRouter", message_timestamp_router_names,
	    "gives a record another topic by a time in its value",
	    message_timestamp_router, message_timestamp_router_keys,
	    MESSAGE_TIMESTAMP_ROUTER_KEYS, SIDE_VALUE),
	ROW("TombstoneHandler", tombstone_handler_names,
	    "drops records without a value, or fails", tombstone_handler,
	    tombstone_handler_keys, TOMBSTONE_HANDLER_KEYS, SIDE_VALUE),
	ROW("ByLogicalTableRouter", by_logical_table_router_names,
	    "puts change events of several tables into one topic",
	    by_logical_table_router, by_logical_table_router_keys,
	    BY_LOGICAL_TABLE_ROUTER_KEYS, SIDE_VALUE),
	ROW("EventRouter", event_router_names,
	    "makes events of the rows of an outbox table", event_router,
	    event_router_keys, EVENT_ROUTER_KEYS, SIDE_VALUE),
	ROW("ExtractNewRecordState", extract_new_record_state_names,
	    "makes the new row of a change event the whole value",
	    extract_new_record_state, extract_new_record_state_keys,
	    EXTRACT_NEW_RECORD_STATE_KEYS, SIDE_VALUE),
};

PS_PLUGIN("transforms", "1.0", classes);
