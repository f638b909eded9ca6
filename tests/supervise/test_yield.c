#include "supervise/yield.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct clock_ms
at(int64_t ms)
{
	return (struct clock_ms){ 1000000 + ms };
}

/* A look each second, until it changes: how many it took; 0: it does not. */
static int
looks(struct yield *y, int64_t *ms, int64_t *cpu_ms, int64_t share)
{
	bool was = y->yields;

	for (int n = 1; n <= 60; n++) {
		*ms += 1000;
		*cpu_ms += share * 10;
		if (yield_look(y, at(*ms), *cpu_ms, 7) != was)
			return n;
	}
	return 0;
}

Test(yield, who_computes_for_three_seconds_and_has_nothing_to_show_yields)
{
	static const struct {
		int64_t share; /* of a processor, in hundredths */
		int looks;
	} cases[] = { { 100, 3 }, { 25, 3 }, { 250, 3 }, { 24, 0 }, { 0, 0 } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct yield y = { .yields = false };
		int64_t ms = 0, cpu_ms = 500;

		cr_expect(not(yield_look(&y, at(0), cpu_ms, 7)));
		cr_expect(eq(int, looks(&y, &ms, &cpu_ms, cases[i].share),
		    cases[i].looks));
	}
}

Test(yield, looks_that_come_more_often_change_nothing)
{
	struct yield y = { .yields = false };

	for (int64_t ms = 0; ms < 3000; ms += 100)
		cr_expect(not(yield_look(&y, at(ms), ms, 0)));
	cr_expect(yield_look(&y, at(3000), 3000, 0));
}

Test(yield, one_record_is_enough_to_show)
{
	struct yield y = { .yields = false };
	int64_t ms = 0;

	for (int64_t records = 0; records < 30; records++)
		for (int n = 0; n < 2; n++, ms += 1000)
			cr_expect(not(yield_look(&y, at(ms), ms, records)));
}

Test(yield, a_record_ends_it_at_once)
{
	struct yield y = { .yields = false };

	(void)yield_look(&y, at(0), 0, 0);
	cr_assert(yield_look(&y, at(3000), 3000, 0));
	cr_expect(yield_look(&y, at(3100), 3100, 0));
	cr_expect(not(yield_look(&y, at(3200), 3200, 1)));
	/* and then it has three seconds again */
	cr_expect(not(yield_look(&y, at(6100), 6100, 1)));
	cr_expect(yield_look(&y, at(6200), 6200, 1));
}

Test(yield, who_gets_little_that_way_has_its_share_again)
{
	static const struct {
		int64_t share;
		int looks;
	} cases[] = { { 100, 0 }, { 13, 0 }, { 12, 1 }, { 0, 1 } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct yield y = { .yields = false };
		int64_t ms = 0, cpu_ms = 0;

		(void)yield_look(&y, at(0), 0, 7);
		cr_assert(eq(int, looks(&y, &ms, &cpu_ms, 100), 3));
		cr_expect(eq(int, looks(&y, &ms, &cpu_ms, cases[i].share),
		    cases[i].looks));
		if (cases[i].looks != 0)
			cr_expect(eq(int, looks(&y, &ms, &cpu_ms, 100), 3));
	}
}
