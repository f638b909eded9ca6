/*
 * pool: an arena of the plugin's own, for what outlives a batch.
 *
 * Plans, parsed schemas and answers of the registry live in one pool each and
 * end with it.
 */
#ifndef PENSTOCK_REGISTRY_POOL_H
#define PENSTOCK_REGISTRY_POOL_H

#include <penstock/arena.h>

struct pool_chunk;

struct pool {
	struct ps_arena arena; /* first: grow() finds its pool by it */
	struct pool_chunk *chunks;
};

void pool_init(struct pool *p);
void pool_fini(struct pool *p);

/* Zeroed; out of memory ends the process. */
void *xzalloc(size_t size);

#endif
