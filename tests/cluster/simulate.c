/*
 * simulate FIRST COUNT: schedules of the cluster from seeds. The last line
 * counts them; a red one is named and ends the run. `simulate SEED` tells one.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/cluster/sim.h"

int
main(int argc, char **argv)
{
	uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	struct sim_counts all = { 0 };

	for (uint64_t seed = first; seed < first + count; seed++) {
		struct sim_plan plan = sim_plan_of(seed);
		const char *red;
		struct sim *s;

		plan.trace = argc <= 2;
		s = sim_new(seed, &plan);
		red = sim_run(s);
		if (red != NULL) {
			(void)printf("seed %llu: %s\n",
			    (unsigned long long)seed, red);
			return 1;
		}
		sim_count(s, &all);
		sim_free(&s);
	}
	(void)printf("%llu schedules", (unsigned long long)count);
	for (size_t i = 0; i < SIM_COUNTS; i++)
		(void)printf(", %zu %s", all.of[i], sim_count_names[i]);
	(void)putchar('\n');
	return 0;
}
