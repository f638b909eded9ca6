/*
 * ascii: how far a text is plain ASCII, by words. Most texts are to their
 * end, so this comes before any look at single characters.
 */
#ifndef PENSTOCK_ASCII_H
#define PENSTOCK_ASCII_H

#include <stdint.h>
#include <string.h>

#define PS_ASCII_HIGH UINT64_C(0x8080808080808080)

/* How many of the first bytes are below 0x80. */
static inline size_t
ps_ascii_prefix(const void *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;
	uint64_t w[4];
	size_t i = 0;

	for (; len - i >= sizeof w; i += sizeof w) {
		memcpy(w, p + i, sizeof w);
		if (((w[0] | w[1] | w[2] | w[3]) & PS_ASCII_HIGH) != 0)
			break;
	}
	for (; len - i >= sizeof *w; i += sizeof *w) {
		memcpy(w, p + i, sizeof *w);
		if ((w[0] & PS_ASCII_HIGH) != 0)
			break;
	}
	while (i < len && p[i] < 0x80)
		i++;
	return i;
}

#endif
