#include "decode.h"

#include <assert.h>

#include "numeric.h"
#include "times.h"
#include "utf8.h"
#include "wire.h"

/* What the JDBC driver makes of the infinities. */
#define FAR_FUTURE_MS INT64_C(9223372036825200000)
#define FAR_PAST_MS   INT64_C(-9223372036832400000)

static int
fail_size(const char *type, size_t len, struct ps_error *err)
{
	return ps_fail(err, PS_E_DATA, "%s of %zu bytes is malformed", type,
	    len);
}

static int
fail_infinity(const char *type, bool future, struct ps_error *err)
{
	return ps_fail(err, PS_E_DATA,
	    "%s %sinfinity has no form in Connect's type "
	    "(special.values=string or clamp delivers it)",
	    type, future ? "" : "-");
}

int
decode_bool(const struct column *c, const uint8_t *p, size_t len,
    struct ps_arena *a, struct ps_value *out, struct ps_error *err)
{
	(void)c, (void)a;
	if (len != 1)
		return fail_size("boolean", len, err);
	*out = ps_boolean(p[0] != 0);
	return 0;
}

int
decode_int2(const struct column *c, const uint8_t *p, size_t len,
    struct ps_arena *a, struct ps_value *out, struct ps_error *err)
{
	(void)c, (void)a;
	if (len != 2)
		return fail_size("smallint", len, err);
	*out = ps_int(PS_INT16, wire_i16(p));
	return 0;
}

int
decode_int4(const struct column *c, const uint8_t *p, size_t len,
    struct ps_arena *a, struct ps_value *out, struct ps_error *err)
{
	(void)c, (void)a;
	if (len != 4)
		return fail_size("integer", len, err);
	*out = ps_int(PS_INT32, wire_i32(p));
	return 0;
}

int
decode_int8(const struct column *c, const uint8_t *p, size_t len,
    struct ps_arena *a, struct ps_value *out, struct ps_error *err)
{
	(void)c, (void)a;
	if (len != 8)
		return fail_size("bigint", len, err);
	*out = ps_int64(wire_i64(p));
	return 0;
}

int
decode_oid(const struct column *c, const uint8_t *p, size_t len,
    struct ps_arena *a, struct ps_value *out, struct ps_error *err)
{
	(void)c, (void)a;
	if (len != 4)
		return fail_size("oid", len, err);
	*out = ps_int64((uint32_t)wire_i32(p));
	return 0;
}

int
decode_float4(const struct column *c, const uint8_t *p, size_t len,
    struct ps_arena *a, struct ps_value *out, struct ps_error *err)
{
	int32_t bits;
	float f;

	(void)c, (void)a;
	if (len != 4)
		return fail_size("real", len, err);
	bits = wire_i32(p);
	memcpy(&f, &bits, sizeof f);
	*out = ps_float32(f);
	return 0;
}

int
decode_float8(const struct column *c, const uint8_t *p, size_t len,
    struct ps_arena *a, struct ps_value *out, struct ps_error *err)
{
	int64_t bits;
	double f;

	(void)c, (void)a;
	if (len != 8)
		return fail_size("double precision", len, err);
	bits = wire_i64(p);
	memcpy(&f, &bits, sizeof f);
	*out = ps_float64(f);
	return 0;
}

int
decode_text(const struct column *c, const uint8_t *p, size_t len,
    struct ps_arena *a, struct ps_value *out, struct ps_error *err)
{
	(void)c, (void)a, (void)err;
	*out = ps_string((const char *)p, len);
	return 0;
}

int
decode_text_checked(const struct column *c, const uint8_t *p, size_t len,
    struct ps_arena *a, struct ps_value *out, struct ps_error *err)
{
	(void)a;
	if (!utf8_is_valid((const char *)p, len))
		return ps_fail(err, PS_E_DATA,
		    "text of %zu bytes is not valid UTF-8", len);
	return decode_text(c, p, len, a, out, err);
}

int
decode_bytea(const struct column *c, const uint8_t *p, size_t len,
    struct ps_arena *a, struct ps_value *out, struct ps_error *err)
{
	(void)c, (void)a, (void)err;
	*out = ps_bytes(p, len);
	return 0;
}

int
decode_uuid(const struct column *c, const uint8_t *p, size_t len,
    struct ps_arena *a, struct ps_value *out, struct ps_error *err)
{
	static const char hex[] = "0123456789abcdef";
	char *text, *to;

	(void)c;
	if (len != 16)
		return fail_size("uuid", len, err);
	to = text = ps_alloc(a, 36);
	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*to++ = '-';
		*to++ = hex[p[i] >> 4];
		*to++ = hex[p[i] & 15];
	}
	*out = ps_string(text, 36);
	return 0;
}

int
decode_bit(const struct column *c, const uint8_t *p, size_t len,
    struct ps_arena *a, struct ps_value *out, struct ps_error *err)
{
	(void)c, (void)a;
	if (len != 5)
		return fail_size("bit(1)", len, err);
	*out = ps_boolean((p[4] & 0x80) != 0);
	return 0;
}

int
decode_date(const struct column *c, const uint8_t *p, size_t len,
    struct ps_arena *a, struct ps_value *out, struct ps_error *err)
{
	int32_t days;
	bool infinite;

	(void)a;
	if (len != 4)
		return fail_size("date", len, err);
	days = wire_i32(p);
	infinite = days == INT32_MAX || days == INT32_MIN;
	if (infinite && c->map.specials != SPECIAL_CLAMP)
		return fail_infinity("date", days > 0, err);
	if (!infinite && days > INT32_MAX - TIMES_EPOCH_DAYS)
		return ps_fail(err, PS_E_DATA, "a date is beyond 32 bits");
	*out = ps_int(PS_INT32, infinite ? days : days + TIMES_EPOCH_DAYS);
	return 0;
}

int
decode_time(const struct column *c, const uint8_t *p, size_t len,
    struct ps_arena *a, struct ps_value *out, struct ps_error *err)
{
	(void)c, (void)a;
	if (len != 8)
		return fail_size("time", len, err);
	*out = ps_int(PS_INT32, wire_i64(p) / 1000);
	return 0;
}

/* Reads a timestamp: 1 when it is infinite and to be clamped. */
static int
read_stamp(const struct column *c, const uint8_t *p, size_t len, int64_t *us,
    struct ps_error *err)
{
	*us = 0;
	if (len != 8)
		return fail_size("timestamp", len, err);
	*us = wire_i64(p);
	if (*us != INT64_MAX && *us != INT64_MIN)
		return 0;
	if (c->map.specials != SPECIAL_CLAMP)
		return fail_infinity("timestamp", *us > 0, err);
	return 1;
}

int
decode_stamp(const struct column *c, const uint8_t *p, size_t len,
    struct ps_arena *a, struct ps_value *out, struct ps_error *err)
{
	int64_t us;
	int r = read_stamp(c, p, len, &us, err);

	(void)a;
	if (r < 0)
		return -1;
	if (r == 1)
		*out = ps_int64(us > 0 ? FAR_FUTURE_MS : FAR_PAST_MS);
	else
		*out =
		    ps_int64(times_floor_div(us, 1000) + TIMES_EPOCH_US / 1000);
	return 0;
}

/* Micro- or nanoseconds since 1970. */
static int
since_1970(const struct column *c, int64_t us, int64_t *out,
    struct ps_error *err)
{
	bool nanos = c->map.granularity >= TS_NANOS_LONG;

	if (__builtin_add_overflow(us, TIMES_EPOCH_US, out) ||
	    (nanos && __builtin_mul_overflow(*out, 1000, out)))
		return ps_fail(err, PS_E_DATA,
		    "a timestamp is beyond 64 bits of %s",
		    nanos ? "nanoseconds" : "microseconds");
	return 0;
}

int
decode_stamp_long(const struct column *c, const uint8_t *p, size_t len,
    struct ps_arena *a, struct ps_value *out, struct ps_error *err)
{
	int64_t us, v;
	int r = read_stamp(c, p, len, &us, err);

	(void)a;
	if (r < 0)
		return -1;
	if (r == 1)
		v = us;
	else if (since_1970(c, us, &v, err) != 0)
		return -1;
	*out = ps_int64(v);
	return 0;
}

int
decode_stamp_text(const struct column *c, const uint8_t *p, size_t len,
    struct ps_arena *a, struct ps_value *out, struct ps_error *err)
{
	enum granularity g = c->map.granularity;
	char text[TIMES_TEXT];
	int64_t us, v;
	size_t n;
	int r = read_stamp(c, p, len, &us, err);

	if (r < 0)
		return -1;
	if (r == 1) {
		n = times_stamp_text(text, us);
	} else if (g == TS_MICROS_ISO || g == TS_NANOS_ISO) {
		n = times_iso_text(text, us, g == TS_NANOS_ISO ? 9 : 6);
	} else {
		if (since_1970(c, us, &v, err) != 0)
			return -1;
		n = (size_t)snprintf(text, sizeof text, "%lld", (long long)v);
	}
	*out = ps_string(ps_strndup(a, text, n), n);
	return 0;
}

int
decode_decimal(const struct column *c, const uint8_t *p, size_t len,
    struct ps_arena *a, struct ps_value *out, struct ps_error *err)
{
	return numeric_decimal(p, len, c->scale, a, out, err);
}

int
decode_numeric_int(const struct column *c, const uint8_t *p, size_t len,
    struct ps_arena *a, struct ps_value *out, struct ps_error *err)
{
	int64_t v;

	(void)a;
	if (numeric_int(p, len, &v, err) != 0)
		return -1;
	*out = ps_int(c->base, v);
	return 0;
}

int
decode_numeric_double(const struct column *c, const uint8_t *p, size_t len,
    struct ps_arena *a, struct ps_value *out, struct ps_error *err)
{
	double f;

	(void)c;
	if (numeric_double(p, len, a, &f, err) != 0)
		return -1;
	*out = ps_float64(f);
	return 0;
}

static int
decode_items(const struct column *c, const uint8_t *p, const uint8_t *end,
    struct ps_arena *a, struct ps_value *out, struct ps_error *err)
{
	int32_t count = wire_i32(p + 12), n;
	struct ps_value *items = ps_calloc(a, (size_t)count, sizeof *items);

	p += 20;
	for (int32_t i = 0; i < count; i++, p += n < 0 ? 0 : n) {
		if (end - p < 4)
			return fail_size("array", (size_t)(end - p), err);
		n = wire_i32(p);
		p += 4;
		if (n > end - p)
			return fail_size("array", (size_t)(end - p), err);
		if (n >= 0 &&
		    c->decode_elem(c, p, (size_t)n, a, &items[i], err) != 0)
			return -1;
	}
	*out = ps_array(items, (size_t)count);
	return 0;
}

/* dimensions, flags, element type, then (size, lower bound) for each. */
int
decode_array(const struct column *c, const uint8_t *p, size_t len,
    struct ps_arena *a, struct ps_value *out, struct ps_error *err)
{
	int32_t dimensions;

	if (len < 12)
		return fail_size("array", len, err);
	dimensions = wire_i32(p);
	if (dimensions == 0) {
		*out = ps_array(NULL, 0);
		return 0;
	}
	if (dimensions != 1)
		return ps_fail(err, PS_E_DATA,
		    "an array of %d dimensions has no form in a schema of one "
		    "(array.mapping=string delivers its text)",
		    (int)dimensions);
	if (len < 20 || wire_i32(p + 12) < 0 ||
	    (size_t)wire_i32(p + 12) > len / 4)
		return fail_size("array", len, err);
	return decode_items(c, p, p + len, a, out, err);
}

int
decode_row(const struct column *columns, size_t count, struct ps_slice row,
    struct ps_arena *a, struct ps_value *out, struct ps_error *err)
{
	const uint8_t *at = row.data, *end = row.data + row.len;

	for (size_t i = 0; i < count; i++) {
		const struct column *c = &columns[i];
		int32_t n;

		if (end - at < 4)
			return ps_fail(err, PS_E_FATAL, "a row is cut off");
		n = wire_i32(at);
		at += 4;
		if (n < 0) {
			out[i] = ps_null();
			continue;
		}
		if (n > end - at)
			return ps_fail(err, PS_E_FATAL, "a row is cut off");
		if (c->decode(c, at, (size_t)n, a, &out[i], err) != 0)
			return ps_fail_in(err, "column %s", c->name);
		at += n;
	}
	return 0;
}
