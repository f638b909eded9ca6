/*
 * arena: the host's side of <penstock/arena.h>.
 *
 * Chunks come from malloc; a reset keeps the first chunk, so a steady load
 * allocates nothing. Allocations larger than a chunk get one of their own.
 */
#ifndef PENSTOCK_BASE_ARENA_H
#define PENSTOCK_BASE_ARENA_H

#include <penstock/arena.h>

struct ps_arena *arena_new(size_t chunk_size);
/* All that was taken ends; chunks beyond `keep` bytes go back to malloc. */
void arena_reset(struct ps_arena *a, size_t keep);
void arena_free(struct ps_arena **ap);
/* Bytes held in chunks, used or not. */
size_t arena_size(const struct ps_arena *a);

#endif
