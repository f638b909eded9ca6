/*
 * map: building and cutting struct ps_config.
 */
#ifndef PENSTOCK_CONFIG_MAP_H
#define PENSTOCK_CONFIG_MAP_H

#include <penstock/config.h>

/* Copies everything into the arena. */
struct ps_config config_copy(struct ps_arena *a, const struct ps_config *c);
/* `over` wins; a value NULL in `over` removes the key. */
struct ps_config config_merge(struct ps_arena *a, const struct ps_config *c,
    const struct ps_config *over);
struct ps_config config_with(struct ps_arena *a, const struct ps_config *c,
    const char *key, const char *value);
/* Keys that start with prefix, without it. */
struct ps_config config_prefixed(struct ps_arena *a, const struct ps_config *c,
    const char *prefix);
bool config_equal(const struct ps_config *x, const struct ps_config *y);
/* Sorts settings in place and keeps the last of equal keys. */
struct ps_config config_sorted(struct ps_setting *settings, size_t count);

#endif
