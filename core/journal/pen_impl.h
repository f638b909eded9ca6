/*
 * pen_impl: the calls of a pen and its scribe; private to pen*.c.
 *
 * A call waits, is sent, may be in doubt, is finished; then it is answered
 * on the loop's next turn. A scribe that was retired lives until its process
 * is reaped: only then is it known what it had begun to commit.
 */
#ifndef PENSTOCK_JOURNAL_PEN_IMPL_H
#define PENSTOCK_JOURNAL_PEN_IMPL_H

#include "journal/pen.h"

/* Some of a frame is for what is around the records. */
#define PEN_CALL_MAX (CHANNEL_FRAME_MAX - ((size_t)64 << 10))

enum call_kind { CALL_CLAIM, CALL_WRITE, CALL_HEAL };
enum call_state { CALL_WAITING, CALL_SENT, CALL_IN_DOUBT, CALL_FINISHED };

struct call {
	struct call *next;
	enum call_kind kind;
	enum call_state state;
	bool is_sure;
	pen_fn *fn; /* NULL: nobody waits */
	void *ctx;
	char *group;     /* CLAIM */
	json_t *records; /* [[key, value or null], …]; HEAL: NULL */
	size_t count, bytes;
	int64_t *offsets;
	struct scribe *by; /* SENT: whose */
	/* What the log has said of it: its first record, or one behind. */
	enum { CALL_UNSEEN, CALL_SEEN, CALL_PASSED } seen;
	enum wrote wrote;
	struct ps_error err;
};

struct scribe {
	struct pen *p;
	struct child *child;
	int64_t id;             /* of the last request */
	bool busy;              /* one is on its way */
	bool claimed;           /* its claim is written */
	bool retired;           /* it is the pen's no more */
	bool commits;           /* it has said where what it commits stands */
	struct ps_error failed; /* what it said at its end */
};

struct pen {
	const struct errand_env *env;
	const struct pen_ops *ops;
	void *ctx;
	uv_idle_t soon;
	uv_timer_t timer; /* the present request's */
	int handles;
	struct call *calls;    /* in the order they came */
	struct scribe *scribe; /* NULL: none */
	int scribes;           /* with those that were retired */
	struct clock_ms lease;
	bool is_lost, closed;
	enum wrote lost_how;
	struct ps_error lost_why;
};

/* Settles on the loop's next turn. */
void pen_soon(struct pen *p);
/* Frees a closed pen once nothing of it is left. */
void pen_release(struct pen *p);

/* ---- pen_calls.c ---- */

void pen_call_free(struct call *c);
void pen_finish(struct pen *p, struct call *c, enum wrote wrote,
    const struct ps_error *err);
struct call *pen_take_finished(struct pen *p);
/* It may be committed: what the log has said decides, or will. */
void pen_doubt(struct pen *p, struct call *c, const struct ps_error *err);
void
pen_refuse_waiting(struct pen *p, enum wrote wrote, const struct ps_error *err);

/* ---- pen_scribe.c ---- */

struct scribe *scribe_start(struct pen *p, struct ps_error *err);
/* Reads what it has said. */
void scribe_hear(struct scribe *s);
/* Gives it what waits, unless it is busy. */
void scribe_send_next(struct scribe *s);
void scribe_send_lease(struct scribe *s);
/* Its process ends; the pen has none then. */
void scribe_retire(struct scribe *s, const char *why);

#endif
