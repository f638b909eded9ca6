/*
 * Any bytes for one of the plain converters, which the first byte chooses:
 * check and decode agree, and what was read is written as the same bytes. But
 * a text that is no UTF-8 becomes so, once and for all, and a float that is a
 * signalling NaN a quiet one.
 */
#include <assert.h>
#include <string.h>

#include <penstock/abi.h>
#include <penstock/converter.h>

#include "record/batch.h"
#include "record/intern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern const struct ps_plugin penstock_plugin;

static const char *const names[] = { "StringConverter", "ByteArrayConverter",
	"BooleanConverter", "ShortConverter", "IntegerConverter",
	"LongConverter", "FloatConverter", "DoubleConverter" };

enum { KEY = 8, COUNT = sizeof names / sizeof *names };

struct instance {
	struct ps_host h;
	struct intern *schemas;
	struct ps_batch *b;
	const struct ps_converter_ops *ops;
	void *state;
	enum ps_part part;
};

static const struct ps_schema *
intern_draft(const struct ps_host *h, const struct ps_schema *draft)
{
	struct instance *in = h->impl;

	return intern_schema(in->schemas, in->b->arena, draft);
}

static const struct ps_class *
class_named(const char *name)
{
	for (size_t i = 0; i < penstock_plugin.class_count; i++)
		if (penstock_plugin.classes[i].kind == PS_KIND_CONVERTER &&
		    strcmp(penstock_plugin.classes[i].name, name) == 0)
			return &penstock_plugin.classes[i];
	assert(!"the plugin has it");
	return NULL;
}

static void
instance_init(struct instance *in, unsigned how)
{
	const struct ps_class *class = class_named(names[how % COUNT]);
	const struct ps_config none = { NULL, 0 };
	struct ps_error err = { 0 };

	in->h = (struct ps_host){ .size = sizeof in->h,
		.impl = in,
		.intern = intern_draft };
	in->schemas = intern_new(4);
	in->b = batch_new(4096);
	in->ops = class->ops;
	in->part = how & KEY ? PS_PART_KEY : PS_PART_VALUE;
	in->state = in->ops->create(&in->h, class, &none, &err);
	assert(in->state != NULL);
}

static void
instance_fini(struct instance *in)
{
	in->ops->destroy(in->state);
	batch_free(&in->b);
	intern_free(&in->schemas);
}

/* The bytes of the value of some bytes; NULL data: they are refused. */
static struct ps_slice
again(struct instance *in, struct ps_slice bytes)
{
	struct ps_record *r = ps_batch_add(in->b);
	struct ps_slice *raw =
	    in->part == PS_PART_KEY ? &r->raw_key : &r->raw_value;
	bool refused;

	*raw = bytes;
	in->ops->check(in->state, in->b, &r, 1, in->part);
	refused = r->outcome == PS_FAILED;
	r->outcome = PS_KEPT;
	in->ops->decode(in->state, in->b, &r, 1, in->part);
	assert(refused == (r->outcome == PS_FAILED));
	if (refused)
		return (struct ps_slice){ NULL, 0 };
	*raw = (struct ps_slice){ NULL, 0 };
	in->ops->encode(in->state, in->b, &r, 1, in->part);
	assert(r->outcome == PS_KEPT && raw->data != NULL);
	return *raw;
}

static bool
equal(struct ps_slice a, struct ps_slice b)
{
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

static bool
is_nan(struct ps_slice f)
{
	return (f.data[0] & 0x7f) == 0x7f && f.data[1] >= 0x80 &&
	       ((f.data[1] & 0x7f) | f.data[2] | f.data[3]) != 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct instance in;
	struct ps_slice given, first;
	const char *name;

	if (size == 0)
		return 0;
	name = names[data[0] % COUNT];
	given = (struct ps_slice){ data + 1, size - 1 };
	instance_init(&in, data[0]);
	first = again(&in, given);
	if (first.data != NULL) {
		if (strcmp(name, "StringConverter") != 0 &&
		    (strcmp(name, "FloatConverter") != 0 || !is_nan(given)))
			assert(equal(given, first));
		assert(equal(first, again(&in, first)));
	}
	instance_fini(&in);
	return 0;
}
