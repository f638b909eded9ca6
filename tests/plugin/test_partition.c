#include "plugin/partition.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "base/arena.h"

static struct partition_set *s;
static struct ps_arena *a;

static void
setup(void)
{
	s = partition_set_new("orders");
	a = arena_new(4096);
}

static void
teardown(void)
{
	partition_set_free(&s);
	arena_free(&a);
}

TestSuite(partition, .init = setup, .fini = teardown);

static struct ps_value
table_map(bool reversed)
{
	static struct ps_pair pairs[2][2];
	struct ps_pair *p = pairs[reversed];

	p[reversed].key = ps_text("protocol");
	p[reversed].value = ps_text("1");
	p[!reversed].key = ps_text("table");
	p[!reversed].value = ps_text("public.t");
	return ps_map(p, 2);
}

Test(partition, is_one_whatever_the_order_of_its_members)
{
	struct ps_value x = table_map(false), y = table_map(true);

	cr_assert_not_null(partition_find(s, &x));
	cr_assert_eq(partition_find(s, &x), partition_find(s, &y));
}

Test(partition, keeps_the_key_bytes_it_was_stored_under)
{
	static const char key[] =
	    "[\"orders\",{\"table\":\"public.t\",\"protocol\":\"1\"}]";
	struct ps_value map = table_map(false), offset;
	struct ps_source_partition *p;
	struct ps_error err = { 0 };

	cr_assert(zero(int,
	    partition_set_stored(s, key, "{\"incrementing\":42}", &err)));
	p = partition_find(s, &map);
	cr_assert(eq(str, p->key, (char *)key));
	cr_assert(eq(int, partition_offset(p, a, &offset), 1));
	cr_assert(eq(i64, ps_map_find(&offset, "incrementing")->i, 42));
}

Test(partition, a_new_one_makes_its_key_in_the_order_given)
{
	struct ps_value map = table_map(false), offset;
	struct ps_source_partition *p = partition_find(s, &map);

	cr_assert(eq(str, p->key,
	    "[\"orders\",{\"protocol\":\"1\",\"table\":\"public.t\"}]"));
	cr_assert(zero(int, partition_offset(p, a, &offset)));
}

Test(partition, a_null_value_stored_is_no_offset)
{
	struct ps_value map = table_map(false), offset;
	struct ps_error err = { 0 };

	cr_assert(zero(int,
	    partition_set_stored(s,
		"[\"orders\",{\"protocol\":\"1\",\"table\":\"public.t\"}]",
		NULL, &err)));
	cr_assert(
	    zero(int, partition_offset(partition_find(s, &map), a, &offset)));
}

Test(partition, what_is_not_this_connectors_is_refused)
{
	static const char *const keys[] = { "[\"other\",{\"a\":1}]",
		"{\"a\":1}", "nonsense", "[\"orders\"]", "" };

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		struct ps_error err = { 0 };

		cr_assert(
		    eq(int, partition_set_stored(s, keys[i], "{}", &err), -1));
		cr_assert(ne(int, err.code, PS_OK));
	}
	cr_assert_null(partition_first(s));
}

Test(partition, tells_its_keys_from_others)
{
	static const struct {
		const char *key;
		bool is_key;
	} rows[] = {
		{ "[\"orders\",{\"table\":\"public.t\",\"protocol\":\"1\"}]",
		    true },
		{ "[\"orders\", {\"table\":\"other\"}]", true },
		{ "[\"orders\",null]", true },
		{ "[\"orders\",1]", false },
		{ "[\"orders\"]", false },
		{ "[\"order\",{}]", false },
		{ "[\"orders2\",{}]", false },
		{ "{\"orders\":{}}", false },
		{ "orders", false },
		{ "", false },
	};
	struct ps_value map = table_map(false);
	struct ps_source_partition *known = partition_find(s, &map), *p;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		cr_expect(eq(int,
			      partition_is_key(s, rows[i].key,
				  strlen(rows[i].key), &p),
			      rows[i].is_key),
		    "%s", rows[i].key);
		cr_expect(eq(ptr, p, i == 0 ? known : NULL), "%s", rows[i].key);
	}
	/* Asking makes none known. */
	cr_expect(eq(ptr, partition_next(known), NULL));
}
