/*
 * primitive: converters for text, bytes and single numbers.
 *
 * scalar.c holds all but one (their class's variant is the type), each for
 * keys and values and for headers; header.c SimpleHeaderConverter, infer.c
 * how it reads text, and insert_header.c the transform that reads text so.
 */
#ifndef PENSTOCK_PRIMITIVE_PRIMITIVE_H
#define PENSTOCK_PRIMITIVE_PRIMITIVE_H

#include <penstock/abi.h>
#include <penstock/converter.h>
#include <penstock/transform.h>

extern const struct ps_converter_ops primitive_ops;
extern const struct ps_header_converter_ops primitive_header_ops;
extern const struct ps_header_converter_ops simple_header_ops;

extern const struct ps_transform_ops insert_header_ops;

enum { INSERT_HEADER_KEYS = 2 };

extern const struct ps_key insert_header_keys[INSERT_HEADER_KEYS];

struct text;

/* A value as SimpleHeaderConverter writes it; `depth` is 0 outside others. */
int header_text(struct text *t, const struct ps_schema *s,
    const struct ps_value *v, int depth, struct ps_error *err);
/* As Java decodes UTF-8: what is malformed becomes U+FFFD. */
struct ps_value primitive_text(struct ps_arena *a, const struct ps_slice *raw);
/* The value that a header's text looks like. */
int infer_value(const struct ps_host *h, struct ps_arena *a, const char *s,
    size_t len, struct ps_value *value, const struct ps_schema **schema);

#endif
