/*
 * Any bytes: check and decode agree, and what was read and written once is
 * written alike for ever after. The first byte chooses the configuration.
 */
#include <assert.h>

#include <penstock/abi.h>
#include <penstock/converter.h>

#include "record/batch.h"
#include "record/intern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern const struct ps_plugin penstock_plugin;

struct instance {
	struct ps_host h;
	struct intern *schemas;
	struct ps_batch *b;
	const struct ps_converter_ops *ops;
	void *state;
};

static const struct ps_schema *
intern_draft(const struct ps_host *h, const struct ps_schema *draft)
{
	struct instance *in = h->impl;

	return intern_schema(in->schemas, in->b->arena, draft);
}

/* `schemas.enable` and so on by the bits of `how`. */
static void
instance_init(struct instance *in, unsigned how)
{
	const struct ps_setting settings[] = {
		{ "converter.type", "value" },
		{ "decimal.format", how & 2 ? "NUMERIC" : "BASE64" },
		{ "replace.null.with.default", how & 4 ? "false" : "true" },
		{ "schemas.cache.size", "2" },
		{ "schemas.enable", how & 1 ? "true" : "false" },
	};
	const struct ps_config c = { settings, 5 };
	const struct ps_class *class = &penstock_plugin.classes[0];
	struct ps_error err = { 0 };

	in->h = (struct ps_host){ .size = sizeof in->h,
		.impl = in,
		.intern = intern_draft };
	in->schemas = intern_new(4);
	in->b = batch_new(4096);
	in->ops = class->ops;
	in->state = in->ops->create(&in->h, class, &c, &err);
	assert(in->state != NULL);
}

static void
instance_fini(struct instance *in)
{
	in->ops->destroy(in->state);
	batch_free(&in->b);
	intern_free(&in->schemas);
}

/* The text of the value of a text; NULL data: it has none. */
static struct ps_slice
again(struct instance *in, struct ps_slice text)
{
	struct ps_record *r = ps_batch_add(in->b);
	bool refused;

	r->raw_value = text;
	in->ops->check(in->state, in->b, &r, 1, PS_PART_VALUE);
	refused = r->outcome == PS_FAILED;
	r->outcome = PS_KEPT;
	in->ops->decode(in->state, in->b, &r, 1, PS_PART_VALUE);
	assert(refused == (r->outcome == PS_FAILED));
	if (refused)
		return (struct ps_slice){ NULL, 0 };
	in->ops->encode(in->state, in->b, &r, 1, PS_PART_VALUE);
	if (r->outcome == PS_FAILED)
		return (struct ps_slice){ NULL, 0 };
	return r->raw_value;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct instance in;
	struct ps_slice first, second, third;

	if (size == 0)
		return 0;
	instance_init(&in, data[0]);
	first = again(&in, (struct ps_slice){ data + 1, size - 1 });
	if (first.data != NULL) {
		/* infinities are text, and read as 0 by a schema */
		second = again(&in, first);
		assert(second.data != NULL);
		third = again(&in, second);
		assert(third.len == second.len &&
		       memcmp(third.data, second.data, third.len) == 0);
	}
	instance_fini(&in);
	return 0;
}
