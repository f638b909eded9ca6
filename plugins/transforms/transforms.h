/*
 * transforms: what Kafka Connect's transforms have in common.
 *
 * A transform is one file with its keys, its struct ps_transform_ops and the
 * rows of its classes in plugin.c. $Key and $Value are variants of one class.
 */
#ifndef PENSTOCK_TRANSFORMS_TRANSFORMS_H
#define PENSTOCK_TRANSFORMS_TRANSFORMS_H

#include <penstock/abi.h>
#include <penstock/transform.h>

enum side { SIDE_KEY, SIDE_VALUE };

enum {
	CAST_KEYS = 3,
	DROP_HEADERS_KEYS = 1,
	EXTRACT_FIELD_KEYS = 3,
	FLATTEN_KEYS = 1,
	HEADER_FROM_KEYS = 5,
	HOIST_FIELD_KEYS = 3,
	INSERT_FIELD_KEYS = 8,
	MASK_FIELD_KEYS = 4,
	REGEX_ROUTER_KEYS = 2,
	REPLACE_FIELD_KEYS = 5,
	SET_SCHEMA_METADATA_KEYS = 3,
	TIMESTAMP_CONVERTER_KEYS = 6,
	TIMESTAMP_ROUTER_KEYS = 2,
	VALUE_TO_KEY_KEYS = 3,
	BY_LOGICAL_TABLE_ROUTER_KEYS = 8,
	EVENT_ROUTER_KEYS = 20,
	EXTRACT_NEW_RECORD_STATE_KEYS = 15,
	FILTER_CONDITION_KEYS = 3,
	MESSAGE_TIMESTAMP_ROUTER_KEYS = 4,
	TOMBSTONE_HANDLER_KEYS = 1,
};

extern const struct ps_key cast_keys[CAST_KEYS];
extern const struct ps_transform_ops cast_ops;
extern const struct ps_key drop_headers_keys[DROP_HEADERS_KEYS];
extern const struct ps_transform_ops drop_headers_ops;
extern const struct ps_key extract_field_keys[EXTRACT_FIELD_KEYS];
extern const struct ps_transform_ops extract_field_ops;
extern const struct ps_transform_ops filter_ops;
extern const struct ps_key flatten_keys[FLATTEN_KEYS];
extern const struct ps_transform_ops flatten_ops;
extern const struct ps_key header_from_keys[HEADER_FROM_KEYS];
extern const struct ps_transform_ops header_from_ops;
extern const struct ps_key hoist_field_keys[HOIST_FIELD_KEYS];
extern const struct ps_transform_ops hoist_field_ops;
extern const struct ps_key insert_field_keys[INSERT_FIELD_KEYS];
extern const struct ps_transform_ops insert_field_ops;
extern const struct ps_key mask_field_keys[MASK_FIELD_KEYS];
extern const struct ps_transform_ops mask_field_ops;
extern const struct ps_key regex_router_keys[REGEX_ROUTER_KEYS];
extern const struct ps_transform_ops regex_router_ops;
extern const struct ps_key replace_field_keys[REPLACE_FIELD_KEYS];
extern const struct ps_transform_ops replace_field_ops;
extern const struct ps_key set_schema_metadata_keys[SET_SCHEMA_METADATA_KEYS];
extern const struct ps_transform_ops set_schema_metadata_ops;
extern const struct ps_key timestamp_converter_keys[TIMESTAMP_CONVERTER_KEYS];
extern const struct ps_transform_ops timestamp_converter_ops;
extern const struct ps_key timestamp_router_keys[TIMESTAMP_ROUTER_KEYS];
extern const struct ps_transform_ops timestamp_router_ops;
extern const struct ps_key value_to_key_keys[VALUE_TO_KEY_KEYS];
extern const struct ps_transform_ops value_to_key_ops;
extern const struct ps_key
    by_logical_table_router_keys[BY_LOGICAL_TABLE_ROUTER_KEYS];
extern const struct ps_transform_ops by_logical_table_router_ops;
extern const struct ps_key event_router_keys[EVENT_ROUTER_KEYS];
extern const struct ps_transform_ops event_router_ops;
extern const struct ps_key
    extract_new_record_state_keys[EXTRACT_NEW_RECORD_STATE_KEYS];
extern const struct ps_transform_ops extract_new_record_state_ops;
extern const struct ps_key filter_condition_keys[FILTER_CONDITION_KEYS];
extern const struct ps_transform_ops filter_condition_ops;
extern const struct ps_key
    message_timestamp_router_keys[MESSAGE_TIMESTAMP_ROUTER_KEYS];
extern const struct ps_transform_ops message_timestamp_router_ops;
extern const struct ps_key tombstone_handler_keys[TOMBSTONE_HANDLER_KEYS];
extern const struct ps_transform_ops tombstone_handler_ops;

#endif
