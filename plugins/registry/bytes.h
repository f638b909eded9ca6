/*
 * bytes: bytes that grow at the end of a batch's arena, and how Avro
 * writes numbers.
 *
 * Nothing is allocated until bytes_end, which takes what was written; no
 * other use of the arena in between. Too little room: all moves to a larger
 * piece.
 */
#ifndef PENSTOCK_REGISTRY_BYTES_H
#define PENSTOCK_REGISTRY_BYTES_H

#include <penstock/record.h>

#define VARINT_MAX 10

struct bytes {
	struct ps_arena *arena;
	uint8_t *start, *p, *end;
	bool owned; /* start is an allocation that ends at `end` */
};

static inline void
bytes_begin(struct bytes *o, struct ps_arena *a)
{
	*o = (struct bytes){ a, (uint8_t *)a->cur, (uint8_t *)a->cur,
		(uint8_t *)a->end, false };
}

void bytes_grow(struct bytes *o, size_t size);
struct ps_slice bytes_end(struct bytes *o);

static inline void
bytes_need(struct bytes *o, size_t size)
{
	if (__builtin_expect(size > (size_t)(o->end - o->p), 0))
		bytes_grow(o, size);
}

static inline void
bytes_put(struct bytes *o, const void *s, size_t len)
{
	bytes_need(o, len);
	memcpy(o->p, s, len);
	o->p += len;
}

static inline uint8_t *
put_varint(uint8_t *p, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		*p++ = (uint8_t)(v | 0x80);
	*p++ = (uint8_t)v;
	return p;
}

static inline uint8_t *
put_zigzag(uint8_t *p, int64_t v)
{
	return put_varint(p, ((uint64_t)v << 1) ^ (0 - ((uint64_t)v >> 63)));
}

static inline void
bytes_long(struct bytes *o, int64_t v)
{
	bytes_need(o, VARINT_MAX);
	o->p = put_zigzag(o->p, v);
}

#endif
