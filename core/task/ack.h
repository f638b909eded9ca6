/*
 * ack: which source positions are safe to commit.
 *
 * Accounting is per batch, not per record: a flight is a batch whose records
 * are on their way; it is done when the last report has come. A source
 * partition's position is safe once its flight and all flights before it
 * that hold records of that partition are done. A flight's batch lives until
 * all its positions are safe, so nothing is copied before that.
 */
#ifndef PENSTOCK_TASK_ACK_H
#define PENSTOCK_TASK_ACK_H

#include <penstock/record.h>

struct ps_source_partition;
struct ack;

/* One batch on its way. */
struct flight {
	struct ps_batch *batch;
	size_t bytes;       /* of the batch's memory, for the budget */
	size_t outstanding; /* records sent and not reported */
	size_t entries;     /* partitions whose position is not yet safe */
	bool is_sealed;     /* all its records were given to send */
	struct ack_entry *of_partitions;
	struct flight *prev, *next;
};

/* The newest position of one partition in one flight; in its arena. */
struct ack_entry {
	struct flight *flight;
	struct ps_source_partition *partition;
	struct ps_value offset;  /* PS_NULL: none that can be restarted from */
	struct ack_entry *next;  /* of the partition, in a later flight */
	struct ack_entry *other; /* of another partition, in this flight */
};

struct ack *ack_new(void);
void ack_free(struct ack **ap); /* batches too, in flight or not */

/* An empty batch in a flight of its own, recycled if there is one. */
struct flight *ack_take(struct ack *a);
/* Notes the positions of all records, kept or not. Before the first send. */
void ack_begin(struct ack *a, struct flight *f);
/* `count` more records are on their way, or came to their end. */
void ack_sent(struct flight *f, size_t count);
void ack_done(struct ack *a, struct flight *f, size_t count);
/* No more will be sent. */
void ack_seal(struct ack *a, struct flight *f);
/* It holds nothing and was never begun. */
void ack_discard(struct ack *a, struct flight *f);
size_t ack_bytes(const struct ack *a);   /* held by flights that were begun */
size_t ack_flights(const struct ack *a); /* not yet all safe */

/* A partition whose `safe` changed since it was taken, or NULL. */
struct ps_source_partition *ack_take_dirty(struct ack *a);
bool ack_has_dirty(const struct ack *a);
/* The partition as if nothing of it had been sent: after ack_free. */
void ack_forget(struct ps_source_partition *p);
/* What was taken could not be committed: give it again. */
void ack_mark_dirty(struct ack *a, struct ps_source_partition *p);

#endif
