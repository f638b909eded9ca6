#include "bytes.h"

#define LEAST_PIECE 1024

void
bytes_grow(struct bytes *o, size_t size)
{
	size_t used = (size_t)(o->p - o->start);
	size_t room = 2 * (used + size);
	uint8_t *piece;

	if (room < LEAST_PIECE)
		room = LEAST_PIECE;
	piece = (uint8_t *)ps_alloc(o->arena, room);
	if (used > 0)
		memcpy(piece, o->start, used);
	o->start = piece;
	o->p = piece + used;
	o->end = piece + room;
	o->owned = true;
}

struct ps_slice
bytes_end(struct bytes *o)
{
	size_t used = (size_t)(o->p - o->start);
	uintptr_t cur = (uintptr_t)o->arena->cur, end = (uintptr_t)o->end;

	if (!o->owned)
		(void)ps_alloc(o->arena, used);
	else if (cur == end + (-end % PS_ALIGN)) /* the rest is given back */
		o->arena->cur = (char *)o->p + (-(uintptr_t)o->p % PS_ALIGN);
	return (struct ps_slice){ o->start, used };
}
