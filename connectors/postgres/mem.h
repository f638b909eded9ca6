/*
 * mem: an arena of the plugin's own, for what outlives a batch.
 */
#ifndef PENSTOCK_POSTGRES_MEM_H
#define PENSTOCK_POSTGRES_MEM_H

#include <penstock/arena.h>

struct mem {
	struct ps_arena arena; /* first: grow() finds the rest */
	struct mem_chunk *chunks;
};

void mem_init(struct mem *m);
/* Forgets all that was taken. */
void mem_reset(struct mem *m);
void mem_fini(struct mem *m);

/* Never fail: without memory the process ends. */
void *mem_xcalloc(size_t count, size_t size);
void *mem_xrealloc(void *p, size_t size);

#endif
