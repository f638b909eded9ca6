/*
 * decimal: unscaled integers of any size, as digits and as bytes.
 *
 * The bytes are those of Connect's Decimal: big-endian two's complement. The
 * text is that of Java's BigDecimal.toString (1E+3, 0.10, 1E-7).
 */
#ifndef PENSTOCK_DECIMAL_H
#define PENSTOCK_DECIMAL_H

#include <penstock/number.h>

/* The largest numbers that are converted: about 1,200 digits. */
#define PS_DECIMAL_BYTES  512
#define PS_DECIMAL_DIGITS 1234
/* Room for the text of an unscaled value of `len` bytes: digits, sign, point
 * and exponent. */
#define PS_DECIMAL_ROOM(len) ((len)*5 / 2 + 48)

/* The digits of an unscaled value, no sign; returns how many. */
static inline size_t
ps_decimal_digits(char *to, const uint8_t *p, size_t len, int *negative)
{
	uint32_t limbs[PS_DECIMAL_BYTES / 4 + 1], chunk[PS_DECIMAL_BYTES / 3];
	size_t n = (len + 3) / 4, chunks = 0, used;
	uint64_t rest, carry;

	*negative = len > 0 && (p[0] & 0x80) != 0;
	memset(limbs, *negative ? 0xff : 0, n * sizeof *limbs);
	for (size_t i = 0; i < len; i++) {
		uint32_t *limb = &limbs[i / 4];
		unsigned shift = (unsigned)(i % 4 * 8);

		*limb &= ~(UINT32_C(0xff) << shift);
		*limb |= (uint32_t)p[len - 1 - i] << shift;
	}
	carry = 1;
	for (size_t i = 0; *negative && i < n; i++) {
		carry += (uint32_t)~limbs[i];
		limbs[i] = (uint32_t)carry;
		carry >>= 32;
	}
	while (n > 0) {
		rest = 0;
		for (size_t i = n; i-- > 0;) {
			rest = rest << 32 | limbs[i];
			limbs[i] = (uint32_t)(rest / 1000000000);
			rest %= 1000000000;
		}
		chunk[chunks++] = (uint32_t)rest;
		while (n > 0 && limbs[n - 1] == 0)
			n--;
	}
	if (chunks == 0)
		chunk[chunks++] = 0;
	used = ps_put_u64(to, chunk[--chunks]);
	while (chunks > 0) {
		uint32_t c = chunk[--chunks];

		for (int i = 8; i >= 0; i--, c /= 10)
			to[used + (size_t)i] = (char)('0' + c % 10);
		used += 9;
	}
	return used;
}

/* As BigDecimal.toString; room: PS_DECIMAL_ROOM(len) and, for small numbers
 * of up to six leading zeros, no more. len <= PS_DECIMAL_BYTES. */
static inline size_t
ps_decimal_put(char *to, const uint8_t *p, size_t len, int32_t scale)
{
	char digits[PS_DECIMAL_DIGITS + 16], *at = to;
	int negative;
	size_t n = ps_decimal_digits(digits, p, len, &negative), whole;
	int64_t adjusted = (int64_t)n - 1 - scale;

	if (negative)
		*at++ = '-';
	if (scale < 0 || adjusted < -6) {
		*at++ = digits[0];
		if (n > 1) {
			*at++ = '.';
			memcpy(at, digits + 1, n - 1);
			at += n - 1;
		}
		if (adjusted != 0) {
			*at++ = 'E';
			if (adjusted > 0)
				*at++ = '+';
			at += ps_put_i64(at, adjusted);
		}
		return (size_t)(at - to);
	}
	if ((int64_t)n <= scale) {
		size_t zeros = (size_t)scale - n;

		(void)ps_put_chars(at, "0.", 2);
		memset(at + 2, '0', zeros);
		memcpy(at + 2 + zeros, digits, n);
		return (size_t)(at - to) + 2 + zeros + n;
	}
	whole = n - (size_t)scale;
	memcpy(at, digits, whole);
	at += whole;
	if (scale > 0) {
		*at++ = '.';
		memcpy(at, digits + whole, (size_t)scale);
		at += scale;
	}
	return (size_t)(at - to);
}

/* The shortest two's complement of the digits; room: n / 2 + 2. */
static inline size_t
ps_decimal_bytes(uint8_t *to, const char *digits, size_t n, int negative)
{
	uint32_t limbs[PS_DECIMAL_BYTES / 4 + 2];
	size_t used = 0, len, skip = 0;
	uint64_t carry;
	uint8_t fill;

	for (size_t i = 0; i < n; i++) {
		carry = (uint64_t)(digits[i] - '0');
		for (size_t k = 0; k < used; k++) {
			carry += (uint64_t)limbs[k] * 10;
			limbs[k] = (uint32_t)carry;
			carry >>= 32;
		}
		if (carry > 0)
			limbs[used++] = (uint32_t)carry;
	}
	limbs[used++] = 0;
	carry = 1;
	for (size_t k = 0; negative && k < used; k++) {
		carry += (uint32_t)~limbs[k];
		limbs[k] = (uint32_t)carry;
		carry >>= 32;
	}
	fill = limbs[used - 1] >> 31 ? 0xff : 0;
	len = used * 4;
	while (skip + 1 < len) {
		size_t next = len - 2 - skip;
		uint8_t top =
		    (uint8_t)(limbs[(next + 1) / 4] >> (next + 1) % 4 * 8);
		uint8_t below = (uint8_t)(limbs[next / 4] >> next % 4 * 8);

		if (top != fill || ((below ^ fill) & 0x80) != 0)
			break;
		skip++;
	}
	for (size_t i = len - skip; i-- > 0;)
		*to++ = (uint8_t)(limbs[i / 4] >> i % 4 * 8);
	return len - skip;
}

#endif
