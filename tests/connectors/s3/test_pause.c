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
	{ 3, 0, 3 },
};

Test(pause, doubles_up_to_its_limit_and_is_drawn_from_the_upper_half_A1)
{
	uint64_t seed = pause_seed();

	for (size_t i = 0; i < sizeof pauses / sizeof *pauses; i++) {
		int64_t full = pauses[i].full, least = full, most = 0;

		for (int draw = 0; draw < 100; draw++) {
			int64_t ms = pause_ms(pauses[i].first,
			    pauses[i].failures, &seed);

			least = ms < least ? ms : least;
			most = ms > most ? ms : most;
		}
		cr_expect(ge(i64, 2 * least, full));
		cr_expect(le(i64, most, full));
		/* From all of it: a hundred draws are in both its ends. */
		cr_expect(le(i64, least, (full + 1) / 2 + full / 8));
		cr_expect(ge(i64, most, full - full / 8));
	}
}
