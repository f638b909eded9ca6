/*
 * encode: values of a source's batch into the bytes of a topic.
 */
#ifndef PENSTOCK_CONVERT_ENCODE_H
#define PENSTOCK_CONVERT_ENCODE_H

#include "convert/converters.h"
#include "convert/tolerance.h"

/* Headers, keys, values, in Connect's order; failures stay marked. */
void encode_batch(const struct converters *c, struct tolerance *t,
    struct ps_batch *b);

#endif
