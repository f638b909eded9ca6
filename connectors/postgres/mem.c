#include "mem.h"

#include <stdlib.h>

#define CHUNK_BYTES 32768u

struct mem_chunk {
	struct mem_chunk *next;
	uint64_t data[]; /* aligned to 8 */
};

void *
mem_xrealloc(void *p, size_t size)
{
	void *grown = realloc(p, size == 0 ? 1 : size);

	if (grown == NULL)
		abort();
	return grown;
}

void *
mem_xcalloc(size_t count, size_t size)
{
	void *p = calloc(count, size);

	if (p == NULL)
		abort();
	return p;
}

static void *
mem_grow(struct ps_arena *a, size_t size)
{
	struct mem *m = (struct mem *)(void *)a;
	size_t used = (size + PS_ALIGN - 1) & ~(size_t)(PS_ALIGN - 1);
	size_t room = used > CHUNK_BYTES ? used : CHUNK_BYTES;
	struct mem_chunk *c = mem_xrealloc(NULL, sizeof *c + room);

	c->next = m->chunks;
	m->chunks = c;
	if (room == used)
		return c->data;
	a->cur = (char *)c->data + used;
	a->end = (char *)c->data + room;
	return c->data;
}

void
mem_init(struct mem *m)
{
	*m = (struct mem){ .arena.grow = mem_grow };
}

void
mem_fini(struct mem *m)
{
	struct mem_chunk *next;

	for (struct mem_chunk *c = m->chunks; c != NULL; c = next) {
		next = c->next;
		free(c);
	}
	m->chunks = NULL;
}

void
mem_reset(struct mem *m)
{
	mem_fini(m);
	mem_init(m);
}
