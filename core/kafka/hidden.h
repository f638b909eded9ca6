/*
 * hidden: what aborted transactions hide in a log of keys.
 *
 * Kafka Connect by default reads what was aborted, too, and takes the last
 * record of a key. So the log is read twice, first without isolation, then
 * settled: a key whose last record the second reading did not bring is hidden
 * by it. What came in between is behind what the first reading has seen.
 */
#ifndef PENSTOCK_KAFKA_HIDDEN_H
#define PENSTOCK_KAFKA_HIDDEN_H

#include <stdbool.h>

#include "kafka/topiclog.h"

struct hidden;

enum { HIDDEN_SHORT = 16 };

struct hidden_record {
	const char *key; /* with a NUL behind it */
	size_t key_len;
	const char *value; /* that holds; NULL: null, or there is none */
	size_t value_len;
	int32_t partition;
	int64_t settled; /* where the value stands, -1: there is none */
	int64_t aborted; /* where what hides it stands */
	/* What that is: NULL when it has no value, or more than HIDDEN_SHORT
	 * bytes. */
	const char *newest;
	size_t newest_len;
};

/* Which keys it is about: only of those something is kept. */
typedef bool hidden_wants_fn(void *ctx, const char *key, size_t len);

struct hidden *hidden_new(hidden_wants_fn *wants, void *ctx);
void hidden_free(struct hidden **hp);
/* topiclog_record_fn of the two readings, with the hidden as their context. */
void hidden_take_any(void *ctx, const struct topiclog_record *r);
void hidden_take_settled(void *ctx, const struct topiclog_record *r);
/* After both: how many are hidden, in the order in which the aborted ones
 * stand. A key in two partitions is none of them: which is read last nobody
 * knows. */
size_t hidden_count(struct hidden *h);
const struct hidden_record *hidden_at(const struct hidden *h, size_t i);
/* Where the last null of that key stands that was not aborted; -1: there is
 * none. */
int64_t hidden_last_null(const struct hidden *h, const char *key);

#endif
