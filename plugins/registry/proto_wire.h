/*
 * proto_wire: how a value of each kind stands in a message.
 *
 * https://protobuf.dev/programming-guides/encoding/#structure
 */
#ifndef PENSTOCK_REGISTRY_PROTO_WIRE_H
#define PENSTOCK_REGISTRY_PROTO_WIRE_H

#include "proto_schema.h"
#include "wire.h"

enum wire_type proto_wire_type(enum proto_kind kind);

#endif
