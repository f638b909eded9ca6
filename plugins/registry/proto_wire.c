#include "proto_wire.h"

enum wire_type
proto_wire_type(enum proto_kind kind)
{
	switch (kind) {
	case PROTO_DOUBLE:
	case PROTO_FIXED64:
	case PROTO_SFIXED64:
		return WIRE_64;
	case PROTO_FLOAT:
	case PROTO_FIXED32:
	case PROTO_SFIXED32:
		return WIRE_32;
	case PROTO_STRING:
	case PROTO_BYTES:
	case PROTO_MESSAGE:
	case PROTO_GROUP:
		return WIRE_BYTES;
	case PROTO_UNKNOWN:
	case PROTO_INT64:
	case PROTO_UINT64:
	case PROTO_INT32:
	case PROTO_BOOL:
	case PROTO_UINT32:
	case PROTO_ENUMERATION:
	case PROTO_SINT32:
	case PROTO_SINT64:
		break;
	}
	return WIRE_VARINT;
}
