/*
 * peers: who is alive, as the lease topic tells.
 *
 * Heartbeats and verdicts in log order, with the times at which this worker
 * read them. A worker counts as ended only when no lease that it may hold can
 * still run: design 3, Leases. Times are the reader's own boot clock; no
 * other machine's clock is believed.
 */
#ifndef PENSTOCK_CLUSTER_PEERS_H
#define PENSTOCK_CLUSTER_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

/* A worker's run: its id (host:port), and a number new at every start and
 * after every lost lease. Nobody: incarnation 0. */
struct who {
	const char *id;
	uint64_t incarnation;
};

bool who_is(const struct who *a, const struct who *b);
bool who_is_nobody(const struct who *w);

/* What a worker says of a connector while the newest record of it that it
 * has read calls it a debtor. */
struct beat_answer {
	const char *connector;
	int64_t epoch; /* of that record */
	size_t task_count;
	const int *tasks; /* still stopping; -1: the connector's own process */
};

enum beat_flags {
	BEAT_DRAINING = 1 << 0, /* wants no work */
	BEAT_LEAVING = 1 << 1,  /* wants no work, and will be gone */
	BEAT_GONE = 1 << 2,     /* the last one: nothing of it runs */
};

struct beat {
	struct who who;
	int64_t number;   /* counts the beats of this incarnation */
	const char *host; /* what only runs on that machine have in common */
	int64_t born_ms;  /* by that machine's boot clock */
	int64_t
	    since; /* offset of the incarnation's first beat, -1: not read */
	int64_t epoch; /* the highest that was read */
	unsigned flags;
	size_t answer_count;
	const struct beat_answer *answers;
	double load; /* of its machine, 1: all cores busy */
};

struct peer {
	struct peer *next;
	struct who who;
	char *host; /* NULL: none of its beats was read */
	int64_t born_ms, since, number;
	struct clock_ms heard;
	struct clock_ms met;   /* named to a leader that had not heard of it */
	int64_t deaf_ms;       /* of the reader's lease, then */
	struct clock_ms ended; /* noticed by peers_notice */
	struct clock_ms accused; /* by this worker, when it leads */
	int64_t accused_at;      /* the number of our last beat, then */
	int64_t epoch;
	unsigned flags;
	size_t answer_count;
	struct beat_answer *answers;
	double load;
	bool judged;   /* a verdict stands; beats after it do not count */
	bool followed; /* a later run on its machine took its name */
	bool over;     /* it has ended */
	bool seen;     /* … and this leader has planned with that */
};

struct peers;

struct peers *peers_new(int64_t session_ms);
void peers_free(struct peers **pp);

/* The log is read from here on. */
void peers_begin(struct peers *p, struct clock_ms now);
/* As read. A beat of one that was dropped by peers_sweep counts for nothing:
 * peers_find does not find it. */
void peers_beat(struct peers *all, const struct beat *b, struct clock_ms now);
void peers_verdict(struct peers *all, const struct who *who);

/* A later run on its machine has introduced itself, as in peers_beat. */
void peers_follow(struct peers *all, const struct who *earlier);

/* What is assigned to somebody never heard of counts from the beginning. */
struct peer *peers_get(struct peers *p, const struct who *who);
/* NULL: not heard of. */
struct peer *peers_find(const struct peers *p, const struct who *who);
/* The list, by the time they were first heard of. */
struct peer *peers_first(const struct peers *p);

/* It may be given work, or keep it. */
bool peer_is_member(const struct peer *p);
/* This worker has accused it, and has not heard of it since. */
bool peer_is_accused(const struct peer *p);
/* Sets `over` and `ended` of those of whom nothing runs any more, nor will. */
void peers_notice(struct peers *all, struct clock_ms now);
/* Has another machine the id for longer? Then this one is to end. */
bool peers_is_second(const struct peers *all, const struct peer *p);
/* Has it obeyed the connector's record of `epoch`, or a later one, and does
 * the task's process no longer run there? -1: the connector's own; PEER_ANY:
 * none of them. */
#define PEER_ANY (-2)
bool peer_has_left(const struct peer *p, int64_t epoch, const char *connector,
    int task);

/* Those who are over and not `named` (asked with ctx) are dropped. */
typedef bool peers_named_fn(void *ctx, const struct who *who);
void peers_sweep(struct peers *all, peers_named_fn *named, void *ctx);

#endif
