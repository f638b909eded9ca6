#include "cast_value.h"

#include <math.h>
#include <stdlib.h>

#include <datetext/datetext.h>
#include <penstock/base64.h>
#include <penstock/decimal.h>

static const struct range {
	int64_t min, max;
} ranges[] = {
	[PS_INT8] = { INT8_MIN, INT8_MAX },
	[PS_INT16] = { INT16_MIN, INT16_MAX },
	[PS_INT32] = { INT32_MIN, INT32_MAX },
	[PS_INT64] = { INT64_MIN, INT64_MAX },
};

bool
parse_whole(const char *s, size_t len, int64_t min, int64_t max, int64_t *out)
{
	bool negative = len > 0 && *s == '-';
	size_t i = len > 0 && (*s == '-' || *s == '+');
	int64_t v = 0;

	if (i == len)
		return false;
	for (; i < len; i++)
		if (s[i] < '0' || s[i] > '9' ||
		    __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_sub_overflow(v, s[i] - '0', &v))
			return false;
	if (!negative && v == INT64_MIN)
		return false;
	*out = negative ? v : -v;
	return *out >= min && *out <= max;
}

/* Blanks around it are allowed, f and d behind it, hexadecimal; but nothing
 * else that strtod reads. */
bool
parse_float(const char *s, size_t len, struct ps_arena *a, double *out,
    float *narrow)
{
	char *text, *end;
	bool hex;

	while (len > 0 && (unsigned char)*s <= ' ')
		s++, len--;
	while (len > 0 && (unsigned char)s[len - 1] <= ' ')
		len--;
	text = ps_strndup(a, s, len);
	s = text + (*text == '-' || *text == '+');
	hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
	if (hex ? strpbrk(s, "pP") == NULL
		: strcmp(s, "NaN") != 0 && strcmp(s, "Infinity") != 0 &&
		      strspn(s, "0123456789.eE+-fFdD") != strlen(s))
		return false;
	if (!hex && *s != 'N' && *s != 'I' && strpbrk(s, "0123456789") == NULL)
		return false;
	*out = strtod(text, &end);
	*narrow = strtof(text, NULL);
	if (*s != 'I' && end > text && *end != '\0' &&
	    strchr("fFdD", *end) != NULL)
		end++;
	return end > text && *end == '\0';
}

static int
no_cast(const struct ps_schema *from, const struct ps_value *v,
    struct ps_error *err)
{
	return ps_fail(err, PS_E_DATA,
	    "Unexpected type in Cast transformation: class %s",
	    class_of(from, v));
}

/* What is between a double and an integer of Java: saturation. */
static int64_t
saturated(double d, enum ps_type type)
{
	const struct range *r = &ranges[type == PS_INT64 ? PS_INT64 : PS_INT32];

	if (isnan(d))
		return 0;
	if (d >= (double)r->max)
		return r->max;
	return d <= (double)r->min ? r->min : (int64_t)d;
}

static int64_t
wrapped(int64_t i, enum ps_type type)
{
	switch ((int)type) {
	case PS_INT8:
		return (int8_t)i;
	case PS_INT16:
		return (int16_t)i;
	case PS_INT32:
		return (int32_t)i;
	default:
		return i;
	}
}

/* The whole part's low 64 bits. */
static int64_t
decimal_int(const struct ps_value *v, int32_t scale)
{
	char digits[PS_DECIMAL_DIGITS + 16] = "";
	int negative;
	size_t n = ps_decimal_digits(digits, v->p, v->len, &negative);
	uint64_t whole = 0;

	n = scale > 0 ? (n > (size_t)scale ? n - (size_t)scale : 0) : n;
	for (size_t i = 0; i < n; i++)
		whole = whole * 10 + (uint64_t)(digits[i] - '0');
	for (; scale < 0 && whole != 0; scale++)
		whole *= 10;
	return (int64_t)(negative ? 0 - whole : whole);
}

/* NULL: it is too large. */
static char *
decimal_text(struct ps_arena *a, const struct ps_value *v, int32_t scale,
    size_t *len, struct ps_error *err)
{
	size_t zeros = scale > 0 ? (size_t)scale : 0;
	char *text;

	if (v->len > PS_DECIMAL_BYTES || zeros > PS_DECIMAL_DIGITS) {
		(void)ps_fail(err, PS_E_DATA,
		    "Decimal of %u bytes with scale %d is too large for text",
		    v->len, scale);
		return NULL;
	}
	text = (char *)ps_alloc(a, PS_DECIMAL_ROOM((size_t)v->len) + zeros + 1);
	*len = ps_decimal_put(text, v->p, v->len, scale);
	text[*len] = '\0';
	return text;
}

static bool
is_decimal(const struct ps_schema *from, const struct ps_value *v)
{
	return from != NULL && from->logical == PS_DECIMAL &&
	       v->type == PS_BYTES;
}

static int
out_of_range(const struct ps_value *v, struct ps_error *err)
{
	return ps_fail(err, PS_E_DATA,
	    "Value (%.*s) was out of range for requested data type",
	    (int)v->len, v->s);
}

static int
to_int(const struct ps_schema *from, struct ps_value *v, enum ps_type to,
    struct ps_error *err)
{
	int64_t i;

	if (ps_is_int(v))
		i = wrapped(v->i, to);
	else if (v->type == PS_FLOAT32 || v->type == PS_FLOAT64)
		i = wrapped(saturated(v->f, to), to);
	else if (v->type == PS_BOOLEAN)
		i = v->b;
	else if (v->type == PS_STRING) {
		if (!parse_whole(v->s, v->len, ranges[to].min, ranges[to].max,
			&i))
			return out_of_range(v, err);
	} else if (is_decimal(from, v) && v->len <= PS_DECIMAL_BYTES)
		i = wrapped(decimal_int(v, from->scale), to);
	else
		return no_cast(from, v, err);
	*v = ps_int(to, i);
	return 0;
}

static int
to_float(struct ps_arena *a, const struct ps_schema *from, struct ps_value *v,
    enum ps_type to, struct ps_error *err)
{
	double d = 0;
	float f = 0;
	char *text = NULL;
	size_t len;

	if (ps_is_int(v)) {
		d = (double)v->i;
		f = (float)v->i;
	} else if (v->type == PS_FLOAT32 || v->type == PS_FLOAT64) {
		d = v->f;
		f = (float)v->f;
	} else if (v->type == PS_BOOLEAN) {
		d = v->b;
		f = v->b;
	} else if (v->type == PS_STRING) {
		if (!parse_float(v->s, v->len, a, &d, &f))
			return out_of_range(v, err);
	} else if (is_decimal(from, v)) {
		text = decimal_text(a, v, from->scale, &len, err);
		if (text == NULL)
			return -1;
		d = strtod(text, NULL);
		f = strtof(text, NULL);
	} else {
		return no_cast(from, v, err);
	}
	*v = to == PS_FLOAT32 ? ps_float32(f) : ps_float64(d);
	return 0;
}

static int
to_boolean(const struct ps_schema *from, struct ps_value *v,
    struct ps_error *err)
{
	if (v->type == PS_STRING) {
		*v = ps_boolean(
		    v->len == 4 && strncasecmp(v->s, "true", 4) == 0);
		return 0;
	}
	if (v->type == PS_BOOLEAN)
		return 0;
	if (to_int(from, v, PS_INT64, err) < 0)
		return -1;
	*v = ps_boolean(v->i != 0);
	return 0;
}

static struct ps_value
date_text(struct ps_arena *a, int64_t ms)
{
	char *s = (char *)ps_alloc(a, DATETEXT_ROOM);

	return ps_string(s, datetext_iso(s, ms));
}

static int
to_text(struct ps_arena *a, const struct ps_schema *from, struct ps_value *v,
    struct ps_error *err)
{
	size_t len = 0;
	char *text = NULL;

	if (v->type == PS_STRING)
		return 0;
	if (from != NULL && from->logical >= PS_DATE &&
	    from->logical <= PS_TIMESTAMP && ps_is_int(v)) {
		*v = date_text(a,
		    from->logical == PS_DATE ? v->i * PS_MS_PER_DAY : v->i);
		return 0;
	}
	if (is_decimal(from, v)) {
		text = decimal_text(a, v, from->scale, &len, err);
		if (text == NULL)
			return -1;
	} else if (v->type == PS_BYTES) {
		text = (char *)ps_alloc(a, PS_BASE64_LEN((size_t)v->len) + 1);
		len = ps_base64_put(text, v->p, v->len);
	} else if (v->type == PS_BOOLEAN) {
		*v = v->b ? ps_string("true", 4) : ps_string("false", 5);
		return 0;
	} else {
		text = (char *)ps_alloc(a, PS_NUMBER_ROOM);
		len = v->type == PS_FLOAT64   ? ps_put_double(text, v->f)
		      : v->type == PS_FLOAT32 ? ps_put_float(text, (float)v->f)
					      : ps_put_i64(text, v->i);
	}
	*v = ps_string(text, len);
	return 0;
}

int
cast_value(struct ps_arena *a, const struct ps_schema *from, struct ps_value *v,
    enum ps_type to, struct ps_error *err)
{
	if (v->type == PS_NULL || v->type == PS_UNCHANGED)
		return 0;
	if (v->type > PS_BYTES)
		return ps_fail(err, PS_E_DATA,
		    "Cast transformation does not support casting from %s; "
		    "supported types are [INT8, INT16, INT32, INT64, FLOAT32, "
		    "FLOAT64, BOOLEAN, STRING, BYTES]",
		    class_of(from, v));
	switch ((int)to) {
	case PS_FLOAT32:
	case PS_FLOAT64:
		return to_float(a, from, v, to, err);
	case PS_BOOLEAN:
		return to_boolean(from, v, err);
	case PS_STRING:
		return to_text(a, from, v, err);
	default:
		return to_int(from, v, to, err);
	}
}
