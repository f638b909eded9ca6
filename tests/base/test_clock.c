#include "base/clock.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/arena.h"

Test(clock, goes_forward)
{
	struct clock_ms t = clock_now();

	cr_assert(ge(i64, clock_since(t, clock_now()), 0));
	cr_assert(eq(i64, clock_since(t, clock_after(t, 250)), 250));
}

/* "No limit" is often the largest number there is. */
Test(clock, what_is_after_the_end_of_time_is_its_end)
{
	struct clock_ms end = { INT64_MAX };

	cr_expect(eq(i64, clock_after(clock_now(), INT64_MAX).ms, INT64_MAX));
	cr_expect(eq(i64, clock_after(end, 1).ms, INT64_MAX));
	cr_expect(gt(i64, clock_since(clock_now(), end), 0));
	cr_expect(eq(i64, clock_after(end, -1).ms, INT64_MAX - 1));
}

Test(clock, wall_time_is_of_this_century)
{
	cr_assert(gt(i64, wall_now().ms, INT64_C(1700000000000)));
	cr_assert(lt(i64, wall_now().ms, INT64_C(4102444800000)));
}

Test(clock, names_moments_in_utc)
{
	static const struct {
		int64_t ms;
		const char *text;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00.000Z" },
		{ 1795248000123, "2026-11-21T08:00:00.123Z" },
		{ -1, "1969-12-31T23:59:59.999Z" },
		{ 951782400000, "2000-02-29T00:00:00.000Z" },
	};
	struct ps_arena *a = arena_new(256);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		cr_assert(eq(str, wall_iso(a, (struct wall_ms){ rows[i].ms }),
		    (char *)rows[i].text));
	arena_free(&a);
}
