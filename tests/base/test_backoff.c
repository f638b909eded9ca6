#include "base/backoff.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>

Test(backoff, doubles_up_to_its_ceiling_within_the_upper_half)
{
	static const int64_t full[] = { 1000, 2000, 4000, 8000, 10000, 10000 };
	struct backoff b;

	for (uint64_t seed = 0; seed < 200; seed++) {
		backoff_init(&b, 1000, 10000, seed);
		for (size_t i = 0; i < sizeof full / sizeof *full; i++) {
			int64_t ms = backoff_next_ms(&b);

			cr_assert(ge(i64, ms, full[i] / 2));
			cr_assert(le(i64, ms, full[i]));
		}
	}
}

Test(backoff, differs_between_seeds_and_repeats_with_one)
{
	struct backoff x, y, z;

	backoff_init(&x, 1000000, 2000000, 1);
	backoff_init(&y, 1000000, 2000000, 1);
	backoff_init(&z, 1000000, 2000000, 2);
	for (int i = 0; i < 8; i++) {
		int64_t ms = backoff_next_ms(&x);

		cr_assert(eq(i64, backoff_next_ms(&y), ms));
		cr_assert(ne(i64, backoff_next_ms(&z), ms));
	}
}

Test(backoff, begins_anew_after_a_success)
{
	struct backoff b;

	backoff_init(&b, 100, 100000, 3);
	for (int i = 0; i < 9; i++)
		(void)backoff_next_ms(&b);
	backoff_reset(&b);
	cr_assert(le(i64, backoff_next_ms(&b), 100));
}

Test(backoff, stays_at_the_ceiling_for_ever)
{
	struct backoff b;

	backoff_init(&b, 1, INT64_MAX / 2, 4);
	for (int i = 0; i < 200; i++)
		cr_assert(ge(i64, backoff_next_ms(&b), 0));
	cr_assert(ge(i64, backoff_next_ms(&b), INT64_MAX / 4));
}

Test(backoff, may_be_none)
{
	struct backoff b;

	backoff_init(&b, 0, 0, 5);
	cr_assert(zero(i64, backoff_next_ms(&b)));
	cr_assert(zero(i64, backoff_next_ms(&b)));
}

Test(backoff, refuses_a_ceiling_below_the_first, .signal = SIGABRT)
{
	struct backoff b;

	backoff_init(&b, 10, 9, 0);
}
