/*
 * expand: ${alias:path:key} and ${alias:key} in configuration values.
 *
 * Pure text work: what an alias answers is asked from a function. Unknown
 * aliases and keys stay as literal text; one pass, results are not expanded
 * again (Connect's ConfigTransformer).
 */
#ifndef PENSTOCK_CONFIG_EXPAND_H
#define PENSTOCK_CONFIG_EXPAND_H

#include <penstock/config.h>
#include <penstock/error.h>

/* 1: *value is set; 0: unknown, leave the text; -1: error. `path` may be "". */
typedef int
expand_fn(void *ctx, struct ps_arena *a, const char *alias, const char *path,
    const char *key, const char **value, struct ps_error *err);

bool expand_has(const char *text);
/* The text with every reference replaced, in the arena. */
const char *expand_text(struct ps_arena *a, const char *text, expand_fn *ask,
    void *ctx, struct ps_error *err);
int expand_config(struct ps_arena *a, const struct ps_config *in,
    expand_fn *ask, void *ctx, struct ps_config *out, struct ps_error *err);

#endif
