/*
 * out: text written straight into a batch's arena.
 *
 * It grows in the arena's free space; nothing is allocated until out_end,
 * which takes what was written. One writer at a time, and no other use of
 * the arena in between. Too little space: the text moves to a larger piece.
 */
#ifndef PENSTOCK_JSON_OUT_H
#define PENSTOCK_JSON_OUT_H

#include <penstock/record.h>

struct out {
	struct ps_arena *arena;
	char *start, *p, *end;
	bool owned; /* start is an allocation that ends at `end` */
};

static inline void
out_begin(struct out *o, struct ps_arena *a)
{
	*o = (struct out){ a, a->cur, a->cur, a->end, false };
}

/* Makes room for `size` more bytes where there is less. */
void out_grow(struct out *o, size_t size);

static inline void
out_need(struct out *o, size_t size)
{
	if (__builtin_expect(size > (size_t)(o->end - o->p), 0))
		out_grow(o, size);
}

static inline void
out_put(struct out *o, const char *s, size_t len)
{
	out_need(o, len);
	memcpy(o->p, s, len);
	o->p += len;
}

static inline void
out_char(struct out *o, char c)
{
	out_need(o, 1);
	*o->p++ = c;
}

/* What was written; the arena is free for others again. */
struct ps_slice out_end(struct out *o);

/* A JSON string with its quotes. */
void out_string(struct out *o, const char *s, size_t len);
/* The characters inside the quotes. */
void out_escaped(struct out *o, const char *s, size_t len);

#endif
