/*
 * probe: does a file load without harm?
 *
 * It is opened in a process forked for that alone, with a time limit, so that
 * a constructor that crashes or hangs costs nothing else.
 */
#ifndef PENSTOCK_PLUGIN_PROBE_H
#define PENSTOCK_PLUGIN_PROBE_H

#include <penstock/error.h>

int probe_file(const char *path, struct ps_error *err);

#endif
