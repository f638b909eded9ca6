/*
 * props: Java .properties files.
 *
 * Escapes, continuation lines, # and ! comments, = : or blank separators, as
 * java.util.Properties reads them (ISO 8859-1 with \uXXXX, but UTF-8 is taken
 * as it stands). A key that comes twice keeps its last value.
 */
#ifndef PENSTOCK_BASE_PROPS_H
#define PENSTOCK_BASE_PROPS_H

#include <penstock/config.h>
#include <penstock/error.h>

/* Sorted settings in the arena. */
int props_parse(struct ps_arena *a, const char *text, size_t len,
    struct ps_config *out, struct ps_error *err);
/* Reads and parses a file of at most 1 MiB. */
int props_load(struct ps_arena *a, const char *path, struct ps_config *out,
    struct ps_error *err);

#endif
