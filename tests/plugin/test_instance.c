#include "plugin/instance.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "base/arena.h"

static struct catalog *c;
static struct ps_arena *a;
static struct ps_error err;

static void
setup(void)
{
	static const char *const dirs[] = { BUILD "/fixtures" };

	c = catalog_new(dirs, 1);
	a = arena_new(4096);
}

static void
teardown(void)
{
	catalog_free(&c);
	arena_free(&a);
}

TestSuite(instance, .init = setup, .fini = teardown, .timeout = 20);

static const struct catalog_class *
widget(void)
{
	return catalog_find(c, PS_KIND_SOURCE, "WidgetSource", &err);
}

Test(instance, a_missing_tail_of_the_operations_reads_as_null)
{
	struct instance in;

	memset(&in, 0xff, sizeof in);
	cr_assert(zero(int, instance_init(&in, widget(), &err)));
	cr_assert_not_null(in.source.poll);
	cr_assert_null(in.source.reconfigure);
}

Test(instance, a_required_operation_that_is_missing_is_named)
{
	struct instance in;
	const struct catalog_class *half =
	    catalog_find(c, PS_KIND_TRANSFORM, "half", &err);

	cr_assert_not_null(half, "%s", err.text);
	cr_assert(eq(int, instance_init(&in, half, &err), -1));
	cr_assert_not_null(strstr(err.text, "apply"), "%s", err.text);
}

Test(instance, gets_its_configuration_with_defaults)
{
	static const struct ps_setting given[] = { { "widgets", "3" } };
	const struct ps_config config = { given, 1 };
	struct instance in;

	cr_assert(zero(int, instance_init(&in, widget(), &err)));
	cr_assert(zero(int, instance_create(&in, NULL, a, &config, &err)));
	cr_assert(eq(str, (char *)ps_config_str(&in.config, "colour"), "red"));
	instance_fini(&in);
	cr_assert_null(in.state);
}

Test(instance, a_configuration_that_breaks_the_table_is_refused)
{
	static const struct ps_setting given[] = { { "widgets", "many" } };
	const struct ps_config config = { given, 1 };
	struct instance in;

	cr_assert(zero(int, instance_init(&in, widget(), &err)));
	cr_assert(eq(int, instance_create(&in, NULL, a, &config, &err), -1));
	cr_assert(eq(int, err.code, PS_E_CONFIG));
	cr_assert_not_null(strstr(err.text, "widgets"), "%s", err.text);
}
