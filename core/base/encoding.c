#include "base/text.h"

#include <string.h>

#include <penstock/ascii.h>

static const char hex_digits[] = "0123456789ABCDEF";
static const char lower_digits[] = "0123456789abcdef";
static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";

static bool
is_unreserved(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-._~", c) != NULL);
}

char *
text_url_encode(struct ps_arena *a, const char *s)
{
	char *out = ps_alloc(a, 3 * strlen(s) + 1), *p = out;

	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (is_unreserved(c)) {
			*p++ = *s;
			continue;
		}
		*p++ = '%';
		*p++ = hex_digits[c >> 4];
		*p++ = hex_digits[c & 15];
	}
	*p = '\0';
	return out;
}

int
text_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

char *
text_url_decode(struct ps_arena *a, const char *s, size_t len)
{
	char *out = ps_alloc(a, len + 1), *p = out;

	for (size_t i = 0; i < len; i++) {
		int high, low;

		if (s[i] != '%') {
			*p++ = s[i];
			continue;
		}
		if (len - i < 3)
			return NULL;
		high = text_hex_digit(s[i + 1]);
		low = text_hex_digit(s[i + 2]);
		if (high < 0 || low < 0 || high + low == 0)
			return NULL;
		*p++ = (char)(high * 16 + low);
		i += 2;
	}
	*p = '\0';
	return out;
}

size_t
text_base64_to(char *out, const void *data, size_t len)
{
	const uint8_t *in = data;
	char *p = out;

	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		uint32_t bits = (uint32_t)in[i] << 16;

		if (left > 1)
			bits |= (uint32_t)in[i + 1] << 8;
		if (left > 2)
			bits |= in[i + 2];
		*p++ = base64_digits[bits >> 18];
		*p++ = base64_digits[bits >> 12 & 63];
		*p++ = base64_digits[left > 1 ? bits >> 6 & 63 : 64];
		*p++ = base64_digits[left > 2 ? bits & 63 : 64];
	}
	return (size_t)(p - out);
}

char *
text_base64(struct ps_arena *a, const void *data, size_t len)
{
	char *out = ps_alloc(a, text_base64_size(len) + 1);

	out[text_base64_to(out, data, len)] = '\0';
	return out;
}

/* 0 to 63, or 64. */
static uint32_t
base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (uint32_t)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (uint32_t)(c - 'a') + 26;
	if (c >= '0' && c <= '9')
		return (uint32_t)(c - '0') + 52;
	return c == '+' ? 62 : c == '/' ? 63 : 64;
}

int64_t
text_base64_decode(const char *s, size_t len, uint8_t *out)
{
	size_t pad = 0;
	uint8_t *p = out;

	if (len % 4 != 0)
		return -1;
	while (pad < 2 && pad < len && s[len - 1 - pad] == '=')
		pad++;
	for (size_t i = 0; i < len; i += 4) {
		size_t digits = i + 4 == len ? 4 - pad : 4;
		uint32_t bits = 0;

		for (size_t j = 0; j < 4; j++) {
			uint32_t d = j < digits ? base64_digit(s[i + j]) : 0;

			if (d == 64)
				return -1;
			bits = bits << 6 | d;
		}
		*p++ = (uint8_t)(bits >> 16);
		if (digits > 2)
			*p++ = (uint8_t)(bits >> 8);
		if (digits > 3)
			*p++ = (uint8_t)bits;
	}
	return p - out;
}

size_t
text_utf8_length(const char *s, size_t len)
{
	const unsigned char *u = (const unsigned char *)s;
	unsigned char low = 0x80, high = 0xbf;
	size_t n;

	if (len == 0)
		return 0;
	if (u[0] < 0x80)
		return 1;
	if (u[0] < 0xc2 || u[0] > 0xf4)
		return 0;
	n = u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
	if (len < n)
		return 0;
	if (u[0] == 0xe0)
		low = 0xa0; /* not the long form of a short one */
	else if (u[0] == 0xed)
		high = 0x9f; /* no surrogates */
	else if (u[0] == 0xf0)
		low = 0x90;
	else if (u[0] == 0xf4)
		high = 0x8f; /* at most U+10FFFF */
	if (u[1] < low || u[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((u[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

bool
text_is_utf8(const char *s, size_t len)
{
	size_t i = ps_ascii_prefix(s, len), n;

	for (; i < len; i += n) {
		n = text_utf8_length(s + i, len - i);
		if (n == 0)
			return false;
		i += ps_ascii_prefix(s + i + n, len - i - n);
	}
	return true;
}

size_t
text_utf8_put(char *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

void
text_hex(const void *data, size_t len, char *out)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < len; i++) {
		*out++ = lower_digits[bytes[i] >> 4];
		*out++ = lower_digits[bytes[i] & 15];
	}
	*out = '\0';
}

/* What stands for the byte, in `out` of 5; NULL: it may stand. */
static const char *
escape(unsigned char c, char *out)
{
	if (c == '\n')
		return "\\n";
	if (c == '\r')
		return "\\r";
	if (c == '\t')
		return "\\t";
	if (c >= ' ' && c < 0x7f)
		return NULL;
	out[0] = '\\';
	out[1] = 'x';
	out[2] = lower_digits[c >> 4];
	out[3] = lower_digits[c & 15];
	out[4] = '\0';
	return out;
}

static bool
is_c1_control(const char *s, size_t n)
{
	return n == 2 && (unsigned char)s[0] == 0xc2 &&
	       (unsigned char)s[1] < 0xa0;
}

size_t
text_escape(char *out, size_t room, const char *s, size_t len)
{
	char hex[5];
	size_t used = 0;

	for (size_t i = 0; i < len;) {
		size_t n = text_utf8_length(s + i, len - i), take = n;
		const char *put = NULL;

		if (n <= 1 || is_c1_control(s + i, n)) {
			put = escape((unsigned char)s[i], hex);
			take = 1;
			n = put == NULL ? 1 : strlen(put);
		}
		if (n >= room - used)
			break;
		memcpy(out + used, put == NULL ? s + i : put, n);
		used += n;
		i += take;
	}
	out[used] = '\0';
	return used;
}

char *
text_printable(struct ps_arena *a, const char *s, size_t len)
{
	size_t room = 4 * len + 1;
	char *out = ps_alloc(a, room);

	(void)text_escape(out, room, s, len);
	return out;
}

uint32_t
text_murmur2(const void *data, size_t len)
{
	const uint32_t m = 0x5bd1e995;
	const uint8_t *p = data;
	uint32_t h = 0x9747b28c ^ (uint32_t)len, k;

	for (; len >= 4; p += 4, len -= 4) {
		k = (uint32_t)p[0] | (uint32_t)p[1] << 8 |
		    (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
		k *= m;
		k ^= k >> 24;
		k *= m;
		h = h * m ^ k;
	}
	if (len > 2)
		h ^= (uint32_t)p[2] << 16;
	if (len > 1)
		h ^= (uint32_t)p[1] << 8;
	if (len > 0)
		h = (h ^ p[0]) * m;
	h = (h ^ h >> 13) * m;
	return h ^ h >> 15;
}
