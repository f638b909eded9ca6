/*
 * pen: how the worker that leads writes the config topic.
 *
 * Owns the scribe, a child that may block in transactions, and gives it one
 * transaction at a time: all that waits then goes into it together. What is
 * answered OK is committed; who needs to have read it waits for its offset.
 * A scribe that is lost (fenced, in doubt, dead) is replaced by the next
 * claim, and only by that.
 */
#ifndef PENSTOCK_JOURNAL_PEN_H
#define PENSTOCK_JOURNAL_PEN_H

#include "cluster/herder.h"
#include "store/keys.h"
#include "supervise/errand.h"

struct pen;

/* The answer to one call; borrowed. */
struct pen_result {
	/* REFUSED: nothing of it is in the log, nor will be. FENCED: the same,
	 * and another leads. UNKNOWN: the log will tell (pen_saw). */
	enum wrote wrote;
	const int64_t *offsets; /* OK: one for each record, in their order */
	size_t count;
	const struct ps_error *err; /* NULL when OK. PS_E_DATA: the record
				       it names can never be written */
};
/* From the loop, never from within a call. */
typedef void pen_fn(void *ctx, const struct pen_result *r);

struct pen_ops {
	/* The scribe can do no more, UNKNOWN or FENCED: claim anew. All that
	 * waited for it has been answered. */
	void (*lost)(void *ctx, enum wrote how, const struct ps_error *why);
};

/* No process before the first claim. `env` is borrowed; its gate is not
 * waited for. */
struct pen *
pen_new(const struct errand_env *env, const struct pen_ops *ops, void *ctx);
/* Ends the scribe; nobody is called any more. */
void pen_close(struct pen **pp);

/* Each new claim gets a scribe of its own, which fences the last leader's
 * first. `group` is group_metadata's: the broker refuses one of the past. */
void pen_claim(struct pen *p, const struct claim *claim, const char *group,
    pen_fn *fn, void *ctx);
/* Records of the config topic, copied, all or none. Without a scribe, or with
 * PEN_WAITING_MAX bytes waiting, it is REFUSED with PS_E_RETRY. */
void pen_write(struct pen *p, const struct store_pairs *records, pen_fn *fn,
    void *ctx);
/* The same for those who want the truth rather than be quick: they are told OK
 * or REFUSED and nothing else, where it was UNKNOWN once the log has decided.
 */
void pen_write_sure(struct pen *p, const struct store_pairs *records,
    pen_fn *fn, void *ctx);
/* Writes again what aborted transactions hide from those who read without
 * isolation. The scribe does so by itself after each abort of its own. */
void pen_heal(struct pen *p, pen_fn *fn, void *ctx);
/* A record that is committed was read there in the config topic: to be called
 * for each, in their order. It decides what is in doubt. */
void pen_saw(struct pen *p, int64_t offset);
/* The calls that wait with this ctx are forgotten. */
void pen_forget(struct pen *p, const void *ctx);

/* As to each child: its lease ends then (0: without an end). */
void pen_lease(struct pen *p, struct clock_ms ends);
/* This worker leads no more: the scribe ends now, without `lost`. What was on
 * its way is UNKNOWN, what waited is REFUSED. */
void pen_drop(struct pen *p, const char *why);
/* Is there a scribe whose claim is written? */
bool pen_is_ready(const struct pen *p);

#define PEN_WAITING_MAX ((size_t)64 << 20)
/* Of one transaction, unless one call brings more. */
#define PEN_BATCH_MAX ((size_t)2 << 20)

#endif
