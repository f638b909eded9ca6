/*
 * txn: a source's transactions: its records and their positions, or neither.
 *
 * One is begun by the first record after the last, and ends where
 * transaction.boundary says: when every record has its report, the positions
 * are sent and have theirs, then it is committed. Whatever goes wrong before
 * that loses all of it, and the source starts again from what is committed.
 */
#ifndef PENSTOCK_TASK_TXN_H
#define PENSTOCK_TASK_TXN_H

#include <penstock/record.h>

#include "base/clock.h"

struct source;
struct settings;

enum txn_boundary {
	TXN_NONE, /* not exactly once */
	TXN_POLL,
	TXN_INTERVAL,
	TXN_CONNECTOR,
};

struct txn {
	enum txn_boundary boundary;
	bool is_open;
	bool is_due;     /* it ends before anything more is polled */
	bool must_abort; /* without its records, but with their positions */
	struct clock_ms began;
	int64_t timeout_ms; /* transaction.timeout.ms */
	uint64_t commits;   /* of this run */
	size_t records;     /* sent in the open one */
	const char *id, *offsets_topic;
};

/* What the configuration says. TXN_NONE: the worker's
 * exactly.once.source.support is not enabled. */
int txn_configure(struct source *s, struct ps_error *err);
/* Takes over the transactional id, which fences who had it before, and reads
 * the stored offsets to their end; what aborts hide of them is written again.
 * Waits while the broker is away. */
int txn_begin_run(struct source *s, struct ps_error *err);
/* Aborts what is open, if that can be done soon. */
void txn_end_run(struct source *s);

/* Records are about to be sent to the topic. */
int txn_send(struct source *s, const char *topic, struct ps_error *err);
/* A batch was polled: is this a boundary? */
void txn_polled(struct source *s, size_t count, enum ps_mark mark);
/* Does what can be done of a transaction's end. Every turn. */
int txn_turn(struct source *s, struct ps_error *err);
/* The source is to be stopped, or has ended: what may be committed, is.
 * False: what is open can only be aborted. */
bool txn_finish(struct source *s);
/* The task was paused; -1: what is open has no boundary here. */
int txn_pause(struct source *s, struct ps_error *err);
/* The client failed: either the source starts again in place
 * (must_restart), or `err` tells people what it means. Returns -1. */
int txn_judge(struct source *s, struct ps_error *err);

#endif
