/*
 * herder_impl: the herder's state; private to herder*.c.
 */
#ifndef PENSTOCK_CLUSTER_HERDER_IMPL_H
#define PENSTOCK_CLUSTER_HERDER_IMPL_H

#include "cluster/herder.h"

/* A process that runs here. */
struct process {
	char *connector;
	int task;
	int64_t generation;
};

enum lead {
	LEAD_NOT,
	LEAD_CLAIMING, /* the scribe has the claim */
	LEAD_HEALING,  /* it was read back */
	LEAD_LEADING,
};

struct herder {
	struct herder_config config;
	struct who me;
	int64_t born_ms;
	struct lease lease;
	struct peers *peers;
	struct members *members;
	struct table *table;
	struct clock_ms now; /* of the last step */

	int64_t beats; /* sent by this incarnation */
	int64_t heard; /* the last of them that was read back */
	int64_t since; /* as in struct beat */
	struct clock_ms last_beat, next_beat;
	bool news; /* for others: the next beat cannot wait */
	/* There is one introduction for an id: another machine that has ours
	 * has written over what we said. */
	bool spoken_over;

	int64_t applied; /* the highest epoch that was read */
	uint64_t token;  /* of the last HERD_CATCH_UP */
	bool listens;    /* nothing is done before */
	bool caught_up;
	bool lost;            /* a verdict stands against us */
	bool suspended;       /* work is, or there never was any */
	struct clock_ms told; /* the lease's end that children know */
	bool draining, leaving, hurried, left, refused;
	int64_t goodbye; /* number of the last beat, 0: not sent */
	struct process *processes;
	size_t process_count;

	bool candidate;
	enum lead lead;
	struct claim claim; /* the newest */
	int64_t claimed;    /* our claim's epoch */
	int64_t used;       /* the highest epoch in anything that we wrote */
	struct clock_ms next_claim, success;
	bool dirty; /* a new plan may be needed */
	bool writing;
	int64_t written; /* the last epoch that must be read back */
	struct clock_ms next_write, plan_again;

	struct ps_arena *a; /* of the present step's actions */
	struct herder_action *actions;
	size_t action_count, action_room;
	struct clock_ms next;
};

struct herder_action *
herder_act(struct herder *h, enum herder_action_kind kind);
/* A tick is due then. */
void herder_wake(struct herder *h, struct clock_ms t);
void herder_settle(struct herder *h, const char *connector);
void herder_leave(struct herder *h);

/* herder_beat.c */
void herder_beat(struct herder *h);
void herder_beat_if_due(struct herder *h);
void herder_on_beat(struct herder *h, const struct beat *b, int64_t offset);

/* herder_lead.c */
void herder_lead(struct herder *h);
/* Does it lead, with something yet to be planned, written or read back? */
bool herder_is_planning(const struct herder *h);
void herder_stop_leading(struct herder *h);
void herder_on_claim(struct herder *h, const struct claim *claim);
void herder_on_wrote(struct herder *h, enum wrote wrote);
void herder_on_candidate(struct herder *h, bool candidate);

#endif
