/*
 * source: the parts of a source task.
 *
 * source_run.c starts it, source.c is the loop; deliver.c sends records and
 * takes their reports; txn.c puts both into transactions. A batch the broker
 * refuses, a lease that ends with records on their way, and a transaction that
 * is lost start the source again in place, from what is committed.
 */
#ifndef PENSTOCK_TASK_SOURCE_H
#define PENSTOCK_TASK_SOURCE_H

#include "base/backoff.h"
#include "kafka/hidden.h"
#include "kafka/producer.h"
#include "task/ack.h"
#include "task/commit.h"
#include "task/refusals.h"
#include "task/sending.h"
#include "task/source_gauges.h"
#include "task/source_letters.h"
#include "task/task.h"
#include "task/topics.h"
#include "task/txn.h"

/* So many records are sent one by one after the broker refused some. */
#define CARE_RECORDS ((size_t)10000)

/* Of one batch: which record is the next to be sent. */
struct cursor {
	struct flight *flight; /* NULL: nothing is half sent */
	size_t at;
};

struct source {
	struct task *task;
	struct producer *producer;
	struct ack *ack;
	struct commit *commit;
	struct topics *topics;
	struct source_letters *letters; /* NULL: none are written */
	struct txn txn;
	struct cursor cursor;
	struct ps_arena *headers; /* of the records sent at once */
	struct backoff backoff;
	struct clock_ms poll_again; /* after a PS_E_RETRY */
	size_t budget_bytes, batch_bytes;
	size_t last_count; /* of the last batch's records */
	bool has_ended;    /* poll said so */
	bool has_outage;   /* the last poll said so */
	bool is_suspended;
	bool was_purged; /* what was in flight is lost: start again */
	struct clock_ms suspended_at;
	/* The broker refused a batch: which of its records is bad is found by
	 * sending so many one by one, from the last committed position on. */
	size_t care_left;
	bool is_alone;            /* the record on its way */
	struct ps_error refusal;  /* of that record, not yet settled */
	struct refusals refusals; /* found so, within transactions */
	bool must_restart, was_refused;
	bool stays_hidden;      /* what the broker does not take again */
	struct ps_error failed; /* of a delivery */
	/* What the producer borrows while it is written again. */
	struct hidden *hidden;
	struct sending unhealed;
	struct source_gauges numbers;
};

/* Until it ends or is to stop. */
enum task_end source_loop(struct source *s, struct ps_error *err);
/* The task's on_wait, with the source as its context. */
int source_while_waiting(void *ctx, struct ps_error *err);
/* No position counts before the letters of its batch are there. */
int source_wait_for_letters(struct source *s, struct ps_error *err);
/* Batches end with this run: nothing of them, or of what else was sent, may
 * be in the client then. */
void source_take_back(struct source *s);
/* A producer_report_fn, with the source as its context. */
void deliver_report(void *ctx, const struct producer_report *r);
/* Takes the reports that wait. */
int deliver_serve(struct source *s, struct ps_error *err);
/* Sends what is left of the batch at the cursor, as far as it goes. */
int deliver_rest(struct source *s, struct ps_error *err);

#endif
