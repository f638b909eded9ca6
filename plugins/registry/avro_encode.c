#include "avro_encode.h"

/* Of values without a schema, which may nest as they like. */
#define MAX_DEPTH 500

static const char *const type_names[] = { "null", "INT8", "INT16", "INT32",
	"INT64", "FLOAT32", "FLOAT64", "BOOLEAN", "STRING", "BYTES", "ARRAY",
	"MAP", "STRUCT", "a value that did not change" };

/* Which of Anything's fields a value is, and the branch that is no null. */
enum anything_field {
	ANY_BOOLEAN,
	ANY_BYTES,
	ANY_DOUBLE,
	ANY_FLOAT,
	ANY_INT,
	ANY_LONG,
	ANY_STRING,
	ANY_ARRAY,
	ANY_MAP,
	ANY_COUNT,
};

static int
wrong_type(struct avro_encoder *e, const struct avro_plan *n,
    const struct ps_value *v)
{
	if (v->type == PS_NULL)
		return ps_fail(e->err, PS_E_DATA,
		    "Found null value for non-optional schema");
	return ps_fail(e->err, PS_E_DATA, "Invalid type for %s: %s",
	    type_names[n->type], type_names[v->type]);
}

static void
put_float(struct bytes *o, double f)
{
	float single = (float)f;

	bytes_put(o, &single, sizeof single); /* little-endian, as we are */
}

static void
put_text(struct bytes *o, const struct ps_value *v)
{
	bytes_need(o, VARINT_MAX + (size_t)v->len);
	o->p = put_zigzag(o->p, v->len);
	memcpy(o->p, v->p, v->len);
	o->p += v->len;
}

static int
put_symbol(struct avro_encoder *e, const struct avro_plan *n,
    const struct ps_value *v)
{
	for (size_t i = 0; i < n->symbol_count; i++)
		if (ps_is_text(v, n->symbols[i])) {
			bytes_long(&e->out, (int64_t)i);
			return 0;
		}
	return ps_fail(e->err, PS_E_DATA, "\"%.*s\" is no symbol of the enum",
	    (int)(v->len > 100 ? 100 : v->len), v->s);
}

static int
put_fixed(struct avro_encoder *e, const struct avro_plan *n,
    const struct ps_value *v)
{
	size_t pad = n->size - v->len;
	int sign;

	if (v->len > n->size ||
	    (v->len != n->size && n->op != OP_DECIMAL_FIXED))
		return ps_fail(e->err, PS_E_DATA,
		    "%u bytes for a fixed type of %zu", v->len, n->size);
	sign = v->len > 0 && v->p[0] >= 0x80 ? 0xff : 0;
	bytes_need(&e->out, n->size);
	memset(e->out.p, sign, pad);
	memcpy(e->out.p + pad, v->p, v->len);
	e->out.p += n->size;
	return 0;
}

static int
put_items(struct avro_encoder *e, const struct avro_plan *n,
    const struct ps_value *v)
{
	if (v->len > 0)
		bytes_long(&e->out, v->len);
	for (uint32_t i = 0; i < v->len; i++)
		if (avro_encode(e, n->elem, &v->items[i]) < 0)
			return -1;
	bytes_long(&e->out, 0);
	return 0;
}

static int
put_pairs(struct avro_encoder *e, const struct avro_plan *n,
    const struct ps_value *v)
{
	if (v->len > 0)
		bytes_long(&e->out, v->len);
	for (uint32_t i = 0; i < v->len; i++) {
		const struct ps_pair *pair = &v->pairs[i];

		if (n->op == OP_MAP && pair->key.type != PS_STRING)
			return ps_fail(e->err, PS_E_DATA,
			    "Invalid type for a map's key: %s",
			    type_names[pair->key.type]);
		if (n->op == OP_MAP)
			put_text(&e->out, &pair->key);
		else if (avro_encode(e, n->key, &pair->key) < 0)
			return -1;
		if (avro_encode(e, n->elem, &pair->value) < 0)
			return -1;
	}
	bytes_long(&e->out, 0);
	return 0;
}

static int
put_record(struct avro_encoder *e, const struct avro_plan *n,
    const struct ps_value *v)
{
	if (__builtin_expect(v->len != n->source_count, 0))
		return ps_fail(e->err, PS_E_DATA,
		    "Mismatching struct schema: %u values for %zu fields",
		    v->len, n->source_count);
	for (size_t i = 0; i < n->field_count; i++) {
		const struct avro_plan_field *f = &n->fields[i];
		const struct ps_value *item =
		    f->source == NO_SOURCE ? f->or_null : &v->items[f->source];

		if (item->type == PS_NULL && f->or_null != NULL)
			item = f->or_null;
		if (avro_encode(e, &f->plan, item) < 0)
			return ps_fail_in(e->err, "field %s", f->name);
	}
	return 0;
}

/* The first field that is set is the union's value. */
static int
put_union(struct avro_encoder *e, const struct avro_plan *n,
    const struct ps_value *v)
{
	for (size_t i = 0; i < n->field_count && i < v->len; i++) {
		if (v->items[i].type == PS_NULL)
			continue;
		return avro_encode(e, &n->fields[i].plan, &v->items[i]);
	}
	if (!n->nullable)
		return ps_fail(e->err, PS_E_DATA,
		    "no branch of the union is set and none is null");
	bytes_put(&e->out, n->null_prefix, n->null_len);
	return 0;
}

static int
anything_of(enum ps_type type)
{
	static const signed char fields[] = { [PS_NULL] = ANY_COUNT,
		[PS_INT8] = ANY_INT,
		[PS_INT16] = ANY_INT,
		[PS_INT32] = ANY_INT,
		[PS_INT64] = ANY_LONG,
		[PS_FLOAT32] = ANY_FLOAT,
		[PS_FLOAT64] = ANY_DOUBLE,
		[PS_BOOLEAN] = ANY_BOOLEAN,
		[PS_STRING] = ANY_STRING,
		[PS_BYTES] = ANY_BYTES,
		[PS_ARRAY] = ANY_ARRAY,
		[PS_MAP] = ANY_MAP,
		[PS_STRUCT] = -1,
		[PS_UNCHANGED] = -1 };

	return fields[type];
}

static int put_anything(struct avro_encoder *e, const struct ps_value *v);

static int
put_any_items(struct avro_encoder *e, const struct ps_value *v)
{
	if (v->len > 0)
		bytes_long(&e->out, v->len);
	for (uint32_t i = 0; i < v->len; i++) {
		if (v->type == PS_ARRAY) {
			if (put_anything(e, &v->items[i]) < 0)
				return -1;
		} else if (put_anything(e, &v->pairs[i].key) < 0 ||
			   put_anything(e, &v->pairs[i].value) < 0) {
			return -1;
		}
	}
	bytes_long(&e->out, 0);
	return 0;
}

static int
put_any_value(struct avro_encoder *e, const struct ps_value *v)
{
	struct bytes *o = &e->out;

	switch (v->type) {
	case PS_BOOLEAN:
		bytes_put(o, v->b ? "\1" : "\0", 1);
		return 0;
	case PS_INT8:
	case PS_INT16:
	case PS_INT32:
	case PS_INT64:
		bytes_long(o, v->i);
		return 0;
	case PS_FLOAT32:
		put_float(o, v->f);
		return 0;
	case PS_FLOAT64:
		bytes_put(o, &v->f, sizeof v->f);
		return 0;
	case PS_STRING:
	case PS_BYTES:
		put_text(o, v);
		return 0;
	case PS_ARRAY:
	case PS_MAP:
		return put_any_items(e, v);
	case PS_NULL:
	case PS_STRUCT:
	case PS_UNCHANGED:
		break;
	}
	return 0;
}

/* A record of nine unions of which at most one is not null. */
static int
put_anything(struct avro_encoder *e, const struct ps_value *v)
{
	int set = anything_of(v->type);

	if (set < 0)
		return ps_fail(e->err, PS_E_DATA,
		    "Unknown type for schemaless data: %s",
		    type_names[v->type]);
	if (++e->depth > MAX_DEPTH)
		return ps_fail(e->err, PS_E_DATA, "value nests deeper than %d",
		    MAX_DEPTH);
	for (int i = 0; i < ANY_COUNT; i++) {
		bytes_put(&e->out, i == set ? "\2" : "\0", 1);
		if (i == set && put_any_value(e, v) < 0)
			return -1;
	}
	e->depth--;
	return 0;
}

static int
put_value(struct avro_encoder *e, const struct avro_plan *n,
    const struct ps_value *v)
{
	struct bytes *o = &e->out;

	switch (n->op) {
	case OP_INT:
		bytes_long(o, v->i);
		return 0;
	case OP_TEXT:
		put_text(o, v);
		return 0;
	case OP_BOOLEAN:
		bytes_put(o, v->b ? "\1" : "\0", 1);
		return 0;
	case OP_FLOAT:
		put_float(o, v->f);
		return 0;
	case OP_DOUBLE:
		bytes_put(o, &v->f, sizeof v->f);
		return 0;
	case OP_SYMBOL:
		return put_symbol(e, n, v);
	case OP_FIXED:
	case OP_DECIMAL_FIXED:
		return put_fixed(e, n, v);
	case OP_ARRAY:
		return put_items(e, n, v);
	case OP_MAP:
	case OP_PAIRS:
		return put_pairs(e, n, v);
	case OP_RECORD:
		return put_record(e, n, v);
	case OP_UNION:
		return put_union(e, n, v);
	case OP_ANYTHING:
		return put_anything(e, v);
	}
	return 0;
}

int
avro_encode(struct avro_encoder *e, const struct avro_plan *n,
    const struct ps_value *v)
{
	if (__builtin_expect(v->type != n->type && n->op != OP_ANYTHING, 0)) {
		if (v->type != PS_NULL || !n->nullable)
			return wrong_type(e, n, v);
		bytes_put(&e->out, n->null_prefix, n->null_len);
		return 0;
	}
	if (n->prefix_len == 1) {
		bytes_need(&e->out, 1);
		*e->out.p++ = n->prefix[0];
	} else if (n->prefix_len > 0) {
		bytes_put(&e->out, n->prefix, n->prefix_len);
	}
	return put_value(e, n, v);
}
