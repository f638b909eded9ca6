/*
 * source_keys: the configuration of PostgresSource.
 */
#ifndef PENSTOCK_POSTGRES_SOURCE_KEYS_H
#define PENSTOCK_POSTGRES_SOURCE_KEYS_H

#include <penstock/config.h>

enum { SOURCE_KEYS = 42 };
extern const struct ps_key source_keys[];

#endif
