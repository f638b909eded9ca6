#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "child/limits.h"

Test(limits, a_weight_is_a_nice_value)
{
	static const struct {
		int64_t weight;
		int nice;
	} cases[] = { { 100, 0 }, { 99, 0 }, { 80, 1 }, { 50, 3 }, { 1, 19 },
		{ 124, 0 }, { 125, -1 }, { 10000, -20 } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		cr_expect(eq(int, limits_nice(cases[i].weight), cases[i].nice),
		    "weight %d", (int)cases[i].weight);
}
