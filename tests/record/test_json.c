#include "record/json.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "record/value.h"

static struct ps_arena *a;
static struct ps_error err;

static void
setup(void)
{
	a = arena_new(4096);
}

static void
teardown(void)
{
	arena_free(&a);
}

TestSuite(json, .init = setup, .fini = teardown);

static char *
printed(const struct ps_value *v)
{
	size_t len = 0;
	char *s = value_to_json(a, v, &len, &err);

	if (s != NULL)
		cr_assert(eq(sz, len, strlen(s)));
	return s;
}

Test(json, what_is_read_is_printed_the_same)
{
	static const char *const rows[] = {
		"{\"filename\":\"/tmp/a b.txt\"}",
		"{\"position\":9223372036854775807}",
		"[\"orders\",{\"server\":\"db\",\"n\":[1,-2,3.5,null,true,"
		"false]}]",
		"{}",
		"[]",
		"\"\"",
		"null",
		"1.0E10",
		"\"é€\\\"\\\\/\"",
		"\"\\b\\t\\n\\f\\r\\u0001\\u001F\"",
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ps_value v;

		cr_assert(zero(int, value_from_json(a, rows[i], strlen(rows[i]),
					&v, &err)),
		    "%s", rows[i]);
		cr_assert(eq(str, printed(&v), (char *)rows[i]));
	}
}

Test(json, members_stay_in_order)
{
	struct ps_pair p[] = { { ps_text("z"), ps_int(PS_INT8, 1) },
		{ ps_text("a"), ps_int(PS_INT32, -2) },
		{ ps_text("m"), ps_bytes("foob", 4) } };
	struct ps_value v = ps_map(p, 3);

	cr_assert(
	    eq(str, printed(&v), "{\"z\":1,\"a\":-2,\"m\":\"Zm9vYg==\"}"));
}

Test(json, numbers_that_json_lacks_are_strings)
{
	struct ps_value items[] = { ps_float64((double)NAN),
		ps_float64(-(double)INFINITY) };
	struct ps_value v = ps_array(items, 2);

	cr_assert(eq(str, printed(&v), "[\"NaN\",\"-Infinity\"]"));
}

/* tests/data/Vectors.java: "d" or "f", the bits, Java's text */
Test(json, numbers_are_printed_as_java_prints_them)
{
	FILE *f = fopen(TESTS "/data/numbers.txt", "r");
	char line[128], kind, text[64];
	unsigned long long bits;
	size_t rows = 0;

	cr_assert_not_null(f);
	for (; fgets(line, sizeof line, f) != NULL; rows++) {
		uint32_t half;
		struct ps_value v;
		double d;
		float single;

		cr_assert(eq(int,
		    sscanf(line, "%c %llx %63s", &kind, &bits, text), 3));
		half = (uint32_t)bits;
		memcpy(&d, &bits, sizeof d);
		memcpy(&single, &half, sizeof single);
		v = kind == 'd' ? ps_float64(d) : ps_float32(single);
		cr_assert(eq(str, printed(&v), text));
	}
	(void)fclose(f);
	cr_assert(ge(sz, rows, 250));
}

Test(json, values_without_a_form_are_refused_by_name)
{
	struct ps_value one = ps_int64(1);
	struct ps_pair p = { ps_int64(1), ps_null() };
	struct ps_value rows[] = { ps_struct(&one, 1), ps_map(&p, 1),
		{ .type = PS_UNCHANGED } };
	static const char *const texts[] = {
		"STRUCT has no form in JSON without a schema",
		"a map's key is INT64, expected STRING",
		"UNCHANGED has no form in JSON without a schema"
	};

	for (size_t i = 0; i < 3; i++) {
		struct ps_value v = ps_array(&rows[i], 1);

		ps_error_clear(&err);
		cr_assert_null(printed(&v));
		cr_assert(eq(int, err.code, PS_E_DATA));
		cr_assert(eq(str, err.text, (char *)texts[i]));
	}
}

Test(json, malformed_text_is_refused_with_its_place)
{
	struct ps_value v;

	cr_assert(eq(int, value_from_json(a, "{\"a\":}", 6, &v, &err), -1));
	cr_assert_not_null(strstr(err.text, "line 1 column"));
}
