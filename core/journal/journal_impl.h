/*
 * journal_impl: what both kinds of journal share.
 *
 * A wait is one caller's; it ends when its records have been read back. The
 * kinds differ in how records are written and when they come back.
 */
#ifndef PENSTOCK_JOURNAL_JOURNAL_IMPL_H
#define PENSTOCK_JOURNAL_JOURNAL_IMPL_H

#include "journal/journal.h"

/* One call of journal_append or journal_read_to_end. */
struct wait {
	struct wait *next;
	struct journal *j;
	enum journal_log log;
	journal_done_fn *fn;
	void *ctx;
	size_t unwritten; /* records without a report */
	/* Where its records are in the log, as far as reports came. */
	struct mark {
		int32_t partition;
		int64_t offset;
	} * marks;
	size_t mark_count;
	enum { WAIT_WRITE, WAIT_END_LATER, WAIT_END_ASKED } what;
	bool finished; /* called back on the next turn */
	struct ps_error err;
};

struct journal_kind {
	void (*append)(struct wait *w, const struct store_pairs *records);
	void (*read_to_end)(struct wait *w);
	/* Has all of a written wait been read back? */
	bool (*passed)(const struct wait *w);
	const char *(*trouble)(const struct journal *j);
	const char *(*cluster_id)(const struct journal *j);
	struct admin *(*admin)(const struct journal *j);
	/* Its own part ends; journal_end when the loop is done with it. */
	void (*close)(struct journal *j, int limit_ms);
};

/* The first member of each kind's struct. */
struct journal {
	const struct journal_kind *kind;
	uv_loop_t *loop;
	uv_idle_t soon; /* runs while a wait is finished */
	const struct journal_ops *ops;
	void *ctx;
	struct configs *configs;
	struct statuses *statuses;
	struct offsets *offsets;
	struct ps_arena *scratch;
	bool live;    /* replay is over */
	bool closing; /* nobody is called any more */
	struct wait *first;
};

void journal_init(struct journal *j, const struct journal_kind *kind,
    uv_loop_t *loop, const struct journal_ops *ops, void *ctx);
/* Applies one record of a log. */
void journal_apply(struct journal *j, enum journal_log log,
    const struct store_pair *record, int64_t offset);
/* Calls back whose wait is over; from the loop. */
void journal_settle(struct journal *j);
/* The wait is over with this error (NULL: none). */
void journal_finish(struct wait *w, const struct ps_error *err);
void journal_fini(struct journal *j);

#endif
