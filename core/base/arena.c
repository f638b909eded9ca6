#include "base/arena.h"

#include <stdlib.h>

#include "base/xalloc.h"

#if defined(__SANITIZE_ADDRESS__)
#define EXACT 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EXACT 1
#endif
#endif
#ifndef EXACT
#define EXACT 0
#endif

struct chunk {
	struct chunk *next;
	size_t size; /* of data, a multiple of PS_ALIGN */
	char data[];
};

/*
 * The chunk that `pub` cuts from is somewhere in `used`; `spare` waits for
 * the next round. Under AddressSanitizer each allocation is a chunk of its
 * own (`pub` never has room), so that it sees every byte too far and every
 * use after the end.
 */
struct arena {
	struct ps_arena pub;
	struct chunk *used, *spare;
	size_t chunk_size, held;
};

static struct arena *
arena_of(struct ps_arena *a)
{
	return (struct arena *)(void *)a;
}

/* The smallest spare chunk that has room. */
static struct chunk *
take_spare(struct arena *a, size_t size)
{
	struct chunk **best = NULL, *c;

	for (struct chunk **p = &a->spare; *p != NULL; p = &(*p)->next) {
		if ((*p)->size < size)
			continue;
		if (best == NULL || (*p)->size < (*best)->size)
			best = p;
		if ((*best)->size == size)
			break;
	}
	if (best == NULL)
		return NULL;
	c = *best;
	*best = c->next;
	return c;
}

static struct chunk *
add_chunk(struct arena *a, size_t size)
{
	struct chunk *c = take_spare(a, size);

	if (c == NULL) {
		c = xmalloc(sizeof *c + size);
		c->size = size;
		a->held += size;
	}
	c->next = a->used;
	a->used = c;
	return c;
}

static void *
grow(struct ps_arena *pub, size_t size)
{
	struct arena *a = arena_of(pub);
	struct chunk *c;

	if (size > SIZE_MAX / 2)
		return xmalloc(size); /* says so and ends the process */
	if (EXACT)
		return add_chunk(a, size)->data;
	size = (size + PS_ALIGN - 1) & ~(size_t)(PS_ALIGN - 1);
	/* A large one leaves the room in the current chunk as it is. */
	if (size > a->chunk_size / 2)
		return add_chunk(a, size)->data;
	c = add_chunk(a, a->chunk_size);
	a->pub.cur = c->data + size;
	a->pub.end = c->data + c->size;
	return c->data;
}

static void
no_room(struct arena *a)
{
	a->pub.cur = a->pub.end = (char *)&a[1];
}

struct ps_arena *
arena_new(size_t chunk_size)
{
	struct arena *a = xcalloc(1, sizeof *a);

	if (chunk_size < 256)
		chunk_size = 256;
	a->chunk_size = (chunk_size + PS_ALIGN - 1) & ~(size_t)(PS_ALIGN - 1);
	a->pub.grow = grow;
	no_room(a);
	return &a->pub;
}

static void
free_chunks(struct arena *a, struct chunk **list)
{
	struct chunk *c;

	while ((c = *list) != NULL) {
		*list = c->next;
		a->held -= c->size;
		free(c);
	}
}

void
arena_reset(struct ps_arena *a, size_t keep)
{
	struct arena *own = arena_of(a);
	struct chunk *c, *gone = NULL;
	size_t kept = 0;

	for (c = own->spare; c != NULL; c = c->next)
		kept += c->size;
	while ((c = own->used) != NULL) {
		struct chunk **to = &own->spare;

		own->used = c->next;
		/* One standard chunk always stays. */
		if (EXACT ||
		    (kept + c->size > keep &&
			(own->spare != NULL || c->size > own->chunk_size)))
			to = &gone;
		else
			kept += c->size;
		c->next = *to;
		*to = c;
	}
	free_chunks(own, &gone);
	no_room(own);
}

void
arena_free(struct ps_arena **ap)
{
	struct arena *a;

	if (*ap == NULL)
		return;
	a = arena_of(*ap);
	free_chunks(a, &a->used);
	free_chunks(a, &a->spare);
	free(a);
	*ap = NULL;
}

size_t
arena_size(const struct ps_arena *a)
{
	return ((const struct arena *)(const void *)a)->held;
}
