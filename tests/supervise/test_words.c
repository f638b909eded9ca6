#include "supervise/words.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "base/log.h"

static void
be_quiet(void)
{
	log_set_level("", PS_ERROR);
}

TestSuite(words, .init = be_quiet);

static void
take(struct words *w, const char *text)
{
	words_take(w, "test", text, strlen(text));
}

Test(words, keeps_the_last_lines_however_they_were_cut)
{
	struct words w = { .line_len = 0 };

	take(&w, "one\ntw");
	take(&w, "o\nthree");
	cr_assert(eq(str, w.kept, "one\ntwo\n"));
	words_end(&w, "test");
	cr_assert(eq(str, w.kept, "one\ntwo\nthree\n"));
}

Test(words, old_lines_make_room_for_new_ones)
{
	struct words w = { .line_len = 0 };
	char line[64];

	for (int i = 0; i < 1000; i++) {
		(void)snprintf(line, sizeof line, "line %d\n", i);
		take(&w, line);
	}
	cr_assert(le(sz, w.kept_len, WORDS_KEPT_MAX));
	cr_assert(ne(ptr, strstr(w.kept, "line 999\n"), NULL));
	cr_assert(eq(ptr, strstr(w.kept, "line 1\n"), NULL));
	cr_assert(eq(int, strncmp(w.kept, "line ", 5), 0));
}

Test(words, a_line_without_an_end_is_cut)
{
	struct words w = { .line_len = 0 };
	static char text[WORDS_LINE_MAX * 3];

	memset(text, 'x', sizeof text - 1);
	take(&w, text);
	cr_assert(le(sz, w.line_len, WORDS_LINE_MAX));
	cr_assert(ge(sz, w.kept_len, WORDS_LINE_MAX));
}

Test(words, more_lines_than_allowed_are_counted_and_not_logged)
{
	struct words w = { .line_len = 0 };
	int logged = 0;

	for (int i = 0; i < WORDS_LINES_PER_S * 2; i++)
		logged += words_may_log(&w, "test");
	cr_assert(le(int, logged, WORDS_LINES_PER_S + 1));
	cr_assert(gt(uint, w.dropped, 0));
}
