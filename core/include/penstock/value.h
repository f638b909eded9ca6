/*
 * value: one datum, 16 bytes, tagged.
 *
 * Text, bytes and elements are borrowed: they live in the arena of the batch
 * that carries the value, or longer. A struct holds its fields in the order
 * of its schema; without a schema objects are maps with string keys.
 * PS_UNCHANGED says that the source knows the field did not change but not
 * what it holds: it is no null and never reaches a converter's output.
 */
#ifndef PENSTOCK_VALUE_H
#define PENSTOCK_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <penstock/arena.h>

enum ps_type {
	PS_NULL = 0,
	PS_INT8,
	PS_INT16,
	PS_INT32,
	PS_INT64,
	PS_FLOAT32,
	PS_FLOAT64,
	PS_BOOLEAN,
	PS_STRING, /* UTF-8, not NUL-terminated */
	PS_BYTES,
	PS_ARRAY,
	PS_MAP,
	PS_STRUCT,
	PS_UNCHANGED,
};

struct ps_pair;

struct ps_value {
	enum ps_type type;
	uint32_t len; /* bytes, elements, pairs or fields */
	union {
		int64_t i; /* INT8 .. INT64 */
		double f;  /* FLOAT32 (exactly a float), FLOAT64 */
		bool b;
		const char *s;
		const uint8_t *p;
		const struct ps_value *items; /* ARRAY, STRUCT */
		const struct ps_pair *pairs;  /* MAP */
	};
};

struct ps_pair {
	struct ps_value key, value;
};

_Static_assert(sizeof(struct ps_value) == 16, "a value is 16 bytes");

static inline struct ps_value
ps_null(void)
{
	return (struct ps_value){ .type = PS_NULL };
}

/* An integer of the given integer type. */
static inline struct ps_value
ps_int(enum ps_type type, int64_t i)
{
	return (struct ps_value){ .type = type, .i = i };
}

static inline struct ps_value
ps_int64(int64_t i)
{
	return ps_int(PS_INT64, i);
}

static inline struct ps_value
ps_float64(double f)
{
	return (struct ps_value){ .type = PS_FLOAT64, .f = f };
}

static inline struct ps_value
ps_float32(float f)
{
	return (struct ps_value){ .type = PS_FLOAT32, .f = (double)f };
}

static inline struct ps_value
ps_boolean(bool b)
{
	return (struct ps_value){ .type = PS_BOOLEAN, .b = b };
}

static inline struct ps_value
ps_string(const char *s, size_t len)
{
	return (
	    struct ps_value){ .type = PS_STRING, .len = (uint32_t)len, .s = s };
}

static inline struct ps_value
ps_text(const char *s)
{
	return ps_string(s, strlen(s));
}

static inline struct ps_value
ps_bytes(const void *p, size_t len)
{
	return (struct ps_value){ .type = PS_BYTES,
		.len = (uint32_t)len,
		.p = (const uint8_t *)p };
}

static inline struct ps_value
ps_array(const struct ps_value *items, size_t count)
{
	return (struct ps_value){ .type = PS_ARRAY,
		.len = (uint32_t)count,
		.items = items };
}

static inline struct ps_value
ps_struct(const struct ps_value *fields, size_t count)
{
	return (struct ps_value){ .type = PS_STRUCT,
		.len = (uint32_t)count,
		.items = fields };
}

static inline struct ps_value
ps_map(const struct ps_pair *pairs, size_t count)
{
	return (struct ps_value){ .type = PS_MAP,
		.len = (uint32_t)count,
		.pairs = pairs };
}

/* A map with one key, which is not copied. */
static inline struct ps_value
ps_map_of(struct ps_arena *a, const char *key, struct ps_value value)
{
	struct ps_pair *pair = (struct ps_pair *)ps_alloc(a, sizeof *pair);

	pair->key = ps_text(key);
	pair->value = value;
	return ps_map(pair, 1);
}

static inline bool
ps_is_int(const struct ps_value *v)
{
	return v->type >= PS_INT8 && v->type <= PS_INT64;
}

static inline bool
ps_is_text(const struct ps_value *v, const char *s)
{
	size_t len = strlen(s);

	return v->type == PS_STRING && v->len == len &&
	       memcmp(v->s, s, len) == 0;
}

/* The value at a string key of a map, or NULL. */
static inline const struct ps_value *
ps_map_find(const struct ps_value *map, const char *key)
{
	if (map->type != PS_MAP)
		return NULL;
	for (uint32_t i = 0; i < map->len; i++)
		if (ps_is_text(&map->pairs[i].key, key))
			return &map->pairs[i].value;
	return NULL;
}

#endif
