/*
 * sink: PostgresSink.
 */
#ifndef PENSTOCK_POSTGRES_SINK_H
#define PENSTOCK_POSTGRES_SINK_H

#include <penstock/abi.h>
#include <penstock/sink.h>

extern const struct ps_sink_ops sink_ops;

#endif
