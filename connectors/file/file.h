/*
 * file: what the classes of this folder share.
 */
#ifndef PENSTOCK_CONNECTORS_FILE_H
#define PENSTOCK_CONNECTORS_FILE_H

#include <penstock/sink.h>
#include <penstock/source.h>

extern const struct ps_source_ops file_source_ops;
extern const struct ps_sink_ops file_sink_ops;

#endif
