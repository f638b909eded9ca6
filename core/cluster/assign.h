/*
 * assign: which assignment records the leader has to write now.
 *
 * A pure function of what was read. Work moves in two epochs: first without
 * its slot, and only when the old owner has said that it stopped, or has
 * ended, with the new owner. New task configs move all tasks of a connector.
 */
#ifndef PENSTOCK_CLUSTER_ASSIGN_H
#define PENSTOCK_CLUSTER_ASSIGN_H

#include "cluster/members.h"
#include "cluster/table.h"

struct assign_input {
	struct table *table;
	struct peers *peers;
	const struct members *members;
	struct clock_ms now;
	int version;     /* of the records; newer ones are written again */
	int64_t epoch;   /* of the first record; each has its own */
	int64_t claimed; /* of the leader's claim: records before are others' */
	int64_t delay_ms; /* work of one that ended waits for its return */
};

struct assign_record {
	const char *connector;
	const struct assignment *assignment; /* NULL: the record goes */
};

struct assign_result {
	size_t count;
	const struct assign_record *records;
	size_t moves; /* slots that leave a living owner */
	/* Something waits: look again then at the latest. 0: nothing does. */
	struct clock_ms again;
};

struct assign_result
assign_plan(struct ps_arena *a, const struct assign_input *in);

#endif
