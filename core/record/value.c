#include "record/value.h"

#include <math.h>

static const struct ps_value *
copy_items(struct ps_arena *a, const struct ps_value *items, size_t count)
{
	struct ps_value *out = ps_alloc(a, count * sizeof *out);

	for (size_t i = 0; i < count; i++)
		out[i] = value_copy(a, &items[i]);
	return out;
}

static const struct ps_pair *
copy_pairs(struct ps_arena *a, const struct ps_pair *pairs, size_t count)
{
	struct ps_pair *out = ps_alloc(a, count * sizeof *out);

	for (size_t i = 0; i < count; i++) {
		out[i].key = value_copy(a, &pairs[i].key);
		out[i].value = value_copy(a, &pairs[i].value);
	}
	return out;
}

struct ps_value
value_copy(struct ps_arena *a, const struct ps_value *v)
{
	struct ps_value out = *v;

	switch (v->type) {
	case PS_STRING:
	case PS_BYTES:
		out.s = ps_strndup(a, v->len == 0 ? "" : v->s, v->len);
		break;
	case PS_ARRAY:
	case PS_STRUCT:
		out.items = copy_items(a, v->items, v->len);
		break;
	case PS_MAP:
		out.pairs = copy_pairs(a, v->pairs, v->len);
		break;
	case PS_NULL:
	case PS_INT8:
	case PS_INT16:
	case PS_INT32:
	case PS_INT64:
	case PS_FLOAT32:
	case PS_FLOAT64:
	case PS_BOOLEAN:
	case PS_UNCHANGED:
		break;
	}
	return out;
}

static bool
items_equal(const struct ps_value *x, const struct ps_value *y)
{
	if (x->len != y->len)
		return false;
	for (uint32_t i = 0; i < x->len; i++)
		if (!value_equal(&x->items[i], &y->items[i]))
			return false;
	return true;
}

static const struct ps_value *
find(const struct ps_value *map, const struct ps_value *key)
{
	for (uint32_t i = 0; i < map->len; i++)
		if (value_equal(&map->pairs[i].key, key))
			return &map->pairs[i].value;
	return NULL;
}

static bool
maps_equal(const struct ps_value *x, const struct ps_value *y)
{
	if (x->len != y->len)
		return false;
	for (uint32_t i = 0; i < x->len; i++) {
		const struct ps_value *other = find(y, &x->pairs[i].key);

		if (other == NULL || !value_equal(&x->pairs[i].value, other))
			return false;
	}
	return true;
}

/* As Java's Double.equals: NaN is NaN, 0.0 is not -0.0. */
static bool
floats_equal(double x, double y)
{
	if (isnan(x) || isnan(y))
		return isnan(x) && isnan(y);
	return x == y && signbit(x) == signbit(y);
}

bool
value_equal(const struct ps_value *x, const struct ps_value *y)
{
	if (ps_is_int(x) && ps_is_int(y))
		return x->i == y->i;
	if (x->type != y->type)
		return false;
	switch (x->type) {
	case PS_FLOAT32:
	case PS_FLOAT64:
		return floats_equal(x->f, y->f);
	case PS_BOOLEAN:
		return x->b == y->b;
	case PS_STRING:
	case PS_BYTES:
		return x->len == y->len &&
		       (x->len == 0 || memcmp(x->s, y->s, x->len) == 0);
	case PS_ARRAY:
	case PS_STRUCT:
		return items_equal(x, y);
	case PS_MAP:
		return maps_equal(x, y);
	case PS_NULL:
	case PS_INT8:
	case PS_INT16:
	case PS_INT32:
	case PS_INT64:
	case PS_UNCHANGED:
		break;
	}
	return true;
}

const char *
value_type_name(enum ps_type type)
{
	static const char *const names[] = {
		[PS_NULL] = "NULL",
		[PS_INT8] = "INT8",
		[PS_INT16] = "INT16",
		[PS_INT32] = "INT32",
		[PS_INT64] = "INT64",
		[PS_FLOAT32] = "FLOAT32",
		[PS_FLOAT64] = "FLOAT64",
		[PS_BOOLEAN] = "BOOLEAN",
		[PS_STRING] = "STRING",
		[PS_BYTES] = "BYTES",
		[PS_ARRAY] = "ARRAY",
		[PS_MAP] = "MAP",
		[PS_STRUCT] = "STRUCT",
		[PS_UNCHANGED] = "UNCHANGED",
	};

	return names[type];
}
