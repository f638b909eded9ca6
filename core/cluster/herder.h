/*
 * herder: this worker's part in the cluster, as a state machine.
 *
 * step(state, event) → actions; no clock, no input or output of its own, so a
 * simulator can put it into every situation. It holds the lease, obeys the
 * assignments, and while it leads writes them: design 3, sentence by sentence.
 * Claims and assignments are written in the newest format that all who live
 * can read. Who meets one that it cannot read stops what that names, and does
 * not lead, until it is written again.
 */
#ifndef PENSTOCK_CLUSTER_HERDER_H
#define PENSTOCK_CLUSTER_HERDER_H

#include "cluster/assign.h"
#include "cluster/lease.h"

struct herder;

struct herder_config {
	const char *id;   /* host:port as advertised */
	const char *host; /* as in struct beat */
	int64_t session_ms, heartbeat_ms;
	int64_t rebalance_delay_ms;
	uint64_t seed; /* of incarnations and pauses */
	int version;   /* of records, the newest it can read and write */
};

struct claim {
	int version;     /* of its format */
	bool unreadable; /* newer than this worker knows: of nobody */
	struct who who;
	const char *url;
	int64_t epoch;
};

/* What became of a transaction of the scribe's. */
enum wrote { WROTE_OK, WROTE_REFUSED, WROTE_FENCED, WROTE_UNKNOWN };

enum herder_event_kind {
	HERDER_TICK,
	HERDER_LISTENS,    /* the lease topic is read from now on */
	HERDER_BEAT,       /* read from the lease topic */
	HERDER_VERDICT,    /* read from the lease topic */
	HERDER_CAUGHT_UP,  /* HERD_CATCH_UP of `token` is done */
	HERDER_CONNECTOR,  /* read from the config topic … */
	HERDER_ASSIGNMENT, /* … */
	HERDER_CLAIM,      /* … */
	HERDER_MEMBER,     /* read from the status topic */
	HERDER_CANDIDATE,  /* the group gave or took the partition */
	HERDER_WROTE,      /* answers HERD_CLAIM or HERD_ASSIGN */
	HERDER_HEALED,     /* answers HERD_HEAL */
	HERDER_PROCESS,    /* a process of a slot began or was reaped */
	HERDER_DRAIN,      /* wants no work, or wants it again */
	HERDER_LEAVE,      /* the worker is to end; again: without delay */
};

struct herder_event {
	enum herder_event_kind kind;
	const char *connector; /* CONNECTOR, ASSIGNMENT, PROCESS */
	int64_t offset;        /* BEAT: where it stands in the log */
	union {
		struct beat beat;
		struct who verdict;
		uint64_t token;
		struct wanted wanted;
		const struct assignment *assignment; /* NULL: gone */
		struct claim claim;
		struct member_info member;
		bool candidate;
		enum wrote wrote;
		struct {
			int task;
			int64_t generation;
			bool began;
		} process;
		bool drain;
	};
};

enum herder_action_kind {
	HERD_BEAT,      /* append to the lease topic */
	HERD_VERDICT,   /* append to the lease topic */
	HERD_CATCH_UP,  /* read the config topic to the end it has now */
	HERD_INTRODUCE, /* write penstock-worker-<id>: herder_me, struct
			   member_info */
	HERD_LEASE,     /* to each child: its lease ends then */
	HERD_SUSPEND,   /* each child stops polling and disarms its timer */
	HERD_KILL,      /* all children, now: the lease is lost */
	HERD_SETTLE,    /* what is to run of a connector may have changed */
	HERD_CLAIM,     /* a new scribe writes the claim of `epoch` */
	HERD_HEAL,      /* write again what aborted transactions hid */
	HERD_ASSIGN,    /* the scribe writes the records, and behind them, if
			   there is an epoch, the claim again with it */
	HERD_REJOIN, /* leave the group; join after a pause, unless leaving */
	HERD_REFUSE, /* another machine had this id first: this worker
			stops all, and then has left */
	HERD_LEFT,   /* the goodbye was read back: the worker may end */
};

struct herder_action {
	enum herder_action_kind kind;
	const char *connector; /* SETTLE */
	struct beat beat;      /* BEAT; of REFUSE the other's who and host */
	struct who verdict;
	uint64_t token;
	struct clock_ms ends; /* LEASE */
	int64_t epoch;        /* CLAIM, ASSIGN */
	struct assign_result assign;
};

/* Valid until the next step. */
struct herder_actions {
	const struct herder_action *items;
	size_t count;
};

struct herder *
herder_new(const struct herder_config *config, struct clock_ms now);
void herder_free(struct herder **hp);
struct herder_actions herder_step(struct herder *h, struct clock_ms now,
    const struct herder_event *event);
/* A tick is due then. */
struct clock_ms herder_next(const struct herder *h);

/* Is the slot's process this worker's to run, task configs of `generation`?
 * Task -1: the connector's own process, of any generation. */
bool herder_owns(const struct herder *h, const char *connector, int task,
    int64_t generation);
/* Asked right before a process is started. */
bool herder_may_start(const struct herder *h, struct clock_ms now,
    const char *connector, int task, int64_t generation);

/* May it still say what became of its work? Others may have it else. */
bool herder_may_speak(const struct herder *h, struct clock_ms now);

/* Follows from what the herder knows at the time: it has no table of states
 * as a task's life has. Who is fenced claims again, and is a follower until
 * then. */
enum herder_role {
	HERDER_JOINING, /* has no lease yet, or has lost it */
	HERDER_FOLLOWER,
	HERDER_CLAIMING, /* claims */
	HERDER_LEADER,
	HERDER_LEAVING,
};
enum herder_role herder_role(const struct herder *h);
/* It leads, also while it leaves. */
bool herder_leads(const struct herder *h);
/* It leads or claims. */
bool herder_holds_pen(const struct herder *h);
const struct who *herder_me(const struct herder *h);
int64_t herder_born(const struct herder *h); /* as in struct beat */
/* The newest claim; incarnation 0: none was read. */
const struct claim *herder_leader(const struct herder *h);
/* Does that incarnation hold, as far as is known, a lease? */
bool
herder_is_alive(const struct herder *h, const char *id, uint64_t incarnation);
/* Has all that ran of the connector ended, and will nothing start? */
bool herder_is_idle(const struct herder *h, const char *connector);
const struct peers *herder_peers(const struct herder *h);
const struct members *herder_members(const struct herder *h);
const struct table *herder_table(const struct herder *h);
const struct lease *herder_lease(const struct herder *h);
int64_t herder_epoch(const struct herder *h);
/* The format of what it writes as the leader. */
int herder_version(const struct herder *h);

#endif
