/*
 * sink: the operations of the S3 sink.
 */
#ifndef PENSTOCK_CONNECTORS_S3_SINK_H
#define PENSTOCK_CONNECTORS_S3_SINK_H

#include <penstock/sink.h>

extern const struct ps_sink_ops s3_sink_ops;

#endif
