#include "base/dict.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

static struct dict *d;
static int one, two;

static void
setup(void)
{
	d = dict_new();
}

static void
teardown(void)
{
	dict_free(&d);
	cr_assert_null(d);
	dict_free(&d);
}

TestSuite(dict, .init = setup, .fini = teardown);

Test(dict, finds_what_was_put)
{
	cr_assert_null(dict_get_str(d, "a"));
	cr_assert_null(dict_put_str(d, "a", &one));
	cr_assert_eq(dict_get_str(d, "a"), &one);
	cr_assert_eq(dict_put_str(d, "a", &two), &one);
	cr_assert_eq(dict_get_str(d, "a"), &two);
	cr_assert(eq(sz, dict_count(d), 1));
}

Test(dict, keys_are_bytes_and_copied)
{
	char key[] = { 'a', 0, 'b' };
	size_t len;

	(void)dict_put(d, key, 3, &one);
	key[2] = 'c';
	(void)dict_put(d, key, 3, &two);
	cr_assert_eq(dict_get(d, "a\0b", 3), &one);
	cr_assert_null(dict_get(d, "a", 1));
	cr_assert_arr_eq(dict_key(dict_first(d), &len), "a\0b\0", 4);
	cr_assert(eq(sz, len, 3));
	cr_assert_null(dict_put(d, "", 0, &one));
	cr_assert_eq(dict_get(d, "", 0), &one);
}

Test(dict, gives_back_what_it_forgets)
{
	(void)dict_put_str(d, "a", &one);
	cr_assert_eq(dict_remove_str(d, "a"), &one);
	cr_assert_null(dict_remove_str(d, "a"));
	cr_assert(zero(sz, dict_count(d)));
	cr_assert_null(dict_first(d));
}

Test(dict, shows_entries_in_order_and_lets_them_go_meanwhile)
{
	static int numbers[1000];
	const struct dict_entry *e, *next;
	char key[16];
	int n = 0;

	for (int i = 0; i < 1000; i++) {
		(void)snprintf(key, sizeof key, "key%d", i);
		(void)dict_put_str(d, key, &numbers[i]);
	}
	for (e = dict_first(d); e != NULL; e = next, n++) {
		next = dict_next(e);
		cr_assert_eq(dict_value(e), &numbers[n]);
		(void)snprintf(key, sizeof key, "key%d", n);
		cr_assert_str_eq(dict_key(e, NULL), key);
		if (n % 2 == 0)
			(void)dict_remove_str(d, key);
	}
	cr_assert(eq(int, n, 1000));
	cr_assert(eq(sz, dict_count(d), 500));
}
