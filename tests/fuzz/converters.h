/*
 * converters: a converter of a plugin, and bytes that go through it and back.
 */
#ifndef PENSTOCK_TESTS_FUZZ_CONVERTERS_H
#define PENSTOCK_TESTS_FUZZ_CONVERTERS_H

#include <assert.h>
#include <string.h>

#include <penstock/abi.h>
#include <penstock/converter.h>

#include "record/batch.h"
#include "record/intern.h"

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

static inline void
instance_init(struct instance *in, const struct ps_class *class,
    const struct ps_config *c)
{
	struct ps_error err = { 0 };

	in->h = (struct ps_host){ .size = sizeof in->h,
		.impl = in,
		.intern = intern_draft };
	in->schemas = intern_new(4);
	in->b = batch_new(4096);
	in->ops = class->ops;
	in->state = in->ops->create(&in->h, class, c, &err);
	assert(in->state != NULL);
}

static inline void
instance_fini(struct instance *in)
{
	in->ops->destroy(in->state);
	batch_free(&in->b);
	intern_free(&in->schemas);
}

struct trip {
	bool refused;          /* by check, and by decode as well */
	struct ps_slice bytes; /* the value's, written again; NULL data: not */
};

static inline struct trip
instance_again(struct instance *in, struct ps_slice bytes, enum ps_part part)
{
	struct ps_record *r = ps_batch_add(in->b);
	struct ps_slice *raw =
	    part == PS_PART_KEY ? &r->raw_key : &r->raw_value;
	struct trip t = { false, { NULL, 0 } };

	*raw = bytes;
	in->ops->check(in->state, in->b, &r, 1, part);
	t.refused = r->outcome == PS_FAILED;
	r->outcome = PS_KEPT;
	in->ops->decode(in->state, in->b, &r, 1, part);
	assert(t.refused == (r->outcome == PS_FAILED));
	if (t.refused)
		return t;
	*raw = (struct ps_slice){ NULL, 0 };
	in->ops->encode(in->state, in->b, &r, 1, part);
	if (r->outcome == PS_KEPT)
		t.bytes = *raw;
	return t;
}

static inline bool
slices_equal(struct ps_slice a, struct ps_slice b)
{
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

#endif
