#include "pool.h"

#include <assert.h>
#include <stdlib.h>

#define LEAST_CHUNK ((size_t)4096)

struct pool_chunk {
	struct pool_chunk *next;
	max_align_t data[];
};

void *
xzalloc(size_t size)
{
	void *p = calloc(1, size);

	assert(p != NULL);
	return p;
}

static void *
grow(struct ps_arena *a, size_t size)
{
	struct pool *p = (struct pool *)(void *)a;
	size_t aligned = (size + PS_ALIGN - 1) & ~(size_t)(PS_ALIGN - 1);
	size_t room = aligned > LEAST_CHUNK / 4 ? aligned : LEAST_CHUNK;
	struct pool_chunk *chunk =
	    (struct pool_chunk *)xzalloc(sizeof *chunk + room);
	char *data = (char *)chunk->data;

	chunk->next = p->chunks;
	p->chunks = chunk;
	if (room > aligned) {
		a->cur = data + aligned;
		a->end = data + room;
	}
	return data;
}

void
pool_init(struct pool *p)
{
	*p = (struct pool){ .arena = { .grow = grow } };
	/* An arena has a place to stand even before it has memory. */
	p->arena.cur = p->arena.end = (char *)p;
}

void
pool_fini(struct pool *p)
{
	struct pool_chunk *next;

	for (struct pool_chunk *c = p->chunks; c != NULL; c = next) {
		next = c->next;
		free(c);
	}
	p->chunks = NULL;
}
