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

enum { INSERT_FIELD_KEYS = 7, REGEX_ROUTER_KEYS = 2, REPLACE_FIELD_KEYS = 4 };

extern const struct ps_key insert_field_keys[INSERT_FIELD_KEYS];
extern const struct ps_transform_ops insert_field_ops;
extern const struct ps_key regex_router_keys[REGEX_ROUTER_KEYS];
extern const struct ps_transform_ops regex_router_ops;
extern const struct ps_key replace_field_keys[REPLACE_FIELD_KEYS];
extern const struct ps_transform_ops replace_field_ops;

#endif
