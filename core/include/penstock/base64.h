/*
 * base64: the standard alphabet with padding, as Java's and Jackson's.
 */
#ifndef PENSTOCK_BASE64_H
#define PENSTOCK_BASE64_H

#include <stddef.h>
#include <stdint.h>

#define PS_BASE64_LEN(n) (((n) + 2) / 3 * 4)

/* Writes PS_BASE64_LEN(len) characters, no NUL. */
static inline size_t
ps_base64_put(char *to, const uint8_t *p, size_t len)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *start = to;
	uint32_t v;

	for (; len > 0; p += 3) {
		v = (uint32_t)p[0] << 16;
		if (len > 1)
			v |= (uint32_t)p[1] << 8;
		if (len > 2)
			v |= p[2];
		to[0] = letters[v >> 18];
		to[1] = letters[v >> 12 & 63];
		to[2] = '=';
		to[3] = '=';
		if (len > 1)
			to[2] = letters[v >> 6 & 63];
		if (len > 2)
			to[3] = letters[v & 63];
		to += 4;
		len -= len < 3 ? len : 3;
	}
	return (size_t)(to - start);
}

static inline int
ps_base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Room at `to`: len / 4 * 3. How many bytes, or -1 when it is not base64. */
static inline ptrdiff_t
ps_base64_get(uint8_t *to, const char *s, size_t len)
{
	uint8_t *start = to;
	size_t pad = 0;
	uint32_t v;
	int digit;

	if (len % 4 != 0)
		return -1;
	for (size_t i = 0; i < len; i += 4) {
		v = 0;
		for (size_t k = i; k < i + 4; k++) {
			pad += s[k] == '=' && k + 2 >= len;
			digit = pad > 0 && s[k] == '=' && k + 2 >= len
				    ? 0
				    : ps_base64_value(s[k]);
			if (digit < 0 || (pad > 0 && s[k] != '='))
				return -1;
			v = v << 6 | (uint32_t)digit;
		}
		*to++ = (uint8_t)(v >> 16);
		*to++ = (uint8_t)(v >> 8);
		*to++ = (uint8_t)v;
	}
	return to - start - (ptrdiff_t)pad;
}

#endif
