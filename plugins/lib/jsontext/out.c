#include "out.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define LEAST_PIECE  1024
#define WORST_ESCAPE 12 /* two surrogates */

void
out_grow(struct out *o, size_t size)
{
	size_t used = (size_t)(o->p - o->start);
	size_t room = 2 * (used + size);
	char *piece;

	if (room < LEAST_PIECE)
		room = LEAST_PIECE;
	piece = (char *)ps_alloc(o->arena, room);
	if (used > 0)
		memcpy(piece, o->start, used);
	o->start = piece;
	o->p = piece + used;
	o->end = piece + room;
	o->owned = true;
}

struct ps_slice
out_end(struct out *o)
{
	size_t used = (size_t)(o->p - o->start);

	if (!o->owned)
		(void)ps_alloc(o->arena, used);
	else if (o->arena->cur == o->end + (-(uintptr_t)o->end % PS_ALIGN))
		o->arena->cur = o->p + (-(uintptr_t)o->p % PS_ALIGN);
	return (struct ps_slice){ (const uint8_t *)o->start, used };
}

/* What must be escaped: 0 no, 'u' as \u00XX, 'U' as two surrogates (Jackson
 * does, and keys must hash the same), else the letter. */
static const char escapes[256] = {
	['"'] = '"',
	['\\'] = '\\',
	[0x00] = 'u',
	[0x01] = 'u',
	[0x02] = 'u',
	[0x03] = 'u',
	[0x04] = 'u',
	[0x05] = 'u',
	[0x06] = 'u',
	[0x07] = 'u',
	['\b'] = 'b',
	['\t'] = 't',
	['\n'] = 'n',
	[0x0b] = 'u',
	['\f'] = 'f',
	['\r'] = 'r',
	[0x0e] = 'u',
	[0x0f] = 'u',
	[0x10] = 'u',
	[0x11] = 'u',
	[0x12] = 'u',
	[0x13] = 'u',
	[0x14] = 'u',
	[0x15] = 'u',
	[0x16] = 'u',
	[0x17] = 'u',
	[0x18] = 'u',
	[0x19] = 'u',
	[0x1a] = 'u',
	[0x1b] = 'u',
	[0x1c] = 'u',
	[0x1d] = 'u',
	[0x1e] = 'u',
	[0x1f] = 'u',
	[0xf0] = 'U',
	[0xf1] = 'U',
	[0xf2] = 'U',
	[0xf3] = 'U',
	[0xf4] = 'U',
};

static char *
put_unit(char *p, unsigned v)
{
	static const char hex[] = "0123456789ABCDEF";

	*p++ = '\\';
	*p++ = 'u';
	for (int shift = 12; shift >= 0; shift -= 4)
		*p++ = hex[v >> shift & 15];
	return p;
}

/* Writes the escape of what `*s` starts with and steps over it. */
static char *
put_escape(char *p, const char **s, const char *end)
{
	unsigned char c = (unsigned char)**s;
	unsigned v = 0;

	if (escapes[c] == 'U' && end - *s >= 4) {
		for (int i = 1; i < 4; i++)
			v = v << 6 | ((unsigned char)(*s)[i] & 63);
		v = ((c & 7U) << 18 | v) - 0x10000;
		*s += 4;
		p = put_unit(p, 0xd800 + (v >> 10 & 0x3ff));
		return put_unit(p, 0xdc00 + (v & 0x3ff));
	}
	(*s)++;
	if (escapes[c] == 'u')
		return put_unit(p, c);
	if (escapes[c] == 'U') { /* cut short: no UTF-8, left as it is */
		*p++ = (*s)[-1];
		return p;
	}
	*p++ = '\\';
	*p++ = escapes[c];
	return p;
}

/* Copies the clean start of `s` to `to`, a little beyond it; its length. */
static inline size_t
copy_clean(char *to, const char *s, size_t len)
{
	size_t i = 0;

#if defined(__SSE2__)
	const __m128i quote = _mm_set1_epi8('"');
	const __m128i slash = _mm_set1_epi8('\\');
	const __m128i space = _mm_set1_epi8(0x1f);
	const __m128i four = _mm_set1_epi8((char)0xf0);

	for (; i + 16 <= len; i += 16) {
		__m128i v =
		    _mm_loadu_si128((const __m128i *)(const void *)(s + i));
		__m128i bad =
		    _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, quote),
				     _mm_cmpeq_epi8(v, slash)),
			_mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(v, space), v),
			    _mm_cmpeq_epi8(_mm_max_epu8(v, four), v)));
		int mask = _mm_movemask_epi8(bad);

		_mm_storeu_si128((__m128i *)(void *)(to + i), v);
		if (mask != 0)
			return i + (size_t)__builtin_ctz((unsigned)mask);
	}
#endif
	for (; i < len && escapes[(unsigned char)s[i]] == 0; i++)
		to[i] = s[i];
	return i;
}

void
out_escaped(struct out *o, const char *s, size_t len)
{
	const char *from;
	size_t clean;
	char *p;

	out_need(o, len);
	for (;;) {
		clean = copy_clean(o->p, s, len);
		o->p += clean;
		s += clean;
		len -= clean;
		if (len == 0)
			return;
		out_need(o, WORST_ESCAPE + len);
		p = o->p;
		while (len > 0 && escapes[(unsigned char)*s] != 0 &&
		       (size_t)(o->end - p) >= WORST_ESCAPE + len) {
			from = s;
			p = put_escape(p, &s, s + len);
			len -= (size_t)(s - from);
		}
		o->p = p;
		out_need(o, len);
	}
}

void
out_string(struct out *o, const char *s, size_t len)
{
	out_need(o, len + 2);
	*o->p++ = '"';
	out_escaped(o, s, len);
	out_char(o, '"');
}
