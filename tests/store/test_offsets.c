#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/text.h"
#include "store/offsets.h"
#include "tests/store/capture.h"

static void
apply(struct offsets *o, const char *key, const char *value)
{
	struct store_pair p = pair_of(key, value);
	struct ps_error err = { PS_OK, "" };

	cr_assert(eq(int, offsets_apply(o, &p, &err), 0), "%s", err.text);
}

Test(offsets, latest_value_counts_and_null_resets)
{
	struct offsets *o = offsets_new();

	apply(o, "[\"c\",{\"f\":\"x\"}]", "{\"p\":1}");
	apply(o, "[\"c\",{\"f\":\"x\"}]", "{\"p\":2}");
	apply(o, "[\"d\",{\"f\":\"x\"}]", "{\"p\":3}");
	cr_expect(eq(str, (char *)offsets_find(o, "c", "{\"f\":\"x\"}"),
	    "{\"p\":2}"));
	cr_expect(eq(sz, offsets_count(o, "c"), 1));
	cr_expect(eq(sz, offsets_count(o, NULL), 2));
	apply(o, "[\"c\",{\"f\":\"x\"}]", NULL);
	cr_expect(offsets_find(o, "c", "{\"f\":\"x\"}") == NULL);
	cr_expect(eq(sz, offsets_count(o, "c"), 0));
	offsets_free(&o);
}

Test(offsets, partitions_match_whatever_the_order_of_their_members)
{
	struct offsets *o = offsets_new();
	struct ps_arena *a = arena_new(1024);
	struct offsets_entry e = { "m",
		"{\"cluster\":\"A\",\"partition\":0,\"topic\":\"t\"}",
		"{\"offset\":9}" };
	struct store_pair p;
	struct ps_error err = { PS_OK, "" };
	const char *java =
	    "[\"m\", {\"topic\":\"t\",\"partition\":0,\"cluster\":\"A\"}]";

	apply(o, java, "{\"offset\":5}");
	cr_expect(eq(str, (char *)offsets_find(o, "m", e.partition),
	    "{\"offset\":5}"));
	cr_assert(eq(int, offsets_put(o, a, &e, &p, &err), 0));
	/* the bytes that are there already, blank and all */
	cr_expect(eq(str, (char *)p.key, (char *)java));
	cr_expect(eq(str, (char *)p.value, "{\"offset\":9}"));
	offsets_free(&o);
	arena_free(&a);
}

Test(offsets, new_partitions_are_written_as_they_stand)
{
	struct offsets *o = offsets_new();
	struct ps_arena *a = arena_new(1024);
	struct offsets_entry e = { "a\"b", "{\"z\":1,\"a\":2.50}", NULL };
	struct store_pair p;
	struct ps_error err = { PS_OK, "" };

	cr_assert(eq(int, offsets_put(o, a, &e, &p, &err), 0));
	cr_expect(eq(str, (char *)p.key, "[\"a\\\"b\",{\"z\":1,\"a\":2.50}]"));
	cr_expect(p.value == NULL);
	e.partition = "null";
	cr_assert(eq(int, offsets_put(o, a, &e, &p, &err), 0));
	cr_expect(eq(str, (char *)p.key, "[\"a\\\"b\",null]"));
	offsets_free(&o);
	arena_free(&a);
}

Test(offsets, what_is_not_connects_format_is_refused)
{
	static const struct {
		const char *key, *value;
	} rows[] = {
		{ "x", "{}" },
		{ "[\"c\",{}]", "[1]" },
		{ "[\"c\",{}]", "{" },
		{ "[\"c\",{}]", "" },
	};
	struct offsets *o = offsets_new();

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct store_pair p = pair_of(rows[i].key, rows[i].value);
		struct ps_error err = { PS_OK, "" };

		cr_expect(eq(int, offsets_apply(o, &p, &err), -1));
		cr_expect(eq(int, err.code, PS_E_DATA));
	}
	cr_expect(eq(sz, offsets_count(o, NULL), 0));
	offsets_free(&o);
}

Test(offsets, a_reset_is_known_and_what_never_was_is_not)
{
	struct offsets *o = offsets_new();
	const struct offsets_entry *e;

	apply(o, "[\"c\",{\"n\":1}]", "{\"p\":1}");
	apply(o, "[\"c\",{\"n\":1}]", NULL);
	e = offsets_known(o, "c", "{\"n\":1}");
	cr_assert(ne(ptr, (void *)(uintptr_t)e, NULL));
	cr_expect(eq(ptr, (void *)(uintptr_t)e->offset, NULL));
	cr_expect(eq(ptr, (void *)(uintptr_t)offsets_find(o, "c", "{\"n\":1}"),
	    NULL));
	cr_expect(eq(ptr, (void *)(uintptr_t)offsets_known(o, "c", "{\"n\":2}"),
	    NULL));
	offsets_free(&o);
}

Test(offsets, bad_texts_are_not_written)
{
	static const struct offsets_entry rows[] = {
		{ "c", "[1]", "{}" },
		{ "c", "{", "{}" },
		{ "c", "{}", "7" },
	};
	struct offsets *o = offsets_new();
	struct ps_arena *a = arena_new(1024);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ps_error err = { PS_OK, "" };
		struct store_pair p;

		cr_expect(eq(int, offsets_put(o, a, &rows[i], &p, &err), -1));
		cr_expect(eq(int, err.code, PS_E_DATA));
	}
	offsets_free(&o);
	arena_free(&a);
}

Test(offsets, what_connect_wrote_is_found_and_in_murmur2s_partition)
{
	struct offsets *o = offsets_new();
	struct capture cap;

	capture_load(&cap, "offsets");
	for (size_t i = 0; i < cap.count; i++) {
		apply(o, cap.pairs[i].key, cap.pairs[i].value);
		cr_expect(eq(int, cap.partitions[i],
		    (int)((text_murmur2(cap.pairs[i].key,
			       cap.pairs[i].key_len) &
			      INT32_MAX) %
			  5)));
	}
	cr_expect(eq(str,
	    (char *)offsets_find(o, "file-b-2",
		"{\"filename\":\"/var/tmp/shop/in2.txt\"}"),
	    "{\"position\":2}"));
	offsets_free(&o);
	arena_free(&cap.a);
}

Test(offsets, a_hundred_thousand_partitions_are_no_burden, .timeout = 20)
{
	struct offsets *o = offsets_new();
	char key[64];

	for (int i = 0; i < 100000; i++) {
		(void)snprintf(key, sizeof key, "[\"c\",{\"n\":%d}]", i);
		apply(o, key, "{\"p\":1}");
	}
	cr_expect(eq(sz, offsets_count(o, "c"), 100000));
	offsets_free(&o);
}
