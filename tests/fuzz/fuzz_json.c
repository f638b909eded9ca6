/*
 * Any bytes: check and decode agree, and what was read and written once is
 * written alike for ever after. The first byte chooses the configuration.
 */
#include "tests/fuzz/converters.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* `schemas.enable` and so on by the bits of `how`. */
static void
begin(struct instance *in, unsigned how)
{
	const struct ps_setting settings[] = {
		{ "converter.type", "value" },
		{ "decimal.format", how & 2 ? "NUMERIC" : "BASE64" },
		{ "replace.null.with.default", how & 4 ? "false" : "true" },
		{ "schemas.cache.size", "2" },
		{ "schemas.enable", how & 1 ? "true" : "false" },
	};
	const struct ps_config c = { settings, 5 };

	instance_init(in, &penstock_plugin.classes[0], &c);
}

/* The text of the value of a text; NULL data: it has none. */
static struct ps_slice
again(struct instance *in, struct ps_slice text)
{
	return instance_again(in, text, PS_PART_VALUE).bytes;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct instance in;
	struct ps_slice first, second, third;

	if (size == 0)
		return 0;
	begin(&in, data[0]);
	first = again(&in, (struct ps_slice){ data + 1, size - 1 });
	if (first.data != NULL) {
		/* infinities are text, and read as 0 by a schema */
		second = again(&in, first);
		assert(second.data != NULL);
		third = again(&in, second);
		assert(slices_equal(second, third));
	}
	instance_fini(&in);
	return 0;
}
