#include "base/text.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

static struct ps_arena *a;

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

TestSuite(text, .init = setup, .fini = teardown);

Test(text, integers_are_read_whole_and_in_range)
{
	static const struct {
		const char *s;
		int64_t min, max, n;
		int rc;
	} rows[] = {
		{ "0", INT64_MIN, INT64_MAX, 0, 0 },
		{ " 42 ", 0, 100, 42, 0 },
		{ "\t+7\n", 0, 100, 7, 0 },
		{ "-9223372036854775808", INT64_MIN, INT64_MAX, INT64_MIN, 0 },
		{ "9223372036854775807", INT64_MIN, INT64_MAX, INT64_MAX, 0 },
		{ "9223372036854775808", INT64_MIN, INT64_MAX, 0, -1 },
		{ "101", 0, 100, 0, -1 },
		{ "-1", 0, 100, 0, -1 },
		{ "", 0, 100, 0, -1 },
		{ " ", 0, 100, 0, -1 },
		{ "1x", 0, 100, 0, -1 },
		{ "1 2", 0, 100, 0, -1 },
		{ "0x10", 0, 100, 0, -1 },
		{ "+-1", -100, 100, 0, -1 },
		{ "- 1", -100, 100, 0, -1 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t n = 0;

		cr_assert(
		    eq(int, text_int64(rows[i].s, rows[i].min, rows[i].max, &n),
			rows[i].rc),
		    "'%s'", rows[i].s);
		cr_assert(eq(i64, n, rows[i].n), "'%s'", rows[i].s);
	}
}

Test(text, doubles_are_read_as_java_reads_them)
{
	static const struct {
		const char *s;
		double d;
		int rc;
	} rows[] = {
		{ "1.5", 1.5, 0 },
		{ " -2e3 ", -2000, 0 },
		{ "Infinity", INFINITY, 0 },
		{ "-Infinity", -INFINITY, 0 },
		{ ".5", 0.5, 0 },
		{ "", 0, -1 },
		{ "x", 0, -1 },
		{ "1.5.5", 0, -1 },
		{ "0x1p3", 0, -1 },
		{ "inf", 0, -1 },
		{ "nan", 0, -1 },
	};
	double d;

	for (size_t i = 0; i < COUNT(rows); i++) {
		d = 0;
		cr_assert(eq(int, text_double(rows[i].s, &d), rows[i].rc),
		    "'%s'", rows[i].s);
		cr_assert(d == rows[i].d, "'%s' is %g", rows[i].s, d);
	}
	cr_assert(zero(int, text_double("NaN", &d)));
	cr_assert(isnan(d));
}

Test(text, doubles_are_printed_short_and_read_back)
{
	static const struct {
		double d;
		const char *s;
	} rows[] = { { 0, "0" }, { 1, "1" }, { 0.1, "0.1" }, { -2.5, "-2.5" },
		{ 1e15, "1e+15" }, { 1.0 / 3, "0.3333333333333333" },
		{ INFINITY, "Infinity" }, { -INFINITY, "-Infinity" },
		{ NAN, "NaN" } };
	char out[TEXT_DOUBLE];

	for (size_t i = 0; i < COUNT(rows); i++) {
		text_of_double(out, rows[i].d);
		cr_assert(eq(str, out, (char *)rows[i].s));
	}
}

Test(text, booleans_are_true_or_false_in_any_case)
{
	bool b = false;

	cr_assert(zero(int, text_bool(" TRUE ", &b)));
	cr_assert(b);
	cr_assert(zero(int, text_bool("False", &b)));
	cr_assert(not(b));
	cr_assert(eq(int, text_bool("yes", &b), -1));
	cr_assert(eq(int, text_bool("", &b), -1));
	cr_assert(eq(int, text_bool("truee", &b), -1));
}

Test(text, starts_and_ends_are_found)
{
	cr_assert(text_starts("topic.creation.x", "topic."));
	cr_assert(not(text_starts("top", "topic")));
	cr_assert(text_ends("FileStreamSinkConnector", "Connector"));
	cr_assert(not(text_ends("or", "Connector")));
	cr_assert(text_ends("x", ""));
}

Test(text, lists_are_cut_at_commas_and_trimmed)
{
	static const struct {
		const char *s;
		size_t count;
		const char *joined;
	} rows[] = { { "", 0, "" }, { "  ", 0, "" }, { "a", 1, "a" },
		{ " a , b ,c ", 3, "a|b|c" }, { "a,,b", 3, "a||b" },
		{ "a,", 2, "a|" }, { ",", 2, "|" } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t count;
		char **items = text_list(a, rows[i].s, &count);

		cr_assert(eq(sz, count, rows[i].count), "'%s'", rows[i].s);
		cr_assert_null(items[count]);
		cr_assert(
		    eq(str, text_join(a, (const char **)items, count, "|"),
			(char *)rows[i].joined));
	}
	cr_assert(eq(str, text_trim(a, " \t x y\r\n"), "x y"));
}

Test(text, path_segments_go_to_percents_and_back)
{
	static const char *const rows[] = { "orders", "a b/c%d?e=f&g", "é€",
		"..", "a+b" };

	for (size_t i = 0; i < COUNT(rows); i++) {
		char *e = text_url_encode(a, rows[i]);

		cr_assert(
		    eq(str, text_url_decode(a, e, strlen(e)), (char *)rows[i]));
	}
	cr_assert(eq(str, text_url_encode(a, "a b/é"), "a%20b%2F%C3%A9"));
	cr_assert(eq(str, text_url_decode(a, "a%2fbXY", 5), "a/b"));
}

Test(text, malformed_percents_are_refused)
{
	static const char *const rows[] = { "%", "a%2", "%zz", "%2z", "%00" };

	for (size_t i = 0; i < COUNT(rows); i++)
		cr_assert_null(text_url_decode(a, rows[i], strlen(rows[i])));
}

Test(text, base64_is_that_of_the_rfc)
{
	static const struct {
		const char *plain, *coded;
	} rows[] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
		{ "\xff\xfe\xfb", "//77" } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t len = strlen(rows[i].plain);
		uint8_t out[16];

		cr_assert(eq(str, text_base64(a, rows[i].plain, len),
		    (char *)rows[i].coded));
		cr_assert(eq(i64,
		    text_base64_decode(rows[i].coded, strlen(rows[i].coded),
			out),
		    (int64_t)len));
		cr_assert_arr_eq(out, rows[i].plain, len);
	}
}

Test(text, malformed_base64_is_refused)
{
	static const char *const rows[] = { "Z", "Zg",
		"Zg=", "Z===", "====", "Zm9v!m9v", "Zg==Zm9v", "Zm 9" };
	uint8_t out[16];

	for (size_t i = 0; i < COUNT(rows); i++)
		cr_assert(eq(i64,
			      text_base64_decode(rows[i], strlen(rows[i]), out),
			      -1),
		    "'%s'", rows[i]);
}

Test(text, utf8_is_told_from_other_bytes)
{
	static const struct {
		const char *s;
		bool good;
	} rows[] = {
		{ "", true },
		{ "plain text that is long enough", true },
		{ "é€\xf0\x9f\x98\x80 after a word of ASCII: é", true },
		{ "\xf4\x8f\xbf\xbf", true },
		{ "\xc0\xaf", false },         /* a long form */
		{ "\xe0\x80\xaf", false },     /* likewise */
		{ "\xf0\x80\x80\xaf", false }, /* likewise */
		{ "\xed\xa0\x80", false },     /* a surrogate */
		{ "\xf4\x90\x80\x80", false }, /* past the last character */
		{ "\xf5\x80\x80\x80", false },
		{ "\x80", false },
		{ "\xc3", false },
		{ "\xe2\x82", false },
		{ "\xe2\x82x", false },
		{ "caf\xe9 in Latin-1, long enough for words", false },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		cr_assert(eq(int, text_is_utf8(rows[i].s, strlen(rows[i].s)),
			      rows[i].good),
		    "row %zu", i);
}

Test(text, characters_are_written_as_they_are_measured)
{
	static const uint32_t rows[] = { 0, 'a', 0x7f, 0x80, 0x7ff, 0x800,
		0xffff, 0x10000, 0x10ffff };
	char out[4];

	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t n = text_utf8_put(out, rows[i]);

		cr_assert(eq(sz, text_utf8_length(out, n), n));
	}
}

Test(text, what_would_move_a_terminal_is_made_visible)
{
	static const struct {
		const char *s, *shown;
	} rows[] = {
		{ "plain é", "plain é" },
		{ "two\nlines\r\t", "two\\nlines\\r\\t" },
		{ "\x1b[31mred\x7f", "\\x1b[31mred\\x7f" },
		{ "\xc2\x9b"
		  "31m",
		    "\\xc2\\x9b31m" }, /* C1 controls */
		{ "caf\xe9", "caf\\xe9" },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		cr_assert(
		    eq(str, text_printable(a, rows[i].s, strlen(rows[i].s)),
			(char *)rows[i].shown));
}

Test(text, what_does_not_fit_is_cut_between_characters)
{
	char out[8];

	cr_assert(eq(sz, text_escape(out, sizeof out, "abcdefghij", 10), 7));
	cr_assert(eq(str, out, "abcdefg"));
	cr_assert(eq(sz, text_escape(out, sizeof out, "abcde€", 8), 5));
	cr_assert(eq(sz, text_escape(out, sizeof out, "abcde\x01", 6), 5));
}

Test(text, the_nearest_candidate_is_found_if_it_is_near)
{
	static const char *const keys[] = { "tasks.max", "topics",
		"topics.regex", "connector.class" };
	char far[200];

	cr_assert_str_eq(text_nearest("task.max", keys, 4), "tasks.max");
	cr_assert_str_eq(text_nearest("topic", keys, 4), "topics");
	cr_assert_str_eq(text_nearest("conector.clas", keys, 4),
	    "connector.class");
	cr_assert_null(text_nearest("file", keys, 4));
	cr_assert_null(text_nearest("x", keys, 0));
	memset(far, 'x', sizeof far);
	far[sizeof far - 1] = '\0';
	cr_assert_null(text_nearest(far, keys, 4));
}

/* tests/data/Vectors.java */
Test(text, murmur2_is_that_of_kafka)
{
	FILE *f = fopen(TESTS "/data/murmur2.txt", "r");
	char line[1024];
	size_t rows = 0;

	cr_assert_not_null(f);
	for (; fgets(line, sizeof line, f) != NULL; rows++) {
		char *hash = strchr(line, ' ');
		uint8_t key[512];
		size_t len = (size_t)(hash - line) / 2;

		for (size_t i = 0; i < len; i++)
			key[i] = (uint8_t)(text_hex_digit(line[2 * i]) * 16 +
					   text_hex_digit(line[2 * i + 1]));
		cr_assert(eq(i32, (int32_t)text_murmur2(key, len),
			      (int32_t)strtol(hash, NULL, 10)),
		    "row %zu", rows);
	}
	(void)fclose(f);
	cr_assert(ge(sz, rows, 500));
}
