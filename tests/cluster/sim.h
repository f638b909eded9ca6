/*
 * sim: a cluster of herders in a world made of a seed.
 *
 * Workers with clocks of their own, their children with kernel timers, the
 * lease and config logs, the group, the scribes; crashes, pauses, cuts and
 * delays. What is appended, what is acknowledged, what each reader sees and
 * each clock are separate events. A broken rule ends the run with a text.
 */
#ifndef PENSTOCK_TESTS_CLUSTER_SIM_H
#define PENSTOCK_TESTS_CLUSTER_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim;

/* What a schedule is made of. */
struct sim_plan {
	size_t workers;
	int64_t trouble_ms; /* faults and changes until then */
	/* All must be well so long after: then two sessions are over, of a
	 * leader that nobody hears and of those that it has not judged, and
	 * some transactions that each may wait for seconds. */
	int64_t calm_ms;
	unsigned faults;  /* one is tried every 1000/faults ms on average */
	bool namesakes;   /* the last worker has the id of the first */
	int64_t delay_ms; /* scheduled.rebalance.max.delay.ms */
	bool placed;      /* workers have labels, connectors placements */
	bool versions;    /* workers are upgraded, and back again */
	bool sized;       /* the first worker has twice the capacity */
	bool kills;       /* killed and back is all the trouble */
	bool trace;
};

struct sim_plan sim_plan_of(uint64_t seed);
struct sim_plan sim_plan_of_kills(uint64_t seed);
struct sim *sim_new(uint64_t seed, const struct sim_plan *plan);
void sim_free(struct sim **sp);
/* NULL: all rules were kept. */
const char *sim_run(struct sim *s);

/* What happened in it. */
enum sim_count {
	SIM_EVENTS,
	SIM_FAULTS,
	SIM_STARTS,
	SIM_MOVES,
	SIM_VERDICTS,
	SIM_CLAIMS,
	SIM_INCARNATIONS,
	SIM_SUSPENSIONS,
	SIM_REFUSALS,
	SIM_CHANGES, /* that were acknowledged */
	SIM_COUNTS,
};
extern const char *const sim_count_names[SIM_COUNTS];

struct sim_counts {
	size_t of[SIM_COUNTS];
};
/* Where workers are only killed: the longest, in ms, that something ran nowhere
 * after the last of it. */
int64_t sim_missing_ms(const struct sim *s);
void sim_count(const struct sim *s, struct sim_counts *sum);

#endif
