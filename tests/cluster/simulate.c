/*
 * simulate FIRST COUNT: schedules of the cluster from seeds. The last line
 * counts them; a red one is named and ends the run. `simulate SEED` tells one.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/cluster/sim.h"

static struct sim_plan
plan_of(uint64_t seed)
{
	return (struct sim_plan){ .workers = 2 + seed % 4,
		.trouble_ms = 15000 + (int64_t)(seed % 7) * 3000,
		.calm_ms = 40000,
		.faults = 1 + (unsigned)(seed % 3) };
}

int
main(int argc, char **argv)
{
	uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	struct sim_counts all = { 0 };

	for (uint64_t seed = first; seed < first + count; seed++) {
		struct sim_plan plan = plan_of(seed);
		struct sim_counts c;
		const char *red;
		struct sim *s;

		plan.trace = argc <= 2;
		s = sim_new(seed, &plan);
		red = sim_run(s);
		c = sim_counts(s);
		all.events += c.events;
		all.faults += c.faults;
		all.starts += c.starts;
		all.moves += c.moves;
		all.verdicts += c.verdicts;
		all.claims += c.claims;
		all.rebirths += c.rebirths;
		all.suspends += c.suspends;
		if (red != NULL) {
			printf("seed %llu: %s\n", (unsigned long long)seed, red);
			return 1;
		}
		sim_free(&s);
	}
	printf("%llu schedules: %zu events, %zu faults, %zu starts, %zu moves, "
	       "%zu verdicts, %zu claims, %zu incarnations, %zu suspensions\n",
	    (unsigned long long)count, all.events, all.faults, all.starts,
	    all.moves, all.verdicts, all.claims, all.rebirths, all.suspends);
	return 0;
}
