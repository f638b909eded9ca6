#include "base/version.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "base/arena.h"

static struct ps_arena *a;

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

TestSuite(version, .init = setup, .fini = teardown, .timeout = 5);

Test(version, orders_as_maven_does)
{
	/* Rising; those of one row are the same. */
	static const char *const rows[][4] = {
		{ "1-alpha", "1.0-ALPHA", "1.0.0.alpha" },
		{ "1.0-alpha-1", "1.0-alpha1", "1a1" },
		{ "1.0-beta-2", "1b2" },
		{ "1.0-milestone-3", "1.0-m3" },
		{ "1.0-rc1", "1.0-cr1" },
		{ "1.0-SNAPSHOT", "1-snapshot" },
		{ "1", "1.0", "1.0.0", "1.0-final" },
		{ "1.0-sp" },
		{ "1.0-jre" },
		{ "1.0.1", "1.0.01" },
		{ "1.9" },
		{ "1.10" },
		{ "2" },
		{ "10" },
		{ "18446744073709551616" },
		{ "184467440737095516160" },
	};
	enum { ROWS = sizeof rows / sizeof *rows };

	for (size_t i = 0; i < ROWS; i++)
		for (size_t k = 0; k < 4 && rows[i][k] != NULL; k++)
			for (size_t j = 0; j < ROWS; j++)
				cr_assert(eq(int,
					      version_compare(rows[i][k],
						  rows[j][0]) < 0,
					      i < j),
				    "%s %s", rows[i][k], rows[j][0]);
}

Test(version, ranges_take_what_maven_takes)
{
	static const struct {
		const char *spec, *text, *in, *out;
	} rows[] = {
		{ "latest", "", "0.1", NULL },
		{ NULL, "", "0.1", NULL },
		{ " ", "", "0.1", NULL },
		{ "1.0", "[1.0,1.0]", "1.0.0", "1.0.1" },
		{ " 1.2 ", "[1.2,1.2]", "1.2", "1.1" },
		{ "[1.0]", "[1.0,1.0]", "1", "2" },
		{ "(,1.0]", "(,1.0]", "1.0", "1.0.1" },
		{ "(,1.0)", "(,1.0)", "1.0-rc1", "1.0" },
		{ "[1.2,1.3]", "[1.2,1.3]", "1.3", "1.3.1" },
		{ "(1.2, 2.0)", "(1.2,2.0)", "1.2.1", "1.2" },
		{ "[1.5,)", "[1.5,)", "99", "1.4" },
		{ "(,)", "(,)", "1", NULL },
		{ "(,1.0],[1.2,)", "(,1.0],[1.2,)", "1.2", "1.1" },
		{ "(,1.1),(1.1,)", "(,1.1),(1.1,)", "1.1.1", "1.1" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ps_error err = { 0 };
		struct version_range r;

		cr_assert(
		    eq(int, version_range_parse(a, rows[i].spec, &r, &err), 0),
		    "%s", err.text);
		cr_assert(
		    eq(str, version_range_text(a, &r), (char *)rows[i].text));
		cr_assert(version_range_takes(&r, rows[i].in), "%s %s",
		    rows[i].spec, rows[i].in);
		cr_assert(rows[i].out == NULL ||
			      !version_range_takes(&r, rows[i].out),
		    "%s %s", rows[i].spec, rows[i].out);
	}
}

Test(version, what_is_no_range_is_refused_in_mavens_words)
{
	static const struct {
		const char *spec, *text;
	} rows[] = {
		{ "[1.0", "Unbounded range: [1.0" },
		{ "(1.0)", "Single version must be surrounded by []: (1.0)" },
		{ "[]", "Single version must be surrounded by []: []" },
		{ "[2,1]", "Range defies version ordering: [2,1]" },
		{ "[1.0,1]x",
		    "Only fully-qualified sets allowed in multiple set "
		    "scenario: [1.0,1]x" },
		{ "(1,1.0]",
		    "Range cannot have identical boundaries: (1,1.0]" },
		{ "[1,3],[2,4]", "Ranges overlap: [1,3],[2,4]" },
		{ "1.0,2.0",
		    "Only fully-qualified sets allowed in multiple set "
		    "scenario: 1.0,2.0" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ps_error err = { 0 };
		struct version_range r;

		cr_assert(
		    eq(int, version_range_parse(a, rows[i].spec, &r, &err), -1),
		    "%s", rows[i].spec);
		cr_assert(eq(int, err.code, PS_E_CONFIG));
		cr_assert(eq(str, err.text, (char *)rows[i].text));
	}
}
