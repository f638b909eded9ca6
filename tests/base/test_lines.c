#include "base/lines.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

Test(lines, are_kept_in_order)
{
	struct lines l = { 0 };

	lines_add(&l, "one\n", 4);
	lines_add(&l, "two\n", 4);
	cr_assert(eq(sz, l.len, 8));
	cr_assert(eq(int, memcmp(l.text, "one\ntwo\n", 8), 0));
	lines_fini(&l);
	cr_assert(eq(ptr, l.text, NULL));
}

Test(lines, the_oldest_make_room)
{
	struct lines l = { 0 };
	char line[64];
	int n;

	for (int i = 0; i < 5000; i++) {
		n = snprintf(line, sizeof line, "line %d\n", i);
		lines_add(&l, line, (size_t)n);
	}
	cr_assert(le(sz, l.len, LINES_BYTES));
	cr_assert(gt(sz, l.len, LINES_BYTES - 64));
	cr_assert(eq(int, memcmp(l.text, "line ", 5), 0));
	cr_assert(eq(int, memcmp(l.text + l.len - 10, "line 4999\n", 10), 0));
	lines_fini(&l);
}

Test(lines, one_that_is_too_long_leaves_its_end)
{
	static char line[2 * 16 * 1024];
	struct lines l = { 0 };

	memset(line, 'x', sizeof line);
	line[sizeof line - 1] = '\n';
	lines_add(&l, "before\n", 7);
	lines_add(&l, line, sizeof line);
	cr_assert(eq(sz, l.len, LINES_BYTES));
	lines_add(&l, "after\n", 6);
	cr_assert(eq(sz, l.len, 6));
	lines_fini(&l);
}
