/*
 * number: integers and floating point numbers as the text Java prints.
 *
 * The shortest digits that read back as the same number, in the notation of
 * Double.toString since JDK 19 (1.0, 1.0E10, 1.0E-5, NaN, Infinity), after
 * Raffaello Giulietti's "The Schubfach way to render doubles".
 */
#ifndef PENSTOCK_NUMBER_H
#define PENSTOCK_NUMBER_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Room that any of the writers below may need. */
#define PS_NUMBER_ROOM 32

static const char ps_digit_pairs[] =
    "0001020304050607080910111213141516171819202122232425262728293031323334"
    "3536373839404142434445464748495051525354555657585960616263646566676869"
    "707172737475767778798081828384858687888990919293949596979899";

static inline unsigned
ps_count_digits(uint64_t v)
{
	static const uint64_t powers[] = { 0, UINT64_C(10), UINT64_C(100),
		UINT64_C(1000), UINT64_C(10000), UINT64_C(100000),
		UINT64_C(1000000), UINT64_C(10000000), UINT64_C(100000000),
		UINT64_C(1000000000), UINT64_C(10000000000),
		UINT64_C(100000000000), UINT64_C(1000000000000),
		UINT64_C(10000000000000), UINT64_C(100000000000000),
		UINT64_C(1000000000000000), UINT64_C(10000000000000000),
		UINT64_C(100000000000000000), UINT64_C(1000000000000000000),
		UINT64_C(10000000000000000000) };
	unsigned bits = 64 - (unsigned)__builtin_clzll(v | 1);
	unsigned guess = bits * 1233 >> 12; /* log10(2) */

	return guess + 1 - (v < powers[guess]);
}

/* The digits of `v`; returns how many. */
static inline size_t
ps_put_u64(char *to, uint64_t v)
{
	size_t len = ps_count_digits(v);
	char *p = to + len;

	while (v >= 100) {
		p -= 2;
		memcpy(p, ps_digit_pairs + 2 * (v % 100), 2);
		v /= 100;
	}
	if (v >= 10)
		memcpy(p - 2, ps_digit_pairs + 2 * v, 2);
	else
		p[-1] = (char)('0' + v);
	return len;
}

static inline size_t
ps_put_i64(char *to, int64_t v)
{
	if (v >= 0)
		return ps_put_u64(to, (uint64_t)v);
	*to = '-';
	return 1 + ps_put_u64(to + 1, 0 - (uint64_t)v);
}

/* Leading 192 bits of 10^(27 * (row - 11)). */
static const uint64_t ps_powers[][3] = {
	{ UINT64_C(0xa76c582338ed2621), UINT64_C(0xaf2af2b80af6f24e),
	    UINT64_C(0x657c8f4d43323a36) },
	{ UINT64_C(0x873e4f75e2224e68), UINT64_C(0x5a7744a6e804a291),
	    UINT64_C(0xcc35eddfcf0996d7) },
	{ UINT64_C(0xda7f5bf590966848), UINT64_C(0xaf39a475506a899e),
	    UINT64_C(0xa30294cc2934e662) },
	{ UINT64_C(0xb080392cc4349dec), UINT64_C(0xbd8d794d96aacfb3),
	    UINT64_C(0xfe13a5c86af64418) },
	{ UINT64_C(0x8e938662882af53e), UINT64_C(0x547eb47b7282ee9c),
	    UINT64_C(0x41b0230e1421487d) },
	{ UINT64_C(0xe65829b3046b0afa), UINT64_C(0x0cb4a5a3112a5112),
	    UINT64_C(0xa3b561b1cb208396) },
	{ UINT64_C(0xba121a4650e4ddeb), UINT64_C(0x92f34d62616ce413),
	    UINT64_C(0x21a0183e10583cd3) },
	{ UINT64_C(0x964e858c91ba2655), UINT64_C(0x3a6a07f8d510f86f),
	    UINT64_C(0xe9082f25e9c5e9ec) },
	{ UINT64_C(0xf2d56790ab41c2a2), UINT64_C(0xfae27299423fb9c3),
	    UINT64_C(0x3695dad7e8858901) },
	{ UINT64_C(0xc428d05aa4751e4c), UINT64_C(0xaa97e14c3c26b886),
	    UINT64_C(0x96842dc95323f5a8) },
	{ UINT64_C(0x9e74d1b791e07e48), UINT64_C(0x775ea264cf55347d),
	    UINT64_C(0xca49f1c05120c9c7) },
	{ UINT64_C(0x8000000000000000), UINT64_C(0x0000000000000000),
	    UINT64_C(0x0000000000000000) },
	{ UINT64_C(0xcecb8f27f4200f3a), UINT64_C(0x0000000000000000),
	    UINT64_C(0x0000000000000000) },
	{ UINT64_C(0xa70c3c40a64e6c51), UINT64_C(0x999090b65f67d924),
	    UINT64_C(0x0000000000000000) },
	{ UINT64_C(0x86f0ac99b4e8dafd), UINT64_C(0x69a028bb3ded71a3),
	    UINT64_C(0xdf9f915627c04e28) },
	{ UINT64_C(0xda01ee641a708de9), UINT64_C(0xe80e6f4820cc9495),
	    UINT64_C(0xd74baad03bc1d8d3) },
	{ UINT64_C(0xb01ae745b101e9e4), UINT64_C(0x5ec05dcff72e7f8f),
	    UINT64_C(0xc04c79ffe324301f) },
	{ UINT64_C(0x8e41ade9fbebc27d), UINT64_C(0x14588f13be847307),
	    UINT64_C(0x23bd6a2059c002f5) },
	{ UINT64_C(0xe5d3ef282a242e81), UINT64_C(0x8f1668c8a86da5fa),
	    UINT64_C(0xf0b5ccf5176ecc7c) },
	{ UINT64_C(0xb9a74a0637ce2ee1), UINT64_C(0x6d953e2bd7173692),
	    UINT64_C(0x88efb0037ac08bde) },
	{ UINT64_C(0x95f83d0a1fb69cd9), UINT64_C(0x4abdaf101564f98e),
	    UINT64_C(0x0d5a4af7b3a98e47) },
	{ UINT64_C(0xf24a01a73cf2dccf), UINT64_C(0xbc633b39673c8cec),
	    UINT64_C(0x3d9c44cd2f36917c) },
	{ UINT64_C(0xc3b8358109e84f07), UINT64_C(0x0a862f80ec4700c8),
	    UINT64_C(0x02606ea01029dc37) },
	{ UINT64_C(0x9e19db92b4e31ba9), UINT64_C(0x6c07a2c26a8346d1),
	    UINT64_C(0x4944d9f52cd0dec2) },
};

/* The upper half of the product; the lower one goes to `low`. */
static inline uint64_t
ps_mul_wide(uint64_t a, uint64_t b, uint64_t *low)
{
	__extension__ unsigned __int128 p = a;

	p *= b;
	*low = (uint64_t)p;
	return (uint64_t)(p >> 64);
}

static inline uint64_t
ps_mul_high(uint64_t a, uint64_t b)
{
	uint64_t low;

	return ps_mul_wide(a, b, &low);
}

/* floor(10^n * 2^-r) + 1 of 126 bits, in two halves of 63. */
static inline void
ps_power_of_ten(int n, uint64_t *high, uint64_t *low)
{
	const uint64_t *base = ps_powers[(n + 297) / 27];
	uint64_t m = 1, p[4], carry;
	int shift;

	for (int i = (n + 297) % 27; i > 0; i--)
		m *= 5;
	carry = ps_mul_wide(base[2], m, &p[0]);
	p[2] = ps_mul_wide(base[1], m, &p[1]);
	p[1] += carry;
	p[2] += p[1] < carry;
	carry = p[2];
	p[3] = ps_mul_wide(base[0], m, &p[2]);
	p[2] += carry;
	p[3] += p[2] < carry;
	if (p[3] == 0)
		memmove(p + 1, p, 3 * sizeof *p);
	shift = __builtin_clzll(p[3]);
	if (shift > 0) {
		p[3] = p[3] << shift | p[2] >> (64 - shift);
		p[2] = p[2] << shift | p[1] >> (64 - shift);
	}
	p[2] = p[3] << 62 | p[2] >> 2;
	p[3] >>= 2;
	p[2]++;
	p[3] += p[2] == 0;
	*high = p[3] << 1 | p[2] >> 63;
	*low = p[2] & (UINT64_MAX >> 1);
}

/* g * cp * 2^-127, rounded to odd. */
static inline uint64_t
ps_round_to_odd(uint64_t high, uint64_t low, uint64_t cp)
{
	uint64_t x1 = ps_mul_high(low, cp);
	uint64_t y0 = high * cp;
	uint64_t y1 = ps_mul_high(high, cp);
	uint64_t z = (y0 >> 1) + x1;
	uint64_t w = y1 + (z >> 63);
	uint64_t mask = UINT64_MAX >> 1;

	return w | (((z & mask) + mask) >> 63);
}

struct ps_decimal_float {
	uint64_t digits; /* value = digits * 10^exponent */
	int exponent;
};

/* The decimal for c * 2^q; `edge`: c is the least of its binade. */
static inline struct ps_decimal_float
ps_shortest(int q, uint64_t c, int edge)
{
	uint64_t out = c & 1, cb = c << 2, g1, g0, vb, low, high, s, s10, t10;
	int64_t log = (int64_t)q * INT64_C(661971961083);
	int k = (int)((edge ? log - INT64_C(274743187321) : log) >> 41);
	int h = q + (int)((-(int64_t)k * INT64_C(913124641741)) >> 38) + 2;
	int under, over;
	int64_t order;

	ps_power_of_ten(-k, &g1, &g0);
	vb = ps_round_to_odd(g1, g0, cb << h);
	low = ps_round_to_odd(g1, g0, (cb - (edge ? 1 : 2)) << h) + out;
	high = ps_round_to_odd(g1, g0, (cb + 2) << h);
	s = vb >> 2;
	if (s >= 100) {
		s10 = s / 10 * 10;
		t10 = s10 + 10;
		under = low <= s10 << 2;
		over = (t10 << 2) + out <= high;
		if (under != over)
			return (
			    struct ps_decimal_float){ under ? s10 : t10, k };
	}
	under = low <= s << 2;
	over = ((s + 1) << 2) + out <= high;
	order = (int64_t)(vb - ((2 * s + 1) << 1));
	if (under == over)
		under = order < 0 || (order == 0 && (s & 1) == 0);
	return (struct ps_decimal_float){ under ? s : s + 1, k };
}

static inline char *
ps_put_chars(char *to, const char *s, size_t n)
{
	memcpy(to, s, n);
	return to + n;
}

/* digits * 10^exponent in Java's notation. */
static inline size_t
ps_put_decimal_float(char *to, struct ps_decimal_float d)
{
	char text[24], *p = to;
	size_t n;
	int point;

	while (d.digits % 10 == 0) {
		d.digits /= 10;
		d.exponent++;
	}
	n = ps_put_u64(text, d.digits);
	point = d.exponent + (int)n;
	if (point > 7 || point < -2) {
		/* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign) */
		*p++ = text[0]; /* a number has a digit */
		*p++ = '.';
		p = ps_put_chars(p, n > 1 ? text + 1 : "0", n > 1 ? n - 1 : 1);
		*p++ = 'E';
		return (size_t)(p - to) + ps_put_i64(p, point - 1);
	}
	if (point <= 0) {
		p = ps_put_chars(p, "0.00", (size_t)(2 - point));
		return (size_t)(ps_put_chars(p, text, n) - to);
	}
	if (n <= (size_t)point) {
		p = ps_put_chars(p, text, n);
		p = ps_put_chars(p, "0000000", (size_t)point - n);
		return (size_t)(ps_put_chars(p, ".0", 2) - to);
	}
	p = ps_put_chars(p, text, (size_t)point);
	*p++ = '.';
	p = ps_put_chars(p, text + point, n - (size_t)point);
	return (size_t)(p - to);
}

static inline size_t
ps_put_special(char *to, double v)
{
	const char *text = isnan(v) ? "NaN" : v > 0 ? "Infinity" : "-Infinity";

	return (size_t)(ps_put_chars(to, text, strlen(text)) - to);
}

/* |v| = c * 2^q with `bits` bits of mantissa and the least exponent q_min. */
static inline size_t
ps_put_binary(char *to, uint64_t c, int q, int bits, int q_min)
{
	struct ps_decimal_float d;
	int tiny = bits == 53 ? 3 : 8;

	if (c == 0) {
		(void)ps_put_chars(to, "0.0", 3);
		return 3;
	}
	if (q < 0 && -q < bits && (c >> -q) << -q == c) {
		d = (struct ps_decimal_float){ c >> -q, 0 };
	} else if (q == q_min && c < (uint64_t)tiny) {
		d = ps_shortest(q, 10 * c, 0);
		d.exponent--;
	} else {
		d = ps_shortest(q, c,
		    c == UINT64_C(1) << (bits - 1) && q != q_min);
	}
	return ps_put_decimal_float(to, d);
}

/* As Double.toString. */
static inline size_t
ps_put_double(char *to, double v)
{
	uint64_t bits, fraction;
	int exponent;
	size_t sign;

	if (!isfinite(v))
		return ps_put_special(to, v);
	memcpy(&bits, &v, sizeof bits);
	sign = bits >> 63;
	*to = '-';
	fraction = bits & ((UINT64_C(1) << 52) - 1);
	exponent = (int)(bits >> 52 & 0x7ff);
	if (exponent > 0)
		fraction |= UINT64_C(1) << 52;
	return sign + ps_put_binary(to + sign, fraction,
			  (exponent > 0 ? exponent : 1) - 1075, 53, -1074);
}

/* As Float.toString. */
static inline size_t
ps_put_float(char *to, float v)
{
	uint32_t bits, fraction;
	int exponent;
	size_t sign;

	if (!isfinite(v))
		return ps_put_special(to, (double)v);
	memcpy(&bits, &v, sizeof bits);
	sign = bits >> 31;
	*to = '-';
	fraction = bits & ((UINT32_C(1) << 23) - 1);
	exponent = (int)(bits >> 23 & 0xff);
	if (exponent > 0)
		fraction |= UINT32_C(1) << 23;
	return sign + ps_put_binary(to + sign, fraction,
			  (exponent > 0 ? exponent : 1) - 150, 24, -149);
}

#endif
