#include "avro_decode.h"

#include "avro_params.h"
#include "utf8.h"

/* Of values without a schema. */
#define MAX_DEPTH 500
/* Elements that take no bytes: more are taken for an attack. */
#define MAX_EMPTY  65536
#define MAX_VARINT 10

static int
too_short(struct avro_decoder *d)
{
	return ps_fail(d->err, PS_E_DATA, "the payload ends too early");
}

static int
get_long(struct avro_decoder *d, int64_t *out)
{
	uint64_t v = 0;

	*out = 0;
	for (unsigned shift = 0; shift < 7 * MAX_VARINT; shift += 7) {
		uint8_t b;

		if (d->p == d->end)
			return too_short(d);
		b = *d->p++;
		v |= (uint64_t)(b & 0x7f) << shift;
		if (b < 0x80) {
			*out = (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
			return 0;
		}
	}
	return ps_fail(d->err, PS_E_DATA, "a number takes more than %d bytes",
	    MAX_VARINT);
}

static int
get_int(struct avro_decoder *d, int64_t *out)
{
	if (get_long(d, out) < 0)
		return -1;
	if (*out < INT32_MIN || *out > INT32_MAX)
		return ps_fail(d->err, PS_E_DATA, "%lld is no int",
		    (long long)*out);
	return 0;
}

static int
get_raw(struct avro_decoder *d, void *to, size_t len)
{
	if ((size_t)(d->end - d->p) < len)
		return too_short(d);
	memcpy(to, d->p, len);
	d->p += len;
	return 0;
}

/* A length and that many bytes. */
static int
get_slice(struct avro_decoder *d, const uint8_t **s, size_t *len)
{
	int64_t n = 0;

	*s = NULL;
	*len = 0;
	if (get_long(d, &n) < 0)
		return -1;
	if (n < 0 || n > d->end - d->p)
		return ps_fail(d->err, PS_E_DATA,
		    "a length of %lld, and %zu bytes are left", (long long)n,
		    (size_t)(d->end - d->p));
	*s = d->p;
	*len = (size_t)n;
	d->p += n;
	return 0;
}

static int
get_text(struct avro_decoder *d, struct ps_value *out)
{
	const uint8_t *s = NULL;
	size_t len = 0;

	if (get_slice(d, &s, &len) < 0)
		return -1;
	*out = utf8_value(d->arena, s, len);
	return 0;
}

static int
get_bytes(struct avro_decoder *d, struct ps_value *out)
{
	const uint8_t *s = NULL;
	size_t len = 0;

	if (get_slice(d, &s, &len) < 0)
		return -1;
	*out = ps_bytes(s, len);
	return 0;
}

static int
get_index(struct avro_decoder *d, size_t count, const char *what, size_t *out)
{
	int64_t i = 0;

	if (get_long(d, &i) < 0)
		return -1;
	if (i < 0 || (uint64_t)i >= count)
		return ps_fail(d->err, PS_E_DATA,
		    "%s %lld is none of %zu of the schema", what, (long long)i,
		    count);
	*out = (size_t)i;
	return 0;
}

/* How many elements the next block has, 0 at the end. */
static int
get_block(struct avro_decoder *d, size_t least, size_t had, size_t *count)
{
	int64_t n = 0, size;
	uint64_t most;

	*count = 0;
	if (get_long(d, &n) < 0)
		return -1;
	if (n < 0) {
		if (get_long(d, &size) < 0)
			return -1;
		n = n == INT64_MIN ? INT64_MAX : -n;
	}
	most = least == 0 ? MAX_EMPTY - (had < MAX_EMPTY ? had : MAX_EMPTY)
			  : (uint64_t)(d->end - d->p) / least;
	if ((uint64_t)n > most)
		return ps_fail(d->err, PS_E_DATA,
		    "a block of %lld elements, and %zu bytes are left",
		    (long long)n, (size_t)(d->end - d->p));
	*count = (size_t)n;
	return 0;
}

/* `size` bytes each; what was there is copied. */
static void *
more_room(struct avro_decoder *d, const void *old, size_t had, size_t count,
    size_t size)
{
	char *grown = (char *)ps_alloc(d->arena, (had + count) * size);

	if (had > 0)
		memcpy(grown, old, had * size);
	return grown;
}

static int
get_items(struct avro_decoder *d, const struct avro_reading *n,
    struct ps_value *out)
{
	struct ps_value *items = NULL;
	size_t had = 0, count = 0;

	for (;;) {
		if (get_block(d, n->elem->least, had, &count) < 0)
			return -1;
		if (count == 0)
			break;
		items = (struct ps_value *)more_room(d, items, had, count,
		    sizeof *items);
		for (; count > 0; count--)
			if (avro_decode(d, n->elem, &items[had++]) < 0)
				return -1;
	}
	*out = ps_array(items, had);
	return 0;
}

static int
get_pair(struct avro_decoder *d, const struct avro_reading *n,
    struct ps_pair *pair)
{
	if (n->how == READ_MAP)
		return get_text(d, &pair->key) < 0
			   ? -1
			   : avro_decode(d, n->elem, &pair->value);
	if (n->key_is_second)
		return avro_decode(d, n->elem, &pair->value) < 0
			   ? -1
			   : avro_decode(d, n->key, &pair->key);
	return avro_decode(d, n->key, &pair->key) < 0
		   ? -1
		   : avro_decode(d, n->elem, &pair->value);
}

static int
get_pairs(struct avro_decoder *d, const struct avro_reading *n,
    struct ps_value *out)
{
	size_t least =
	    n->elem->least + (n->how == READ_MAP ? 1 : n->key->least);
	struct ps_pair *pairs = NULL;
	size_t had = 0, count = 0;

	for (;;) {
		if (get_block(d, least, had, &count) < 0)
			return -1;
		if (count == 0)
			break;
		pairs = (struct ps_pair *)more_room(d, pairs, had, count,
		    sizeof *pairs);
		for (; count > 0; count--)
			if (get_pair(d, n, &pairs[had++]) < 0)
				return -1;
	}
	*out = ps_map(pairs, had);
	return 0;
}

static int
get_record(struct avro_decoder *d, const struct avro_reading *n,
    struct ps_value *out)
{
	struct ps_value *fields =
	    (struct ps_value *)ps_alloc(d->arena, n->count * sizeof *fields);

	for (size_t i = 0; i < n->count; i++)
		if (avro_decode(d, &n->parts[i], &fields[i]) < 0)
			return -1;
	*out = ps_struct(fields, n->count);
	return 0;
}

static int
get_union(struct avro_decoder *d, const struct avro_reading *n,
    struct ps_value *out)
{
	struct ps_value *fields;
	size_t i = 0;

	if (get_index(d, n->place_count, "branch", &i) < 0)
		return -1;
	*out = ps_null();
	if (n->parts[i].how == READ_NULL)
		return 0;
	fields =
	    (struct ps_value *)ps_calloc(d->arena, n->count, sizeof *fields);
	*out = ps_struct(fields, n->count);
	return avro_decode(d, &n->parts[i], &fields[n->places[i]]);
}

/* ---- Values without a schema ---- */

static int get_anything(struct avro_decoder *d, struct ps_value *out);

/* The least that a value without a schema takes: nine branches. */
#define LEAST_ANYTHING 9

static int
get_any_items(struct avro_decoder *d, struct ps_value *out)
{
	struct ps_value *items = NULL;
	size_t had = 0, count = 0;

	for (;;) {
		if (get_block(d, LEAST_ANYTHING, had, &count) < 0)
			return -1;
		if (count == 0)
			break;
		items = (struct ps_value *)more_room(d, items, had, count,
		    sizeof *items);
		for (; count > 0; count--)
			if (get_anything(d, &items[had++]) < 0)
				return -1;
	}
	*out = ps_array(items, had);
	return 0;
}

static int
get_any_pairs(struct avro_decoder *d, struct ps_value *out)
{
	struct ps_pair *pairs = NULL;
	size_t had = 0, count = 0;

	for (;;) {
		if (get_block(d, (size_t)2 * LEAST_ANYTHING, had, &count) < 0)
			return -1;
		if (count == 0)
			break;
		pairs = (struct ps_pair *)more_room(d, pairs, had, count,
		    sizeof *pairs);
		for (; count > 0; count--, had++)
			if (get_anything(d, &pairs[had].key) < 0 ||
			    get_anything(d, &pairs[had].value) < 0)
				return -1;
	}
	*out = ps_map(pairs, had);
	return 0;
}

static int
get_any_field(struct avro_decoder *d, int field, struct ps_value *out)
{
	static const struct avro_reading scalars[] = {
		{ .how = READ_BOOLEAN },
		{ .how = READ_BYTES },
		{ .how = READ_DOUBLE },
		{ .how = READ_FLOAT },
		{ .how = READ_INT32 },
		{ .how = READ_INT64 },
		{ .how = READ_TEXT },
	};
	const int array = sizeof scalars / sizeof *scalars;

	if (field < array)
		return avro_decode(d, &scalars[field], out);
	return field == array ? get_any_items(d, out) : get_any_pairs(d, out);
}

/* The first of nine fields that is set counts. */
static int
get_anything(struct avro_decoder *d, struct ps_value *out)
{
	struct ps_value v, *to;
	size_t branch = 0;

	if (++d->depth > MAX_DEPTH)
		return ps_fail(d->err, PS_E_DATA, "value nests deeper than %d",
		    MAX_DEPTH);
	*out = ps_null();
	for (int i = 0; i < LEAST_ANYTHING; i++) {
		if (get_index(d, 2, "branch", &branch) < 0)
			return -1;
		if (branch == 0)
			continue;
		to = out->type == PS_NULL ? out : &v;
		if (get_any_field(d, i, to) < 0)
			return -1;
	}
	d->depth--;
	return 0;
}

/* ---- One value ---- */

static int
get_scalar(struct avro_decoder *d, enum avro_read how, struct ps_value *out)
{
	float single = 0;
	double number = 0;
	uint8_t byte = 0;
	int rc;

	if (how == READ_FLOAT) {
		rc = get_raw(d, &single, sizeof single);
		*out = ps_float32(single);
	} else if (how == READ_DOUBLE) {
		rc = get_raw(d, &number, sizeof number);
		*out = ps_float64(number);
	} else {
		rc = get_raw(d, &byte, 1);
		*out = ps_boolean(byte == 1);
	}
	return rc;
}

static int
get_symbol(struct avro_decoder *d, const struct avro_reading *n,
    struct ps_value *out)
{
	size_t i = 0;

	if (get_index(d, n->count, "symbol", &i) < 0)
		return -1;
	/* The plan may go before the batch does. */
	*out = value_kept(d->arena, &n->symbols[i]);
	return 0;
}

static int
get_fixed(struct avro_decoder *d, const struct avro_reading *n,
    struct ps_value *out)
{
	if ((size_t)(d->end - d->p) < n->size)
		return too_short(d);
	*out = ps_bytes(d->p, n->size);
	d->p += n->size;
	return 0;
}

static int
get_branch(struct avro_decoder *d, const struct avro_reading *n,
    struct ps_value *out)
{
	size_t i = 0;

	if (get_index(d, n->count, "branch", &i) < 0)
		return -1;
	return avro_decode(d, &n->parts[i], out);
}

static int
get_integer(struct avro_decoder *d, enum avro_read how, struct ps_value *out)
{
	int64_t v = 0;

	if ((how == READ_INT64 ? get_long(d, &v) : get_int(d, &v)) < 0)
		return -1;
	*out = how == READ_INT64   ? ps_int64(v)
	       : how == READ_INT32 ? ps_int(PS_INT32, v)
	       : how == READ_INT16 ? ps_int(PS_INT16, (int16_t)v)
				   : ps_int(PS_INT8, (int8_t)v);
	return 0;
}

int
avro_decode(struct avro_decoder *d, const struct avro_reading *n,
    struct ps_value *out)
{
	switch (n->how) {
	case READ_NULL:
		*out = ps_null();
		return 0;
	case READ_INT8:
	case READ_INT16:
	case READ_INT32:
	case READ_INT64:
		return get_integer(d, n->how, out);
	case READ_TEXT:
		return get_text(d, out);
	case READ_BYTES:
		return get_bytes(d, out);
	case READ_BOOLEAN:
	case READ_FLOAT:
	case READ_DOUBLE:
		return get_scalar(d, n->how, out);
	case READ_FIXED:
		return get_fixed(d, n, out);
	case READ_SYMBOL:
		return get_symbol(d, n, out);
	case READ_ARRAY:
		return get_items(d, n, out);
	case READ_MAP:
	case READ_PAIRS:
		return get_pairs(d, n, out);
	case READ_RECORD:
		return get_record(d, n, out);
	case READ_BRANCH:
		return get_branch(d, n, out);
	case READ_UNION:
		return get_union(d, n, out);
	case READ_ANYTHING:
		return get_anything(d, out);
	}
	return -1;
}
