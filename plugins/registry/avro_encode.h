/*
 * avro_encode: values as Avro's binary form, by plan.
 */
#ifndef PENSTOCK_REGISTRY_AVRO_ENCODE_H
#define PENSTOCK_REGISTRY_AVRO_ENCODE_H

#include "avro_plan.h"
#include "bytes.h"

struct avro_encoder {
	struct bytes out;
	struct ps_error *err;
	int depth;
};

/* -1 and e->err when the value does not fit. */
int avro_encode(struct avro_encoder *e, const struct avro_plan *n,
    const struct ps_value *v);

#endif
