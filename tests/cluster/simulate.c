/*
 * simulate FIRST COUNT: schedules of the cluster from seeds. The last line
 * counts them; a red one is named and ends the run. `simulate SEED` tells one;
 * `simulate pinned` runs those that once were red; `simulate kills FIRST COUNT`
 * those where workers are only killed, and says how long work was missing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/cluster/sim.h"

/* Plans are written out, so that they stay when sim_plan_of changes. A seed
 * that tells another schedule since the simulator changed gives way to one that
 * is red while the bug is back: each is a mutant, too. */
static const struct pinned {
	const char *was;
	uint64_t seed;
	struct sim_plan plan;
} pinned[] = {
	{ "a worker whose goodbye was lost stayed", 262,
	    { .workers = 4,
		.trouble_ms = 24000,
		.calm_ms = 40000,
		.faults = 2,
		.delay_ms = 500 } },
	{ "two of one id went on when a goodbye was lost", 2607,
	    { .workers = 5,
		.trouble_ms = 24000,
		.calm_ms = 55000,
		.faults = 1,
		.namesakes = true,
		.delay_ms = 500 } },
	{ "living workers lost work to one about to be judged", 10701,
	    { .workers = 3,
		.trouble_ms = 30000,
		.calm_ms = 40000,
		.faults = 1,
		.delay_ms = 500 } },
	{ "a task left for what was level without that in the end", 1694,
	    { .workers = 4,
		.trouble_ms = 15000,
		.calm_ms = 55000,
		.faults = 3,
		.namesakes = true,
		.delay_ms = 500 } },
	{ "a task left for one that had ended and could go itself", 2673,
	    { .workers = 3,
		.trouble_ms = 33000,
		.calm_ms = 55000,
		.faults = 1,
		.namesakes = true,
		.delay_ms = 500 } },
};

/* false: it is red, and named. */
static bool
run(uint64_t seed, const struct sim_plan *plan, struct sim_counts *all,
    int64_t *missing_ms)
{
	struct sim *s = sim_new(seed, plan);
	const char *red = sim_run(s);

	if (red != NULL)
		(void)printf("seed %s%llu: %s\n", plan->kills ? "kills " : "",
		    (unsigned long long)seed, red);
	else
		sim_count(s, all);
	if (*missing_ms < sim_missing_ms(s))
		*missing_ms = sim_missing_ms(s);
	sim_free(&s);
	return red == NULL;
}

static int
run_pinned(void)
{
	size_t count = sizeof pinned / sizeof *pinned;
	struct sim_counts all = { 0 };
	int64_t missing = 0;

	for (size_t i = 0; i < count; i++)
		if (!run(pinned[i].seed, &pinned[i].plan, &all, &missing)) {
			(void)printf("pinned: %s\n", pinned[i].was);
			return 1;
		}
	(void)printf("%zu pinned\n", count);
	return 0;
}

static int
run_kills(uint64_t first, uint64_t count, bool trace)
{
	struct sim_counts all = { 0 };
	int64_t longest = 0;

	for (uint64_t seed = first; seed < first + count; seed++) {
		struct sim_plan plan = sim_plan_of_kills(seed);

		plan.trace = trace;
		if (!run(seed, &plan, &all, &longest))
			return 1;
	}
	(void)printf("%llu schedules of kills, all runs again after %lld ms\n",
	    (unsigned long long)count, (long long)longest);
	return 0;
}

static int
run_mixed(uint64_t first, uint64_t count, bool trace)
{
	struct sim_counts all = { 0 };
	int64_t missing = 0;

	for (uint64_t seed = first; seed < first + count; seed++) {
		struct sim_plan plan = sim_plan_of(seed);

		plan.trace = trace;
		if (!run(seed, &plan, &all, &missing))
			return 1;
	}
	(void)printf("%llu schedules", (unsigned long long)count);
	for (size_t i = 0; i < SIM_COUNTS; i++)
		(void)printf(", %zu %s", all.of[i], sim_count_names[i]);
	(void)putchar('\n');
	return 0;
}

int
main(int argc, char **argv)
{
	bool kills = argc > 1 && strcmp(argv[1], "kills") == 0;
	int at = kills ? 2 : 1;
	uint64_t first = argc > at ? strtoull(argv[at], NULL, 10) : 1;
	uint64_t count = argc > at + 1 ? strtoull(argv[at + 1], NULL, 10) : 1;
	bool trace = argc <= at + 1;

	if (argc == 2 && strcmp(argv[1], "pinned") == 0)
		return run_pinned();
	return kills ? run_kills(first, count, trace)
		     : run_mixed(first, count, trace);
}
