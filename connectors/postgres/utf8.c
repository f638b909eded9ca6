#include "utf8.h"

#include <stdint.h>
#include <string.h>

/* First byte range, and the least code point that needs that length. */
static const struct form {
	uint8_t low, high, bits;
	size_t tail;
	uint32_t least;
} forms[] = {
	{ 0xc2, 0xdf, 0x1f, 1, 0x80 },
	{ 0xe0, 0xef, 0x0f, 2, 0x800 },
	{ 0xf0, 0xf4, 0x07, 3, 0x10000 },
};

/* Bytes of the sequence at p, or 0. */
static size_t
sequence(const uint8_t *p, size_t left)
{
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		const struct form *f = &forms[i];
		uint32_t code = p[0] & f->bits;

		if (p[0] < f->low || p[0] > f->high)
			continue;
		if (left <= f->tail)
			return 0;
		for (size_t k = 1; k <= f->tail; k++) {
			if ((p[k] & 0xc0) != 0x80)
				return 0;
			code = code << 6 | (p[k] & 0x3f);
		}
		if (code < f->least || code > 0x10ffff ||
		    (code >= 0xd800 && code <= 0xdfff))
			return 0;
		return f->tail + 1;
	}
	return 0;
}

static bool
is_plain_ascii(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof w);
	return ((w | (w - UINT64_C(0x0101010101010101))) &
		   UINT64_C(0x8080808080808080)) == 0;
}

bool
utf8_is_valid(const char *s, size_t len)
{
	const uint8_t *p = (const uint8_t *)s;
	size_t i = 0, n;

	while (i < len) {
		if (len - i >= 8 && is_plain_ascii(p + i)) {
			i += 8;
		} else if (p[i] != 0 && p[i] < 0x80) {
			i++;
		} else {
			n = sequence(p + i, len - i);
			if (n == 0)
				return false;
			i += n;
		}
	}
	return true;
}
