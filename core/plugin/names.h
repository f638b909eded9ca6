/*
 * names: does a name stand for a class?
 */
#ifndef PENSTOCK_PLUGIN_NAMES_H
#define PENSTOCK_PLUGIN_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include <penstock/abi.h>

/* The part after the last dot: "InsertField$Value". */
const char *name_simple(const char *name);
/* Is `x` the same as `y`, or one of them with the suffix behind it that
 * Java's classes of this kind carry ("Connector", "Converter", ...)? */
bool name_equal(enum ps_kind kind, const char *x, const char *y);
/* How much of the simple name every file that holds the class must hold: up
 * to '$' and without the suffix. */
size_t name_stem(enum ps_kind kind, const char *simple);

#endif
