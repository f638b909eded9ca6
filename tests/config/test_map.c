#include "config/map.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/arena.h"

static struct ps_arena *a;
static struct ps_setting settings[] = { { "name", "orders" },
	{ "tasks.max", "1" }, { "tasks.max", "3" }, { "doc", NULL },
	{ "transforms.a.type", "T" } };
static struct ps_config c;

static void
setup(void)
{
	a = arena_new(1024);
	c = config_sorted(settings, 5);
}

static void
teardown(void)
{
	arena_free(&a);
}

TestSuite(map, .init = setup, .fini = teardown);

static char *
shown(const struct ps_config *m)
{
	char *text = ps_strdup(a, "");

	for (size_t i = 0; i < m->count; i++)
		text = ps_printf(a, "%s%s=%s;", text, m->settings[i].key,
		    m->settings[i].value == NULL ? "null"
						 : m->settings[i].value);
	return text;
}

Test(map, sorting_keeps_the_last_of_equal_keys)
{
	cr_assert(eq(str, shown(&c),
	    "doc=null;name=orders;tasks.max=3;transforms.a.type=T;"));
	cr_assert_str_eq(ps_config_get(&c, "tasks.max"), "3");
}

Test(map, a_copy_is_equal_and_shares_nothing)
{
	struct ps_config copy = config_copy(a, &c);

	cr_assert(config_equal(&copy, &c));
	cr_assert_neq(copy.settings[1].value, c.settings[1].value);
}

Test(map, merging_adds_replaces_and_removes)
{
	struct ps_setting over[] = { { "aa", "0" }, { "doc", NULL },
		{ "name", "sales" }, { "nothing", NULL }, { "zz", "9" } };
	struct ps_config o = config_sorted(over, 5);
	struct ps_config m = config_merge(a, &c, &o);

	cr_assert(eq(str, shown(&m),
	    "aa=0;name=sales;tasks.max=3;transforms.a.type=T;zz=9;"));
}

Test(map, one_key_is_set_or_removed)
{
	struct ps_config m = config_with(a, &c, "tasks.max", "4");

	cr_assert_str_eq(ps_config_get(&m, "tasks.max"), "4");
	m = config_with(a, &m, "tasks.max", NULL);
	cr_assert(not(ps_config_has(&m, "tasks.max")));
	cr_assert(eq(sz, m.count, c.count - 1));
}

Test(map, keys_with_a_prefix_lose_it)
{
	struct ps_config m = config_prefixed(a, &c, "transforms.a.");

	cr_assert(eq(str, shown(&m), "type=T;"));
	m = config_prefixed(a, &c, "none.");
	cr_assert(zero(sz, m.count));
}

Test(map, null_differs_from_empty_and_from_absent)
{
	struct ps_setting x[] = { { "k", NULL } }, y[] = { { "k", "" } };
	struct ps_config cx = { x, 1 }, cy = { y, 1 }, none = { x, 0 };

	cr_assert(config_equal(&cx, &cx));
	cr_assert(not(config_equal(&cx, &cy)));
	cr_assert(not(config_equal(&cx, &none)));
	y[0] = (struct ps_setting){ "l", NULL };
	cr_assert(not(config_equal(&cx, &cy)));
}
