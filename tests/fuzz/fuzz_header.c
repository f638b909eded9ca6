/*
 * Any header text is read. What is written of it is a text that is read and
 * written alike for ever after, but for floats, which may be whole as floats
 * and integers after that, and for quotes inside of lists and maps, which
 * Java escapes and does not read as escaped, and for dates there of before
 * 1970-01-02, which it writes as times; integers and booleans are the same
 * ones when they are read again, and floats as large.
 */
#include <assert.h>
#include <string.h>

#include <penstock/abi.h>
#include <penstock/converter.h>

#include "base/arena.h"
#include "record/intern.h"
#include "record/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern const struct ps_plugin penstock_plugin;

struct instance {
	struct intern *schemas;
	struct ps_arena *arena;
};

static const struct ps_schema *
intern_draft(const struct ps_host *h, const struct ps_schema *draft)
{
	struct instance *in = h->impl;

	return intern_schema(in->schemas, in->arena, draft);
}

static const struct ps_class *
simple_header_converter(void)
{
	for (size_t i = 0; i < penstock_plugin.class_count; i++)
		if (strcmp(penstock_plugin.classes[i].name,
			"SimpleHeaderConverter") == 0)
			return &penstock_plugin.classes[i];
	assert(!"the plugin has it");
	return NULL;
}

static bool
is_early(const struct ps_value *v, const struct ps_schema *s)
{
	if (s == NULL || s->name == NULL)
		return false;
	return strcmp(s->name, PS_NAME_TIMESTAMP) == 0 ? v->i < 86400000
	       : strcmp(s->name, PS_NAME_DATE) == 0    ? v->i < 1
						       : false;
}

static bool
changes(const struct ps_value *v, const struct ps_schema *s, int depth)
{
	const struct ps_schema *elem = s == NULL ? NULL : s->elem;
	const struct ps_schema *key = s == NULL ? NULL : s->key;

	if (v->type == PS_FLOAT32 || v->type == PS_FLOAT64 ||
	    (depth > 0 && is_early(v, s)))
		return true;
	if (v->type == PS_STRING && depth > 0)
		return memchr(v->s, '"', v->len) != NULL ||
		       memchr(v->s, '\\', v->len) != NULL;
	for (uint32_t i = 0; v->type == PS_ARRAY && i < v->len; i++)
		if (changes(&v->items[i], elem, depth + 1))
			return true;
	for (uint32_t i = 0; v->type == PS_MAP && i < v->len; i++)
		if (changes(&v->pairs[i].key, key, depth + 1) ||
		    changes(&v->pairs[i].value, elem, depth + 1))
			return true;
	return false;
}

/* The digits are as many as a float of that width needs. */
static void
check_float(const struct ps_value *first, const struct ps_value *then)
{
	double f = then->f;

	if (first->type != PS_FLOAT32 && first->type != PS_FLOAT64)
		return;
	if (ps_is_int(then))
		f = (double)then->i;
	else if (then->type != PS_FLOAT32 && then->type != PS_FLOAT64)
		return; /* a whole one beyond int64 is a Decimal */
	assert(first->type == PS_FLOAT64 ? f == first->f
					 : (float)f == (float)first->f);
}

static void
round_trip(const struct ps_header_converter_ops *ops, void *state,
    struct ps_arena *a, struct ps_header *header)
{
	struct ps_error err = { 0 };
	struct ps_value first = header->value;
	const struct ps_schema *schema = header->schema;
	bool is_plain = (ps_is_int(&first) || first.type == PS_BOOLEAN) &&
			header->schema->name == NULL;
	struct ps_slice text;

	if (ops->encode(state, a, "t", header, &err) != 0)
		return;
	text = header->raw;
	assert(ops->decode(state, a, "t", header, &err) == 0);
	assert(!is_plain || value_equal(&first, &header->value));
	check_float(&first, &header->value);
	if (changes(&first, schema, 0))
		return;
	assert(ops->encode(state, a, "t", header, &err) == 0);
	assert(header->raw.len == text.len);
	assert(text.len == 0 ||
	       memcmp(header->raw.data, text.data, text.len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct ps_class *class = simple_header_converter();
	const struct ps_header_converter_ops *ops = class->ops;
	struct instance in = { intern_new(16), arena_new(4096) };
	struct ps_host h = { .size = sizeof h,
		.impl = &in,
		.intern = intern_draft };
	struct ps_config none = { NULL, 0 };
	struct ps_header header = { .raw = { data, size } };
	struct ps_error err = { 0 };
	void *state = ops->create(&h, class, &none, &err);

	assert(ops->decode(state, in.arena, "t", &header, &err) == 0);
	round_trip(ops, state, in.arena, &header);
	ops->destroy(state);
	arena_free(&in.arena);
	intern_free(&in.schemas);
	return 0;
}
