/*
 * vectors: runs one file of tests/data/vectors against the real plugins.
 *
 * Each line holds what a class of Kafka Connect made of an input (see
 * tests/conformance/Vectors.java); ours must make the same of it.
 */
#ifndef PENSTOCK_TESTS_PLUGINS_VECTORS_H
#define PENSTOCK_TESTS_PLUGINS_VECTORS_H

#include <stddef.h>

struct ps_schema;
struct ps_value;

/* How many lines were run; each that differs fails the test. */
size_t vectors_run(const char *file);
/* "int32?:name i32:5": the same text as Vectors.java's dump. */
size_t vectors_dump(char *to, size_t room, const struct ps_schema *s,
    const struct ps_value *v);

#endif
