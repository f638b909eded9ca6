#include "utf8.h"

#include <penstock/ascii.h>

/* How many bytes the character at `s` has, 0: it is none. */
static size_t
length_of(const uint8_t *s, size_t room)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c = s[0];
	size_t n = c < 0x80             ? 1
		   : (c & 0xe0) == 0xc0 ? 2
		   : (c & 0xf0) == 0xe0 ? 3
		   : (c & 0xf8) == 0xf0 ? 4
					: 0;

	if (n <= 1 || n > room)
		return n > room ? 0 : n;
	c &= 0x7fU >> n;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	return n;
}

static size_t
valid_prefix(const uint8_t *s, size_t len)
{
	size_t at = ps_ascii_prefix(s, len), n;

	while (at < len) {
		n = length_of(s + at, len - at);
		if (n == 0)
			return at;
		at += n;
	}
	return at;
}

struct ps_value
utf8_value(struct ps_arena *a, const uint8_t *s, size_t len)
{
	static const uint8_t replacement[] = { 0xef, 0xbf, 0xbd };
	size_t at = valid_prefix(s, len), used = 0, n;
	char *copy;

	if (at == len)
		return ps_string((const char *)s, len);
	copy = (char *)ps_alloc(a, 3 * len);
	while (len > 0) {
		n = valid_prefix(s, len);
		memcpy(copy + used, s, n);
		used += n;
		s += n;
		len -= n;
		if (len == 0)
			break;
		memcpy(copy + used, replacement, sizeof replacement);
		used += sizeof replacement;
		s++;
		len--;
	}
	return ps_string(copy, used);
}
