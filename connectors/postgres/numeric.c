#include "numeric.h"

#include <math.h>
#include <stdlib.h>

#include "wire.h"

#define SIGN_MINUS    0x4000u
#define SIGN_NAN      0xc000u
#define SIGN_PLUSINF  0xd000u
#define SIGN_MINUSINF 0xf000u

/* What a double holds exactly: 10^22, all integers to 2^53. */
#define EXACT_POWER   22
#define EXACT_INTEGER (INT64_C(1) << 53)
#define EXACT_DIGITS  4 /* of base 10000, so that they fit an int64 */

struct number {
	const uint8_t *digits;
	int count, weight;
	uint16_t sign;
};

/* The i-th digit, 0 to 9999. */
static int16_t
digit(const struct number *n, int i)
{
	return wire_i16(n->digits + 2 * (ptrdiff_t)i);
}

static int
parse(const uint8_t *p, size_t len, struct number *n, struct ps_error *err)
{
	bool good = len >= 8 && (size_t)wire_i16(p) * 2 + 8 == len;

	*n = (struct number){ .digits = p };
	if (good)
		*n = (struct number){ p + 8, wire_i16(p), wire_i16(p + 2),
			(uint16_t)wire_i16(p + 4) };
	for (int i = 0; i < n->count; i++)
		good = good && digit(n, i) >= 0 && digit(n, i) < 10000;
	return good ? 0
		    : ps_fail(err, PS_E_DATA,
			  "a numeric of %zu bytes is malformed", len);
}

static int
fail_special(const struct number *n, struct ps_error *err)
{
	const char *name = n->sign == SIGN_NAN       ? "NaN"
			   : n->sign == SIGN_PLUSINF ? "Infinity"
						     : "-Infinity";

	return ps_fail(err, PS_E_DATA,
	    "%s is no Decimal (special.values=string delivers text)", name);
}

static bool
is_special(const struct number *n)
{
	return (n->sign & SIGN_NAN) == SIGN_NAN;
}

/* A natural number, least word first. */
struct big {
	uint32_t *words;
	size_t count;
};

static void
big_mul_add(struct big *b, uint32_t factor, uint32_t addend)
{
	uint64_t carry = addend;

	for (size_t i = 0; i < b->count; i++) {
		carry += (uint64_t)b->words[i] * factor;
		b->words[i] = (uint32_t)carry;
		carry >>= 32;
	}
	if (carry != 0)
		b->words[b->count++] = (uint32_t)carry;
}

/* Divides; the remainder. */
static uint32_t
big_div(struct big *b, uint32_t divisor)
{
	uint64_t rest = 0;

	for (size_t i = b->count; i-- > 0;) {
		rest = rest << 32 | b->words[i];
		b->words[i] = (uint32_t)(rest / divisor);
		rest %= divisor;
	}
	while (b->count > 0 && b->words[b->count - 1] == 0)
		b->count--;
	return (uint32_t)rest;
}

static uint32_t
power_of_ten(int e)
{
	static const uint32_t powers[] = { 1, 10, 100, 1000, 10000, 100000,
		1000000, 10000000, 100000000, 1000000000 };

	return powers[e];
}

/* Two's complement of b, as short as it can be, as Java has it. */
static struct ps_value
big_bytes(const struct big *b, bool minus, struct ps_arena *a)
{
	size_t room = b->count * 4 + 1, n = 0;
	uint8_t *out = ps_alloc(a, room);
	unsigned carry = 1;

	for (size_t i = room; i-- > 0; n++) {
		uint32_t w = n / 4 < b->count ? b->words[n / 4] : 0;
		unsigned byte = w >> (n % 4 * 8) & 0xff;

		if (minus) {
			byte = (~byte & 0xff) + carry;
			carry = byte >> 8;
		}
		out[i] = (uint8_t)byte;
	}
	for (n = 0; n + 1 < room; n++)
		if (out[n] != (out[n + 1] & 0x80 ? 0xff : 0))
			break;
	return ps_bytes(out + n, room - n);
}

static struct ps_value
small_bytes(uint64_t magnitude, bool minus, struct ps_arena *a)
{
	uint64_t v = minus ? 0 - magnitude : magnitude;
	uint64_t sign = v >> 63 ? UINT64_MAX : 0;
	uint8_t *out = ps_alloc(a, 8);
	size_t n = 8;

	while (n > 1 && v >> (n * 8 - 9) == sign >> (n * 8 - 9))
		n--;
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(v >> ((n - 1 - i) * 8));
	return ps_bytes(out, n);
}

/* value * 10^scale when it has at most 18 digits: true. `exp` is that of the
 * last digit on the wire. */
static bool
small_magnitude(const struct number *n, int exp, uint64_t *out)
{
	uint64_t v = 0;

	if (n->count > 4 || exp > 2 || exp < -3)
		return false;
	for (int i = 0; i < n->count; i++)
		v = v * 10000 + (uint64_t)digit(n, i);
	if (exp >= 0) {
		*out = v * power_of_ten(exp);
		return true;
	}
	if (v % power_of_ten(-exp) != 0)
		return false;
	*out = v / power_of_ten(-exp);
	return true;
}

static int
big_decimal(const struct number *n, int exp, struct ps_arena *a,
    struct ps_value *out)
{
	size_t digits = (size_t)n->count * 4 + (exp > 0 ? (size_t)exp : 0);
	struct big b = { ps_calloc(a, digits / 9 + 2, 4), 0 };

	for (int i = 0; i < n->count; i++)
		big_mul_add(&b, 10000, (uint32_t)digit(n, i));
	for (; exp > 0; exp -= exp < 9 ? exp : 9)
		big_mul_add(&b, power_of_ten(exp < 9 ? exp : 9), 0);
	for (; exp<0; exp += exp> - 9 ? -exp : 9)
		if (big_div(&b, power_of_ten(exp > -9 ? -exp : 9)) != 0)
			return -1;
	*out = big_bytes(&b, n->sign == SIGN_MINUS, a);
	return 0;
}

int
numeric_decimal(const uint8_t *p, size_t len, int scale, struct ps_arena *a,
    struct ps_value *out, struct ps_error *err)
{
	struct number n;
	uint64_t magnitude;
	int exp;

	if (parse(p, len, &n, err) != 0)
		return -1;
	if (is_special(&n))
		return fail_special(&n, err);
	exp = n.count == 0 ? 0 : scale + 4 * (n.weight - n.count + 1);
	if (small_magnitude(&n, exp, &magnitude)) {
		*out = small_bytes(magnitude, n.sign == SIGN_MINUS, a);
		return 0;
	}
	if (big_decimal(&n, exp, a, out) != 0)
		return ps_fail(err, PS_E_DATA,
		    "a numeric has digits behind the scale %d of its schema "
		    "(special.values=string delivers text)",
		    scale);
	return 0;
}

int
numeric_int(const uint8_t *p, size_t len, int64_t *out, struct ps_error *err)
{
	struct number n;
	int64_t v = 0;

	if (parse(p, len, &n, err) != 0)
		return -1;
	if (is_special(&n))
		return fail_special(&n, err);
	if (n.weight > 4 || (n.count > 0 && n.count > n.weight + 1))
		return ps_fail(err, PS_E_DATA,
		    "a numeric is no integer of at most 18 digits");
	for (int i = 0; i <= n.weight; i++)
		if (__builtin_mul_overflow(v, 10000, &v) ||
		    __builtin_add_overflow(v, i < n.count ? digit(&n, i) : 0,
			&v))
			return ps_fail(err, PS_E_DATA,
			    "a numeric is beyond 64 bits");
	*out = n.sign == SIGN_MINUS ? -v : v;
	return 0;
}

/* Both the digits and the power of ten are exact as doubles, so that one
 * operation rounds once. */
static bool
small_double(const struct number *n, double *out)
{
	int exp = n->count == 0 ? 0 : 4 * (n->weight - n->count + 1);
	double scale = 1;
	int64_t v = 0;

	if (n->count > EXACT_DIGITS || exp < -EXACT_POWER || exp > EXACT_POWER)
		return false;
	for (int i = 0; i < n->count; i++)
		v = v * 10000 + digit(n, i);
	if (v > EXACT_INTEGER)
		return false;
	for (int i = 0; i < (exp < 0 ? -exp : exp); i += 4)
		scale *= 1e4;
	*out = exp < 0 ? (double)v / scale : (double)v * scale;
	if (n->sign == SIGN_MINUS)
		*out = -*out;
	return true;
}

int
numeric_double(const uint8_t *p, size_t len, struct ps_arena *a, double *out,
    struct ps_error *err)
{
	struct number n;
	char *text, *to;

	if (parse(p, len, &n, err) != 0)
		return -1;
	if (is_special(&n)) {
		*out = n.sign == SIGN_NAN       ? (double)NAN
		       : n.sign == SIGN_PLUSINF ? (double)INFINITY
						: -(double)INFINITY;
		return 0;
	}
	if (small_double(&n, out))
		return 0;
	to = text = ps_alloc(a, (size_t)n.count * 4 + 32);
	if (n.sign == SIGN_MINUS)
		*to++ = '-';
	*to++ = '0';
	for (int i = 0; i < n.count; i++)
		to += snprintf(to, 8, "%04d", digit(&n, i));
	(void)snprintf(to, 16, "e%d", 4 * (n.weight - n.count + 1));
	*out = strtod(text, NULL);
	return 0;
}

/* The magnitude of a two's complement number. */
static struct big
big_of_bytes(struct ps_arena *a, const uint8_t *p, size_t len, bool minus)
{
	struct big b = { ps_calloc(a, len / 4 + 2, 4), len / 4 + 1 };
	unsigned carry = 1;

	for (size_t i = 0; i < len; i++) {
		unsigned byte = p[len - 1 - i];

		if (minus) {
			byte = (~byte & 0xff) + carry;
			carry = byte >> 8;
		}
		b.words[i / 4] |= (uint32_t)(byte & 0xff) << (i % 4 * 8);
	}
	while (b.count > 0 && b.words[b.count - 1] == 0)
		b.count--;
	return b;
}

/* Puts the point into `n` digits at text; there is room for all of it. */
static size_t
put_point(char *text, size_t n, size_t scale)
{
	size_t zeros = n <= scale ? scale - n + 1 : 0;

	memmove(text + zeros, text, n);
	memset(text, '0', zeros);
	n += zeros;
	memmove(text + n - scale + 1, text + n - scale, scale);
	text[n - scale] = '.';
	return n + 1;
}

char *
numeric_text(struct ps_arena *a, const uint8_t *unscaled, size_t len, int scale,
    size_t *out_len)
{
	bool minus = len > 0 && (unscaled[0] & 0x80) != 0;
	struct big b = big_of_bytes(a, unscaled, len, minus);
	size_t room = b.count * 10 + 12, n = 0, sized;
	size_t shift = (size_t)(scale < 0 ? -scale : scale);
	char *text = ps_alloc(a, room + shift), *to = text + minus;

	for (sized = room; b.count > 0;) {
		uint32_t rest = big_div(&b, 1000000000);

		for (int i = 0; i < 9; i++, rest /= 10)
			text[--sized] = (char)('0' + rest % 10);
	}
	while (sized < room && text[sized] == '0')
		sized++;
	n = room - sized;
	memmove(to, text + sized, n);
	if (n == 0)
		to[n++] = '0';
	if (scale > 0) {
		n = put_point(to, n, shift);
	} else {
		memset(to + n, '0', shift);
		n += shift;
	}
	if (minus)
		text[0] = '-';
	*out_len = n + minus;
	return text;
}
