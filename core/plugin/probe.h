/*
 * probe: does a file load without harm?
 *
 * It is opened in a process forked for that alone, with a time limit, so that
 * a constructor that crashes or hangs costs nothing else.
 */
#ifndef PENSTOCK_PLUGIN_PROBE_H
#define PENSTOCK_PLUGIN_PROBE_H

#include <stdbool.h>

#include <penstock/error.h>

enum { PROBE_LIMIT_MS = 10000 };

int probe_file(const char *path, struct ps_error *err);
/* What a process says that ended while it loaded the file, by itself or
 * because its time was over. */
int probe_judge(const char *path, int status, bool late, struct ps_error *err);

#endif
