#include <assert.h>
#include <stdlib.h>

#include <penstock/ascii.h>

#include "primitive.h"
#include "text.h"

struct scalar {
	const struct ps_class *class;
	enum ps_type type;
	const struct ps_host *host;
	struct ps_schema draft; /* of what is read */
};

static const struct kind {
	const char *name, *java;
	size_t size; /* 0: any */
} kinds[] = {
	[PS_INT16] = { "short", "ShortConverter", 2 },
	[PS_INT32] = { "integer", "IntegerConverter", 4 },
	[PS_INT64] = { "long", "LongConverter", 8 },
	[PS_FLOAT32] = { "float", "FloatConverter", 4 },
	[PS_FLOAT64] = { "double", "DoubleConverter", 8 },
	[PS_BOOLEAN] = { "boolean", "BooleanConverter", 1 },
	[PS_STRING] = { "string", "StringConverter", 0 },
	[PS_BYTES] = { "bytes", "ByteArrayConverter", 0 },
};

static const char *const type_names[] = { "NULL", "INT8", "INT16", "INT32",
	"INT64", "FLOAT32", "FLOAT64", "BOOLEAN", "STRING", "BYTES", "ARRAY",
	"MAP", "STRUCT", "UNCHANGED" };

static const char *const class_names[] = { "null", "java.lang.Byte",
	"java.lang.Short", "java.lang.Integer", "java.lang.Long",
	"java.lang.Float", "java.lang.Double", "java.lang.Boolean",
	"java.lang.String", "[B", "java.util.ArrayList", "java.util.HashMap",
	"org.apache.kafka.connect.data.Struct", "a value that did not change" };

static void *
create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *config, struct ps_error *err)
{
	struct scalar *c;

	(void)config;
	(void)err;
	c = (struct scalar *)calloc(1, sizeof *c);
	assert(c != NULL);
	c->class = self;
	c->type = (enum ps_type)self->variant;
	c->host = h;
	c->draft = (struct ps_schema){ .type = c->type, .optional = true };
	return c;
}

static void
put_big_endian(uint8_t *to, uint64_t bits, size_t size)
{
	for (size_t i = 0; i < size; i++)
		to[i] = (uint8_t)(bits >> 8 * (size - 1 - i));
}

static uint64_t
get_big_endian(const uint8_t *p, size_t size)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < size; i++)
		bits = bits << 8 | p[i];
	return bits;
}

static uint64_t
bits_of(const struct ps_value *v)
{
	uint64_t bits;
	uint32_t half;
	float f;

	if (v->type == PS_FLOAT64) {
		memcpy(&bits, &v->f, sizeof bits);
		return bits;
	}
	if (v->type == PS_FLOAT32) {
		f = (float)v->f;
		memcpy(&half, &f, sizeof half);
		return half;
	}
	return v->type == PS_BOOLEAN ? v->b : (uint64_t)v->i;
}

static struct ps_value
value_of(enum ps_type type, uint64_t bits)
{
	uint32_t half = (uint32_t)bits;
	double d;
	float f;

	switch (type) {
	case PS_FLOAT64:
		memcpy(&d, &bits, sizeof d);
		return ps_float64(d);
	case PS_FLOAT32:
		memcpy(&f, &half, sizeof f);
		return ps_float32(f);
	case PS_BOOLEAN:
		return ps_boolean(bits != 0);
	case PS_INT16:
		return ps_int(type, (int16_t)(uint16_t)bits);
	case PS_INT32:
		return ps_int(type, (int32_t)half);
	default:
		return ps_int64((int64_t)bits);
	}
}

/* What Java has an object of its own for, where we have its base type. */
static const char *
logical_class(const struct ps_schema *s)
{
	if (s == NULL || s->logical == PS_PLAIN || s->logical == PS_OTHER)
		return NULL;
	return s->logical == PS_DECIMAL ? "java.math.BigDecimal"
					: "java.util.Date";
}

static int
encode_number(struct scalar *c, struct ps_arena *a, const struct ps_value *v,
    struct ps_slice *raw, struct ps_error *err)
{
	const struct kind *k = &kinds[c->type];
	uint8_t *p;

	if (v->type != c->type)
		return ps_fail(err, PS_E_DATA,
		    "Failed to serialize to %s (was class %s): ", k->name,
		    class_names[v->type]);
	p = (uint8_t *)ps_alloc(a, k->size);
	put_big_endian(p, bits_of(v), k->size);
	*raw = (struct ps_slice){ p, k->size };
	return 0;
}

static int
encode_text(struct ps_arena *a, const struct ps_schema *s,
    const struct ps_value *v, struct ps_slice *raw, struct ps_error *err)
{
	struct text t = { a, NULL, 0, 0 };

	if (v->type == PS_STRING) {
		*raw = (struct ps_slice){
			(const uint8_t *)(v->len > 0 ? v->s : ""), v->len
		};
		return 0;
	}
	if (text_of_value(&t, s, v, 0, err) < 0)
		return -1;
	*raw =
	    (struct ps_slice){ (const uint8_t *)(t.len > 0 ? t.s : ""), t.len };
	return 0;
}

static int
wrong_schema(const struct scalar *c, const struct ps_schema *s,
    struct ps_error *err)
{
	return ps_fail(err, PS_E_DATA, "Invalid schema type for %s: %s",
	    kinds[c->type].java, type_names[s->type]);
}

static int
encode_value(struct scalar *c, struct ps_arena *a, const struct ps_schema *s,
    const struct ps_value *v, struct ps_slice *raw, struct ps_error *err)
{
	bool strict = c->type == PS_BYTES || c->type == PS_BOOLEAN;

	*raw = (struct ps_slice){ NULL, 0 };
	if (strict && s != NULL && s->type != c->type)
		return wrong_schema(c, s, err);
	if (v->type == PS_NULL)
		return 0;
	if (c->type == PS_STRING)
		return encode_text(a, s, v, raw, err);
	if (logical_class(s) != NULL)
		return ps_fail(err, PS_E_DATA,
		    "%s is not compatible with objects of type class %s",
		    kinds[c->type].java, logical_class(s));
	if (strict && v->type != c->type)
		return ps_fail(err, PS_E_DATA,
		    "%s is not compatible with objects of type class %s",
		    kinds[c->type].java, class_names[v->type]);
	if (c->type != PS_BYTES)
		return encode_number(c, a, v, raw, err);
	*raw = (struct ps_slice){ v->len > 0 ? v->p : (const uint8_t *)"",
		v->len };
	return 0;
}

/* What the second byte of a character may be, by the first. */
static bool
fits_second(uint8_t first, uint8_t second)
{
	uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;

	return second >= low && second <= high;
}

static bool
is_surrogate(const uint8_t *p, size_t room)
{
	return p[0] == 0xed && room > 2 && p[1] >= 0xa0 && p[1] < 0xc0 &&
	       (p[2] & 0xc0) == 0x80;
}

/* How many bytes of a character are well-formed at `p`; `whole`: all. */
static size_t
utf8_prefix(const uint8_t *p, size_t room, bool *whole)
{
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4, i;

	*whole = n == 1;
	if (n == 1 || p[0] < 0xc2 || p[0] > 0xf4)
		return 1;
	if (is_surrogate(p, room))
		return 3; /* counts as one */
	if (room < 2 || !fits_second(p[0], p[1]))
		return 1;
	for (i = 2; i < n && i < room && (p[i] & 0xc0) == 0x80;)
		i++;
	*whole = i == n;
	return i;
}

struct ps_value
primitive_text(struct ps_arena *a, const struct ps_slice *raw)
{
	size_t i = ps_ascii_prefix(raw->data, raw->len), n;
	bool whole = true;
	struct text t = { a, NULL, 0, 0 };

	while (i < raw->len && whole) {
		n = utf8_prefix(raw->data + i, raw->len - i, &whole);
		i += whole ? n : 0;
		i += ps_ascii_prefix(raw->data + i, raw->len - i);
	}
	if (i == raw->len)
		return ps_string((const char *)raw->data, raw->len);
	text_add(&t, (const char *)raw->data, i);
	for (; i < raw->len; i += n) {
		n = utf8_prefix(raw->data + i, raw->len - i, &whole);
		if (whole)
			text_add(&t, (const char *)raw->data + i, n);
		else
			text_add(&t, "\xef\xbf\xbd", 3);
	}
	return ps_string(t.s, t.len);
}

static int
decode_value(struct scalar *c, struct ps_arena *a, const struct ps_slice *raw,
    struct ps_value *v, struct ps_error *err)
{
	const struct kind *k = &kinds[c->type];

	*v = ps_null();
	if (raw->data == NULL)
		return 0;
	if (c->type == PS_STRING) {
		*v = primitive_text(a, raw);
		return 0;
	}
	if (c->type == PS_BYTES) {
		*v = ps_bytes(raw->data, raw->len);
		return 0;
	}
	if (raw->len != k->size || (c->type == PS_BOOLEAN && *raw->data > 1))
		return ps_fail(err, PS_E_DATA,
		    "Failed to deserialize %s: %zu bytes, expected %zu",
		    k->name, raw->len, k->size);
	*v = value_of(c->type, get_big_endian(raw->data, k->size));
	return 0;
}

static enum ps_stage
stage_of(enum ps_part part)
{
	return part == PS_PART_KEY ? PS_STAGE_KEY_CONVERTER
				   : PS_STAGE_VALUE_CONVERTER;
}

static void
fail(struct scalar *c, struct ps_batch *b, struct ps_record *r,
    enum ps_part part, struct ps_error *err)
{
	ps_record_fail(b, r, stage_of(part), c->class->aliases[0], err);
	ps_error_clear(err);
}

static void
encode(void *state, struct ps_batch *b, struct ps_record *const *records,
    size_t count, enum ps_part part)
{
	struct scalar *c = (struct scalar *)state;
	struct ps_error err;
	int rc;

	ps_error_clear(&err);
	for (size_t i = 0; i < count; i++) {
		struct ps_record *r = records[i];

		rc = part == PS_PART_KEY
			 ? encode_value(c, b->arena, r->key_schema, &r->key,
			       &r->raw_key, &err)
			 : encode_value(c, b->arena, r->value_schema, &r->value,
			       &r->raw_value, &err);
		if (rc < 0)
			fail(c, b, r, part, &err);
	}
}

static void
decode(void *state, struct ps_batch *b, struct ps_record *const *records,
    size_t count, enum ps_part part)
{
	struct scalar *c = (struct scalar *)state;
	const struct ps_schema *schema = c->host->intern(c->host, &c->draft);
	struct ps_error err;
	int rc;

	ps_error_clear(&err);
	for (size_t i = 0; i < count; i++) {
		struct ps_record *r = records[i];

		*(part == PS_PART_KEY ? &r->key_schema : &r->value_schema) =
		    schema;
		rc = part == PS_PART_KEY
			 ? decode_value(c, b->arena, &r->raw_key, &r->key, &err)
			 : decode_value(c, b->arena, &r->raw_value, &r->value,
			       &err);
		if (rc < 0)
			fail(c, b, r, part, &err);
	}
}

static void
check(void *state, struct ps_batch *b, struct ps_record *const *records,
    size_t count, enum ps_part part)
{
	struct scalar *c = (struct scalar *)state;
	struct ps_value v;
	struct ps_error err;

	if (kinds[c->type].size == 0)
		return; /* all bytes are text and bytes */
	ps_error_clear(&err);
	for (size_t i = 0; i < count; i++) {
		struct ps_record *r = records[i];

		if (decode_value(c, b->arena,
			part == PS_PART_KEY ? &r->raw_key : &r->raw_value, &v,
			&err) < 0)
			fail(c, b, r, part, &err);
	}
}

const struct ps_converter_ops primitive_ops = {
	.create = create,
	.encode = encode,
	.decode = decode,
	.check = check,
	.destroy = free,
};

static int
encode_header(void *state, struct ps_arena *a, const char *topic,
    struct ps_header *header, struct ps_error *err)
{
	(void)topic;
	return encode_value((struct scalar *)state, a, header->schema,
	    &header->value, &header->raw, err);
}

static int
decode_header(void *state, struct ps_arena *a, const char *topic,
    struct ps_header *header, struct ps_error *err)
{
	struct scalar *c = (struct scalar *)state;

	(void)topic;
	header->schema = c->host->intern(c->host, &c->draft);
	return decode_value(c, a, &header->raw, &header->value, err);
}

const struct ps_header_converter_ops primitive_header_ops = {
	.create = create,
	.encode = encode_header,
	.decode = decode_header,
	.destroy = free,
};
