/*
 * pieces: memory of one cached plan or schema text, freed together.
 */
#ifndef PENSTOCK_JSON_PIECES_H
#define PENSTOCK_JSON_PIECES_H

#include <assert.h>
#include <stdlib.h>

#include "out.h"

struct piece {
	struct piece *next;
	max_align_t data[];
};

/* Zeroed; out of memory ends the process. */
static inline void *
piece_alloc(struct piece **pieces, size_t size)
{
	struct piece *p = (struct piece *)calloc(1, sizeof *p + size);

	assert(p != NULL);
	p->next = *pieces;
	*pieces = p;
	return p->data;
}

static inline char *
piece_copy(struct piece **pieces, const void *s, size_t len)
{
	char *copy = (char *)piece_alloc(pieces, len + 1);

	memcpy(copy, s, len);
	return copy;
}

static inline void
pieces_free(struct piece **pieces)
{
	struct piece *next;

	for (struct piece *p = *pieces; p != NULL; p = next) {
		next = p->next;
		free(p);
	}
	*pieces = NULL;
}

#endif
