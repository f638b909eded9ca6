/*
 * Any header text is read; what is read and written once reads the same, but
 * for texts and dates, which have no form of their own.
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
	struct ps_value first;
	void *state = ops->create(&h, class, &none, &err);

	assert(ops->decode(state, in.arena, "t", &header, &err) == 0);
	first = header.value;
	if (ops->encode(state, in.arena, "t", &header, &err) == 0 &&
	    (ps_is_int(&first) || first.type == PS_BOOLEAN) &&
	    header.schema->name == NULL) {
		assert(ops->decode(state, in.arena, "t", &header, &err) == 0);
		assert(value_equal(&first, &header.value));
	}
	ops->destroy(state);
	arena_free(&in.arena);
	intern_free(&in.schemas);
	return 0;
}
