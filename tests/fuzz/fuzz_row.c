/*
 * Any bytes for a COPY row of Postgres: refused or understood, with no byte
 * read behind the end. What is understood, written again, is what was read.
 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/arena.h"
#include "connectors/postgres/decode.c"
#include "connectors/postgres/numeric.c"
#include "connectors/postgres/times.c"
#include "connectors/postgres/utf8.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* With `elem`: arrays of it. */
static const struct column columns[] = {
	{ .name = "bool", .decode = decode_bool },
	{ .name = "int2", .decode = decode_int2 },
	{ .name = "int4", .decode = decode_int4 },
	{ .name = "int8", .decode = decode_int8 },
	{ .name = "oid", .decode = decode_oid },
	{ .name = "float4", .decode = decode_float4 },
	{ .name = "float8", .decode = decode_float8 },
	{ .name = "bytea", .decode = decode_bytea },
	{ .name = "text", .decode = decode_text_checked },
	{ .name = "ints", .decode = decode_array, .decode_elem = decode_int4 },
	{ .name = "texts", .decode = decode_array, .decode_elem = decode_text },
	/* From here on: another form, nothing to compare. */
	{ .name = "uuid", .decode = decode_uuid },
	{ .name = "bit", .decode = decode_bit },
	{ .name = "date", .decode = decode_date },
	{ .name = "dates",
	    .decode = decode_array,
	    .decode_elem = decode_date,
	    .map = { .specials = SPECIAL_CLAMP } },
	{ .name = "time", .decode = decode_time },
	{ .name = "stamp", .decode = decode_stamp },
	{ .name = "micros", .decode = decode_stamp_long },
	{ .name = "nanos",
	    .decode = decode_stamp_long,
	    .map = { .granularity = TS_NANOS_LONG } },
	{ .name = "iso",
	    .decode = decode_stamp_text,
	    .map = { .granularity = TS_NANOS_ISO } },
};

enum { COUNT = sizeof columns / sizeof *columns, SAME = 11, MOST = 8 };

static uint64_t
big_endian(const uint8_t *p, size_t len)
{
	uint64_t v = 0;

	for (size_t i = 0; i < len; i++)
		v = v << 8 | p[i];
	return v;
}

static void
same_number(uint64_t value, const uint8_t *p, size_t len)
{
	uint64_t mask = len == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * len) - 1;

	assert((value & mask) == big_endian(p, len));
}

static void same_value(const struct column *c, const struct ps_value *v,
    const uint8_t *p, size_t len);

static void
same_array(const struct column *c, const struct ps_value *v, const uint8_t *p)
{
	const struct column of = { .decode = c->decode_elem };
	int32_t n;

	if (wire_i32(p) == 0) {
		assert(v->len == 0);
		return;
	}
	assert(v->len == (uint32_t)wire_i32(p + 12));
	p += 20;
	for (uint32_t i = 0; i < v->len; i++, p += n < 0 ? 0 : n) {
		n = wire_i32(p);
		p += 4;
		if (n < 0)
			assert(v->items[i].type == PS_NULL);
		else
			same_value(&of, &v->items[i], p, (size_t)n);
	}
}

static void
same_value(const struct column *c, const struct ps_value *v, const uint8_t *p,
    size_t len)
{
	uint64_t bits = 0;
	float single = 0;
	uint32_t bits32;

	switch (v->type) {
	case PS_BOOLEAN:
		assert(v->b == (p[0] != 0));
		break;
	case PS_FLOAT32:
		single = (float)v->f;
		memcpy(&bits32, &single, sizeof bits32);
		if (!isnan(v->f)) /* a wider one has other bits */
			same_number(bits32, p, len);
		break;
	case PS_FLOAT64:
		memcpy(&bits, &v->f, sizeof bits);
		same_number(bits, p, len);
		break;
	case PS_STRING:
	case PS_BYTES:
		assert(v->len == len && memcmp(v->p, p, len) == 0);
		break;
	case PS_ARRAY:
		same_array(c, v, p);
		break;
	default:
		assert(ps_is_int(v));
		same_number((uint64_t)v->i, p, len);
	}
}

static void
same_row(const struct column *of, size_t count, const struct ps_value *values,
    const uint8_t *p)
{
	for (size_t i = 0; i < count; i++) {
		int32_t n = wire_i32(p);

		p += 4;
		if (n < 0)
			assert(values[i].type == PS_NULL);
		else if (of[i].decode != NULL)
			same_value(&of[i], &values[i], p, (size_t)n);
		p += n < 0 ? 0 : n;
	}
}

/* How many columns, which, then the row. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct column of[MOST];
	struct ps_value values[MOST];
	struct ps_error err = { .code = PS_OK };
	struct ps_arena *a;
	size_t count, len;
	uint8_t *row;
	bool same = true;

	if (size < 1 + MOST)
		return 0;
	count = data[0] % MOST + 1;
	for (size_t i = 0; i < count; i++) {
		of[i] = columns[data[1 + i] % COUNT];
		same &= data[1 + i] % COUNT < SAME;
	}
	len = size - 1 - MOST;
	row = malloc(len == 0 ? 1 : len);
	memcpy(row, data + 1 + MOST, len);
	a = arena_new(4096);
	if (decode_row(of, count, (struct ps_slice){ row, len }, a, values,
		&err) == 0 &&
	    same)
		same_row(of, count, values, row);
	arena_free(&a);
	free(row);
	return 0;
}
