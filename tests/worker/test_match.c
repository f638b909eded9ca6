#include "worker/match.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/arena.h"

Test(match, a_tag_is_quoted_and_matches_itself)
{
	struct ps_arena *a = arena_new(256);

	cr_expect(eq(str, (char *)match_tag(a, 17), "\"17\""));
	cr_expect(match_holds(match_tag(a, 17), 17));
	arena_free(&a);
}

static const struct {
	const char *if_match;
	int64_t at;
	bool holds;
} cases[] = {
	{ NULL, 5, true },
	{ NULL, -1, true },
	{ "*", 5, true },
	{ "*", -1, false },
	{ "\"5\"", 5, true },
	{ "\"5\"", 6, false },
	{ "\"5\"", -1, false },
	{ "\"-1\"", -1, false },
	{ "W/\"5\"", 5, false },
	{ "5", 5, false },
	{ "\"4\", \"5\" ,\"6\"", 5, true },
	{ "\"4\",\"55\"", 5, false },
	{ ", ,", 5, false },
	{ "", 5, false },
};

Test(match, only_what_is_there_matches)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		cr_expect(eq(int, match_holds(cases[i].if_match, cases[i].at),
			      cases[i].holds),
		    "case %zu", i);
}
