/*
 * wire: reading what Protobuf writes.
 */
#ifndef PENSTOCK_REGISTRY_WIRE_H
#define PENSTOCK_REGISTRY_WIRE_H

#include <penstock/record.h>

enum wire_type { WIRE_VARINT, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

struct wire {
	const uint8_t *p, *end;
};

struct wire_field {
	int32_t number;
	enum wire_type type;
	uint64_t number_value; /* VARINT, 64, 32 */
	struct ps_slice bytes; /* BYTES */
};

/* 1 and a varint, 0 when the input is cut short. */
int wire_varint(struct wire *w, uint64_t *out);
/* 1 and the next field, 0 at the end, -1: it is no Protobuf. */
int wire_next(struct wire *w, struct wire_field *f);

#endif
