#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <pause/pause.h>
#include <penstock/error.h>

static const struct {
	int64_t first;
	unsigned failures;
	int64_t full;
} pauses[] = {
	{ 200, 0, 200 },
	{ 200, 3, 1600 },
	{ 200, 5, PS_RETRY_MAX_MS },
	{ 3000, 1, PS_RETRY_MAX_MS },
	{ 1, 4000000000, PS_RETRY_MAX_MS },
	{ 20000, 0, 20000 },
	{ 20000, 9, 20000 },
	{ 1, 0, 1 },
};

Test(pause, doubles_up_to_its_limit_and_is_drawn_from_the_upper_half_A1)
{
	uint64_t seed = pause_seed();

	for (size_t i = 0; i < sizeof pauses / sizeof *pauses; i++)
		for (int draw = 0; draw < 100; draw++) {
			int64_t ms = pause_ms(pauses[i].first,
			    pauses[i].failures, &seed);

			cr_expect(ge(i64, ms, pauses[i].full / 2));
			cr_expect(le(i64, ms, pauses[i].full));
		}
}
