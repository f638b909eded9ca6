/*
 * rotated: files beside a path that were at that path before.
 *
 * Their names begin with the path's. What is found is open for reading.
 */
#ifndef PENSTOCK_CONNECTORS_FILE_ROTATED_H
#define PENSTOCK_CONNECTORS_FILE_ROTATED_H

#include <sys/stat.h>

#include "mark.h"

#define ROTATED_NAME 512

/* The file the mark was made of, or a copy of it: a descriptor, or -1. */
int rotated_find(const char *path, const struct mark *m, int64_t position);
/* The file that was written after `done` and was rotated as well, or -1.
 * `lost` is the name of one that came before it but is compressed, or "". */
int rotated_next(const char *path, const struct stat *done,
    char lost[ROTATED_NAME]);

#endif
