/*
 * sink: the operations of the HTTP sink.
 */
#ifndef PENSTOCK_CONNECTORS_HTTP_SINK_H
#define PENSTOCK_CONNECTORS_HTTP_SINK_H

#include <penstock/sink.h>

extern const struct ps_sink_ops http_sink_ops;

#endif
