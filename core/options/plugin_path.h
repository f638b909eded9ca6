/*
 * plugin_path: is an entry of plugin.path made for penstock?
 *
 * A worker.properties from Kafka Connect names folders of jars. They cannot
 * be used, and a worker without any plugin would say so only much later.
 */
#ifndef PENSTOCK_OPTIONS_PLUGIN_PATH_H
#define PENSTOCK_OPTIONS_PLUGIN_PATH_H

#include <penstock/error.h>

/* Refuses a jar, and a folder in which there are jars and nothing of ours, at
 * whatever depth. Warns of what cannot be read. */
int plugin_path_check(const char *entry, struct ps_error *err);

#endif
