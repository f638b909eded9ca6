/*
 * base64: as the Basic scheme wants it.
 */
#ifndef PENSTOCK_CONNECTORS_HTTP_BASE64_H
#define PENSTOCK_CONNECTORS_HTTP_BASE64_H

#include <stddef.h>
#include <stdint.h>

/* `out` takes (len + 2) / 3 * 4 + 1 bytes. */
static inline void
base64(char *out, const char *data, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";

	const char pad = '=';

	for (size_t i = 0; i < len; i += 3) {
		uint32_t v = (uint32_t)(unsigned char)data[i] << 16;

		if (i + 1 < len)
			v |= (uint32_t)(unsigned char)data[i + 1] << 8;
		if (i + 2 < len)
			v |= (uint32_t)(unsigned char)data[i + 2];
		*out++ = digits[v >> 18];
		*out++ = digits[v >> 12 & 63];
		*out = pad;
		if (i + 1 < len)
			*out = digits[v >> 6 & 63];
		out++;
		*out = pad;
		if (i + 2 < len)
			*out = digits[v & 63];
		out++;
	}
	*out = '\0';
}

#endif
