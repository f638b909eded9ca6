/*
 * Any bytes for one of the plain converters, which the first byte chooses:
 * check and decode agree, and what was read is written as the same bytes. But
 * a text that is no UTF-8 becomes so, once and for all, and a float that is a
 * signalling NaN a quiet one.
 */
#include "tests/fuzz/converters.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = { "StringConverter", "ByteArrayConverter",
	"BooleanConverter", "ShortConverter", "IntegerConverter",
	"LongConverter", "FloatConverter", "DoubleConverter" };

enum { KEY = 8, COUNT = sizeof names / sizeof *names };

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

/* NULL data: they are refused. */
static struct ps_slice
again(struct instance *in, struct ps_slice bytes, enum ps_part part)
{
	struct trip t = instance_again(in, bytes, part);

	assert(t.refused == (t.bytes.data == NULL));
	return t.bytes;
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
	static const struct ps_config none = { NULL, 0 };
	struct instance in;
	struct ps_slice given, first;
	enum ps_part part;
	const char *name;

	if (size == 0)
		return 0;
	name = names[data[0] % COUNT];
	given = (struct ps_slice){ data + 1, size - 1 };
	part = data[0] & KEY ? PS_PART_KEY : PS_PART_VALUE;
	instance_init(&in, class_named(name), &none);
	first = again(&in, given, part);
	if (first.data != NULL) {
		if (strcmp(name, "StringConverter") != 0 &&
		    (strcmp(name, "FloatConverter") != 0 || !is_nan(given)))
			assert(slices_equal(given, first));
		assert(slices_equal(first, again(&in, first, part)));
	}
	instance_fini(&in);
	return 0;
}
