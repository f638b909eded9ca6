#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>

#include <math.h>

#include "base/arena.h"
#include "connectors/postgres/numeric.h"
#include "connectors/postgres/sqlstate.h"
#include "connectors/postgres/times.h"
#include "connectors/postgres/utf8.h"

struct stamp {
	int64_t us;
	char text[48];
};

static struct stamp stamps[] = {
	{ 0, "2000-01-01 00:00:00" },
	{ -1, "1999-12-31 23:59:59.999999" },
	{ 1, "2000-01-01 00:00:00.000001" },
	{ INT64_MAX, "infinity" },
	{ INT64_MIN, "-infinity" },
	{ -INT64_C(63082281600000000), "0001-01-01 00:00:00" },
	{ -INT64_C(63082281600000001), "0001-12-31 23:59:59.999999 BC" },
	{ INT64_C(9223371331199999999), "294276-12-31 23:59:59.999999" },
	{ -INT64_C(211813488000000000), "4714-11-24 00:00:00 BC" },
};

ParameterizedTestParameters(pg_times, stamps_read_as_postgres_writes_them)
{
	return cr_make_param_array(struct stamp, stamps,
	    sizeof stamps / sizeof *stamps);
}

ParameterizedTest(struct stamp *p, pg_times,
    stamps_read_as_postgres_writes_them)
{
	char text[TIMES_TEXT];

	cr_assert(eq(sz, times_stamp_text(text, p->us), strlen(p->text)));
	cr_assert_str_eq(text, p->text);
}

struct decimal {
	char wire[64], unscaled[64], text[64];
	size_t wire_len;
	int scale;
};

/* count, weight, sign, dscale; digits of base 10000. */
static struct decimal decimals[] = {
	{ "\0\0\0\0\0\0\0\0", "00", "0.00", 8, 2 },
	{ "\0\1\0\0\0\0\0\0\0\1", "64", "1.00", 10, 2 },
	{ "\0\1\0\0\x40\0\0\0\0\1", "9c", "-1.00", 10, 2 },
	{ "\0\1\0\0\0\0\0\0\0\200", "0080", "128", 10, 0 },
	{ "\0\1\0\0\x40\0\0\0\0\200", "80", "-128", 10, 0 },
	{ "\0\1\xff\xff\0\0\0\4\0\1", "01", "0.0001", 10, 4 },
	{ "\0\1\0\4\0\0\0\0\0\1", "2386f26fc10000", "10000000000000000", 10,
	    0 },
	{ "\0\1\0\5\x40\0\0\0\0\1", "fa9438a1d29cf00000",
	    "-100000000000000000000", 10, 0 },
};

ParameterizedTestParameters(pg_numeric, wire_unscaled_and_text_agree)
{
	return cr_make_param_array(struct decimal, decimals,
	    sizeof decimals / sizeof *decimals);
}

ParameterizedTest(struct decimal *p, pg_numeric, wire_unscaled_and_text_agree)
{
	struct ps_arena *a = arena_new(4096);
	struct ps_error err = { .code = PS_OK };
	struct ps_value v;
	char hex[64] = "", *text;
	size_t n;

	cr_assert(eq(int,
		      numeric_decimal((const uint8_t *)p->wire, p->wire_len,
			  p->scale, a, &v, &err),
		      0),
	    "%s", err.text);
	for (uint32_t i = 0; i < v.len; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", v.p[i]);
	cr_assert_str_eq(hex, p->unscaled);
	text = numeric_text(a, v.p, v.len, p->scale, &n);
	cr_assert_str_eq(ps_strndup(a, text, n), p->text);
	arena_free(&a);
}

Test(pg_numeric, what_no_server_sends_is_an_error)
{
	/* 99999999999999999999, and a digit of 10000 */
	static const uint8_t large[] = { 0, 5, 0, 4, 0x40, 0, 0, 0, 0x27, 0x0f,
		0x27, 0x0f, 0x27, 0x0f, 0x27, 0x0f, 0x27, 0x0f };
	static const uint8_t digit[] = { 0, 1, 0, 0, 0, 0, 0, 0, 0x27, 0x10 };
	struct ps_arena *a = arena_new(4096);
	struct ps_error err = { .code = PS_OK };
	struct ps_value v;
	int64_t whole;

	cr_assert(eq(int, numeric_int(large, sizeof large, &whole, &err), -1));
	cr_assert(eq(int, err.code, PS_E_DATA));
	ps_error_clear(&err);
	cr_assert(
	    eq(int, numeric_decimal(digit, sizeof digit, 0, a, &v, &err), -1));
	cr_assert(strstr(err.text, "malformed") != NULL);
	arena_free(&a);
}

Test(pg_numeric, digits_behind_the_scale_are_an_error)
{
	struct ps_arena *a = arena_new(4096);
	struct ps_error err = { .code = PS_OK };
	struct ps_value v;
	/* 0.0001 */
	const uint8_t wire[] = { 0, 1, 255, 255, 0, 0, 0, 4, 0, 1 };

	cr_assert(
	    eq(int, numeric_decimal(wire, sizeof wire, 3, a, &v, &err), -1));
	cr_assert(eq(int, err.code, PS_E_DATA));
	ps_error_clear(&err);
	cr_assert(eq(int, numeric_decimal(wire, 9, 3, a, &v, &err), -1));
	arena_free(&a);
}

/* A numeric as the server sends it. */
struct number {
	int16_t count, weight;
	uint16_t sign;
	int16_t digits[8];
	double value;
};

static struct number numbers[] = {
	{ 0, 0, 0, { 0 }, 0 },
	{ 1, 0, 0x4000, { 5 }, -5 },
	{ 2, 0, 0, { 12, 3400 }, 12.34 },
	{ 1, -1, 0, { 1000 }, 0.1 },
	{ 1, -5, 0, { 1 }, 1e-20 },
	{ 1, 5, 0, { 7 }, 7e20 },
	{ 1, 6, 0, { 7 }, 7e24 },
	{ 4, 3, 0, { 9007, 1992, 5474, 993 }, 9007199254740993.0 },
	{ 4, 3, 0x4000, { 9007, 1992, 5474, 992 }, -9007199254740992.0 },
	{ 5, 0, 0, { 3, 1415, 9265, 3589, 7932 }, 3.1415926535897932 },
	{ 4, -2, 0, { 1, 2345, 6789, 123 }, 0.00000001234567890123 },
	{ 1, 0, 0xd000, { 0 }, (double)INFINITY },
};

ParameterizedTestParameters(pg_numeric, doubles_are_the_nearest)
{
	return cr_make_param_array(struct number, numbers,
	    sizeof numbers / sizeof *numbers);
}

static uint8_t *
put_i16(uint8_t *to, uint16_t v)
{
	*to++ = (uint8_t)(v >> 8);
	*to++ = (uint8_t)v;
	return to;
}

ParameterizedTest(struct number *n, pg_numeric, doubles_are_the_nearest)
{
	uint8_t wire[32], *to = wire;
	struct ps_arena *a = arena_new(256);
	struct ps_error err = { 0 };
	double out = 0;

	to = put_i16(to, (uint16_t)n->count);
	to = put_i16(to, (uint16_t)n->weight);
	to = put_i16(to, n->sign);
	to = put_i16(to, 2);
	for (int i = 0; i < n->count; i++)
		to = put_i16(to, (uint16_t)n->digits[i]);
	cr_assert(zero(int,
	    numeric_double(wire, (size_t)(to - wire), a, &out, &err)));
	cr_assert(memcmp(&out, &n->value, sizeof out) == 0, "%.17g, not %.17g",
	    out, n->value);
	arena_free(&a);
}

struct text {
	char bytes[16];
	size_t len;
	bool valid;
};

static struct text texts[] = {
	{ "plain ascii tex", 15, true },
	{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9, true },
	{ "a\0b", 3, false },
	{ "12345678\0", 9, false },
	{ "\xc0\x80", 2, false },
	{ "\xed\xa0\x80", 3, false },
	{ "\xf4\x90\x80\x80", 4, false },
	{ "\xe2\x82", 2, false },
	{ "\x80", 1, false },
	{ "", 0, true },
};

ParameterizedTestParameters(pg_utf8, only_what_postgres_takes_is_valid)
{
	return cr_make_param_array(struct text, texts,
	    sizeof texts / sizeof *texts);
}

ParameterizedTest(struct text *p, pg_utf8, only_what_postgres_takes_is_valid)
{
	cr_assert(eq(int, utf8_is_valid(p->bytes, p->len), p->valid));
}

static const struct {
	const char *state;
	enum ps_code code;
} states[] = {
	{ "40P01", PS_E_RETRY },
	{ "40001", PS_E_RETRY },
	{ "55P03", PS_E_RETRY },
	{ "25006", PS_E_RETRY },
	{ "53300", PS_E_RETRY },
	{ "57P01", PS_E_RETRY },
	{ "08006", PS_E_RETRY },
	{ "28P01", PS_E_RETRY },
	{ NULL, PS_E_RETRY },
	{ "23505", PS_E_DATA },
	{ "23503", PS_E_DATA },
	{ "23514", PS_E_DATA },
	{ "22003", PS_E_DATA },
	{ "P0001", PS_E_DATA },
	{ "42501", PS_E_FATAL },
	{ "42P01", PS_E_FATAL },
};

Test(pg_sqlstate, outage_record_and_the_rest_are_told_apart_C8)
{
	for (size_t i = 0; i < sizeof states / sizeof *states; i++)
		cr_assert(
		    eq(int, sqlstate_code(states[i].state), states[i].code),
		    "%s", states[i].state);
}
