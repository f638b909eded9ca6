/*
 * plan: which worker runs which slot; a pure function.
 *
 * Spreads each group of slots (a connector's tasks) over the members, and all
 * groups together, so that among equal members nobody has two more than
 * another. What is somewhere stays there unless balance needs it elsewhere;
 * equal input gives equal output.
 */
#ifndef PENSTOCK_CLUSTER_PLAN_H
#define PENSTOCK_CLUSTER_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include <penstock/arena.h>

#define PLAN_NOBODY (-1)

struct plan_member {
	double capacity; /* > 0: twice the capacity, twice the slots */
	double load;     /* measured, 1: its machine is busy; 0: not known */
};

struct plan_group {
	size_t count;         /* of slots */
	const int *before;    /* where each slot runs, or PLAN_NOBODY */
	const int *last;      /* where it was; NULL: nowhere */
	const bool *eligible; /* of each member; NULL: all are */
	int *after;           /* filled in; PLAN_NOBODY: none is eligible */
};

/*
 * Numbers decide; where they are equal, what is nowhere goes to a machine
 * that is clearly less busy. Load moves nothing: it would change with that.
 */
void plan_spread(struct ps_arena *a, const struct plan_member *members,
    size_t member_count, struct plan_group *groups, size_t count);

#endif
