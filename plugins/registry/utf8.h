/*
 * utf8: text from outside as a value; what is no UTF-8 becomes U+FFFD.
 */
#ifndef PENSTOCK_REGISTRY_UTF8_H
#define PENSTOCK_REGISTRY_UTF8_H

#include <penstock/value.h>

/* Aliases the text when all of it is UTF-8, else a copy in the arena. */
struct ps_value utf8_value(struct ps_arena *a, const uint8_t *s, size_t len);

#endif
