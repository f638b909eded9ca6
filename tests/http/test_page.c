#include "http/page.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "base/arena.h"

static struct page_wish
wish(const char *limit, const char *order, const char *after)
{
	struct ps_error err = { 0 };
	struct page_wish w;

	cr_assert(eq(int, page_parse(limit, order, after, &w, &err), 0), "%s",
	    err.text);
	return w;
}

static const char *
names(const struct page_item *items, size_t count, char *out, size_t room)
{
	out[0] = '\0';
	for (size_t i = 0; i < count; i++)
		(void)strncat(out, items[i].name, room - strlen(out) - 1);
	return out;
}

/* All pages, one behind the other. */
static void
walk(const char *order, const char *limit, const char *want)
{
	struct ps_arena *a = arena_new(256);
	char got[64] = "", page[16];
	const char *next = NULL;

	do {
		struct page_item items[] = { { "c", 1, NULL }, { "a", 4, NULL },
			{ "e", 0, NULL }, { "b", 4, NULL }, { "d", 1, NULL } };
		struct page_wish w = wish(limit, order, next);
		size_t count = sizeof items / sizeof *items;

		if (w.order == PAGE_BY_NAME)
			for (size_t i = 0; i < count; i++)
				items[i].rank = 0;
		next = page_cut(a, &w, items, &count);
		(void)strncat(got, names(items, count, page, sizeof page),
		    sizeof got - strlen(got) - 2);
		(void)strncat(got, "|", 2);
	} while (next != NULL);
	cr_expect(eq(str, got, (char *)(uintptr_t)want));
	arena_free(&a);
}

Test(page, pages_put_together_are_the_list)
{
	walk(NULL, NULL, "abcde|");
	walk("name", "2", "ab|cd|e|");
	walk("failures", "2", "ec|da|b|");
	walk("failures", "5", "ecdab|");
	walk("failures", NULL, "ecdab|");
}

Test(page, what_goes_away_between_two_pages_skips_nothing)
{
	struct ps_arena *a = arena_new(256);
	struct page_item left[] = { { "a", 0, NULL }, { "c", 0, NULL },
		{ "d", 0, NULL } };
	struct page_wish w = wish("2", NULL, "b"); /* b is gone */
	size_t count = 3;
	char got[8];

	cr_expect(page_cut(a, &w, left, &count) == NULL);
	cr_expect(eq(str, (char *)(uintptr_t)names(left, count, got, 8), "cd"));
	arena_free(&a);
}

static const struct {
	const char *limit, *order, *after, *text;
} wrong[] = {
	{ "0", NULL, NULL, "limit: 0 is no number from 1 to 10000" },
	{ "x", NULL, NULL, "limit: x is no number from 1 to 10000" },
	{ NULL, "age", NULL, "order: age is not one of name, failures" },
	{ NULL, "failures", "orders",
	    "after: orders is no cursor of order=failures" },
	{ NULL, "failures", "", "after:  is no cursor of order=failures" },
};

Test(page, what_is_no_page_is_refused)
{
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct ps_error err = { 0 };
		struct page_wish w;

		cr_expect(eq(int,
		    page_parse(wrong[i].limit, wrong[i].order, wrong[i].after,
			&w, &err),
		    -1));
		cr_expect(eq(str, err.text, (char *)(uintptr_t)wrong[i].text));
	}
}
