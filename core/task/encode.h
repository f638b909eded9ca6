/*
 * encode: values of a source's batch into the bytes of a topic.
 */
#ifndef PENSTOCK_TASK_ENCODE_H
#define PENSTOCK_TASK_ENCODE_H

#include "task/converters.h"
#include "task/tolerance.h"

/* Headers, keys, values, in Connect's order; failures stay marked. */
void encode_batch(const struct converters *c, struct tolerance *t,
    struct ps_batch *b);

#endif
