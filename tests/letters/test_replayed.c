#include "letters/replayed.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/arena.h"

static struct ps_arena *a;
static struct replayed r;

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

TestSuite(replayed, .init = setup, .fini = teardown, .timeout = 30);

static void
expect(int64_t next, const char *text)
{
	cr_expect(eq(i64, r.next, next));
	cr_expect(eq(str, (char *)replayed_text(&r, a), (char *)text));
}

Test(replayed, what_joins_the_beginning_moves_it)
{
	replayed_init(&r, a, -1, "");
	replayed_add(&r, 1);
	replayed_add(&r, 3);
	expect(0, "1,3");
	replayed_add(&r, 2);
	expect(0, "1-3");
	replayed_add(&r, 0);
	expect(4, "");
	replayed_add(&r, 2);
	expect(4, "");
}

Test(replayed, ranges_grow_at_both_ends_and_join)
{
	replayed_init(&r, a, 5, "");
	replayed_add(&r, 10);
	replayed_add(&r, 9);
	replayed_add(&r, 12);
	replayed_add(&r, 7);
	expect(5, "7,9-10,12");
	replayed_add(&r, 11);
	expect(5, "7,9-12");
	cr_expect(replayed_has(&r, 4));
	cr_expect(not(replayed_has(&r, 5)));
	cr_expect(replayed_has(&r, 7));
	cr_expect(not(replayed_has(&r, 8)));
	cr_expect(replayed_has(&r, 12));
	replayed_up_to(&r, 9);
	expect(13, "");
}

Test(replayed, its_text_reads_back)
{
	static const char *const texts[] = { "", "7", "7,9-12", "6-7,100" };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		replayed_init(&r, a, 5, texts[i]);
		expect(5, texts[i]);
	}
}

Test(replayed, what_is_not_its_text_is_left_out)
{
	replayed_init(&r, a, 5, "x,3,9-8,7,7,8,5-6,-1,12-");
	expect(5, "7");
	replayed_init(&r, a, 5, "5-6,9");
	expect(7, "9");
}

Test(replayed, agrees_with_a_plain_table)
{
	uint64_t seed = 88172645463325252u;
	bool table[200] = { false };

	replayed_init(&r, a, 0, "");
	for (int i = 0; i < 400; i++) {
		int64_t offset;

		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		offset = (int64_t)(seed % 200);
		table[offset] = true;
		replayed_add(&r, offset);
		replayed_init(&r, a, r.next, replayed_text(&r, a));
		for (int64_t k = 0; k < 200; k++)
			cr_assert(replayed_has(&r, k) == table[k], "%lld",
			    (long long)k);
	}
}

Test(replayed, a_text_that_is_too_long_is_none)
{
	replayed_init(&r, a, 0, "");
	for (int64_t i = 1; i < 2000; i++)
		replayed_add(&r, 1000000 + 2 * i);
	cr_expect(replayed_text(&r, a) == NULL);
}
