/*
 * source_keys: the configuration of PostgresSource.
 */
#ifndef PENSTOCK_POSTGRES_SOURCE_KEYS_H
#define PENSTOCK_POSTGRES_SOURCE_KEYS_H

#include <penstock/config.h>

extern const struct ps_key source_keys[];
extern const size_t source_key_count;

#endif
