/*
 * limits: what a child takes from itself before it runs a plugin.
 *
 * Called first in the child, while it is one thread: it dies with its
 * parent, gains no privileges, dumps no core, has small thread stacks and
 * two malloc arenas. Memory is limited once the configuration is known.
 */
#ifndef PENSTOCK_CHILD_LIMITS_H
#define PENSTOCK_CHILD_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void limits_begin(void);
/* RLIMIT_DATA; 0: none. Without effect under AddressSanitizer. */
void limits_memory(int64_t bytes);
void limits_files(int64_t count); /* 0: as inherited */
/* A sanitizer's runtime needs more than we would let it have. */
bool limits_are_off(void);

#endif
