/*
 * avro_decode: Avro's binary form as values, by the writer's schema.
 *
 * Text and bytes alias the input; all else is in the arena. Input that is cut
 * short or not what the schema says is PS_E_DATA; trailing bytes are ignored,
 * as Java does.
 */
#ifndef PENSTOCK_REGISTRY_AVRO_DECODE_H
#define PENSTOCK_REGISTRY_AVRO_DECODE_H

#include "avro_in.h"

struct avro_decoder {
	const uint8_t *p, *end;
	struct ps_arena *arena;
	struct ps_error *err;
	int depth;
};

int avro_decode(struct avro_decoder *d, const struct avro_reading *n,
    struct ps_value *out);

#endif
