#include "base/js.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "base/arena.h"

static struct ps_arena *a;
static struct ps_error err;

static void
setup(void)
{
	a = arena_new(1024);
}

static void
teardown(void)
{
	arena_free(&a);
}

TestSuite(js, .init = setup, .fini = teardown);

static json_t *
parse(const char *text)
{
	return js_parse(text, strlen(text), "body", &err);
}

Test(js, prints_what_it_read_in_the_same_order)
{
	static const char *const rows[] = { "{\"b\":1,\"a\":[true,null,\"é\"]}",
		"1", "\"x\"", "null", "1.5", "{}" };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		json_t *j = parse(rows[i]);

		cr_assert_not_null(j);
		cr_assert(eq(str, js_dump(a, j), (char *)rows[i]));
		json_decref(j);
	}
}

Test(js, says_where_a_text_is_malformed)
{
	cr_assert_null(parse("{\n\"a\":}"));
	cr_assert(eq(int, err.code, PS_E_DATA));
	cr_assert_not_null(strstr(err.text, "body: line 2 column 5: "));
}

Test(js, refuses_what_is_nested_too_deep)
{
	char text[200];
	json_t *j;

	memset(text, '[', 64);
	memset(text + 64, ']', 64);
	j = js_parse(text, 128, "body", &err);
	cr_assert_not_null(j);
	json_decref(j);
	memset(text, '[', 65);
	memset(text + 65, ']', 65);
	cr_assert_null(js_parse(text, 130, "body", &err));
	cr_assert(eq(str, err.text, "body: nested deeper than 64"));
}

Test(js, counts_no_brackets_inside_strings)
{
	char text[200];
	json_t *j;

	memset(text, '[', sizeof text);
	memcpy(text, "\"\\\"", 3);
	text[sizeof text - 1] = '"';
	j = js_parse(text, sizeof text, "body", &err);
	cr_assert_not_null(j);
	json_decref(j);
}

Test(js, getters_name_the_member_that_is_wrong)
{
	json_t *j = parse("{\"s\":\"x\",\"i\":7,\"r\":1.5,\"o\":{},\"l\":[],"
			  "\"t\":true,\"n\":null}");
	const char *s = NULL;
	int64_t i = 0;

	cr_assert(zero(int, js_get_str(j, "s", &s, &err)));
	cr_assert_str_eq(s, "x");
	cr_assert(zero(int, js_get_int(j, "i", &i, &err)));
	cr_assert(eq(i64, i, 7));
	cr_assert(eq(int, js_get_str(j, "i", &s, &err), -1));
	cr_assert(eq(str, err.text, "member i is a number, expected a string"));
	ps_error_clear(&err);
	cr_assert(eq(int, js_get_int(j, "r", &i, &err), -1));
	cr_assert(
	    eq(str, err.text, "member r is a number, expected an integer"));
	ps_error_clear(&err);
	cr_assert(eq(int, js_get_int(j, "zz", &i, &err), -1));
	cr_assert(
	    eq(str, err.text, "member zz is missing, expected an integer"));
	cr_assert(eq(int, js_get_str(j, "o", &s, NULL), -1));
	cr_assert(eq(int, js_get_str(j, "l", &s, NULL), -1));
	cr_assert(eq(int, js_get_str(j, "t", &s, NULL), -1));
	cr_assert(eq(int, js_get_str(j, "n", &s, NULL), -1));
	json_decref(j);
}

Test(js, optional_members_have_a_default)
{
	json_t *j = parse("{\"s\":\"x\",\"i\":7,\"n\":null}");

	cr_assert_str_eq(js_opt_str(j, "s"), "x");
	cr_assert_null(js_opt_str(j, "n"));
	cr_assert_null(js_opt_str(j, "zz"));
	cr_assert(eq(i64, js_opt_int(j, "i", 1), 7));
	cr_assert(eq(i64, js_opt_int(j, "n", 1), 1));
	json_decref(j);
}

Test(js, configurations_go_both_ways)
{
	json_t *j = parse("{\"topics\":\"a,b\",\"n\":null,\"i\":-5,"
			  "\"d\":0.25,\"t\":true,\"f\":false,\"a\":\"\"}");
	struct ps_config c;

	cr_assert(zero(int, js_to_config(a, j, &c, &err)));
	json_decref(j);
	cr_assert(eq(sz, c.count, 7));
	cr_assert_str_eq(ps_config_get(&c, "topics"), "a,b");
	cr_assert_str_eq(ps_config_get(&c, "i"), "-5");
	cr_assert_str_eq(ps_config_get(&c, "d"), "0.25");
	j = js_from_config(&c);
	cr_assert(eq(str, js_dump(a, j),
	    "{\"a\":\"\",\"d\":\"0.25\",\"f\":\"false\",\"i\":\"-5\","
	    "\"n\":null,\"t\":\"true\",\"topics\":\"a,b\"}"));
	json_decref(j);
}

Test(js, a_configuration_is_flat)
{
	json_t *j = parse("{\"a\":\"1\",\"b\":{}}");
	struct ps_config c;

	cr_assert(eq(int, js_to_config(a, j, &c, &err), -1));
	cr_assert(
	    eq(str, err.text, "member b is an object, expected a string"));
	json_decref(j);
	ps_error_clear(&err);
	j = parse("[1]");
	cr_assert(eq(int, js_to_config(a, j, &c, &err), -1));
	cr_assert(eq(str, err.text, "an array, expected an object"));
	json_decref(j);
}

Test(js, strings_that_are_no_utf8_are_escaped)
{
	json_t *j = js_str("caf\xe9"), *n = js_str(NULL);

	cr_assert_str_eq(json_string_value(j), "caf\\xe9");
	cr_assert_eq(json_typeof(n), JSON_NULL);
	json_decref(j);
	json_decref(n);
}
