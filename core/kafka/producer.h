/*
 * producer: sends records, and says when each is durable.
 *
 * Idempotent, acks=all, without a time limit unless overridden. Nothing is
 * copied: key, value and headers stay the caller's until the report. One
 * report comes for every record that send accepted. Never waits, but for
 * transactions; one thread.
 */
#ifndef PENSTOCK_KAFKA_PRODUCER_H
#define PENSTOCK_KAFKA_PRODUCER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <penstock/config.h>
#include <penstock/error.h>

struct producer;
struct producer_topic;

enum { PRODUCER_LOOK_MS = 200 };

struct producer_header {
	const char *name;
	size_t name_len;
	const void *value; /* NULL: null */
	size_t len;
};

struct producer_record {
	const void *key; /* NULL: null */
	size_t key_len;
	const void *value; /* NULL: a tombstone */
	size_t value_len;
	int32_t partition; /* -1: murmur2 of the key, sticky for null keys */
	int64_t timestamp; /* ms, PS_NO_TIMESTAMP (INT64_MIN): now */
	const struct producer_header *headers; /* copied */
	size_t header_count;
	void *opaque; /* comes back in the report */
};

/* `count` records, sent one after the other to one partition with the same
 * opaque, came to the same end. */
struct producer_report {
	void *opaque;
	size_t count;
	const struct producer_topic *topic;
	int32_t partition;
	int64_t offset; /* of the last, -1 when it failed or is not known */
	const struct ps_error *failed; /* NULL: durable */
};

typedef void producer_report_fn(void *ctx, const struct producer_report *r);

/* `settings` are Java's keys (conf_settings). Reports are given to `fn` from
 * inside producer_serve and producer_free, never from elsewhere. */
struct producer *producer_new(const struct ps_config *settings,
    producer_report_fn *fn, void *ctx, struct ps_error *err);
/* Purges what is unsent (each gets its failed report), then ends the client.
 * After `limit_ms` it is left behind (the process is about to end). */
void producer_free(struct producer **pp, int limit_ms);

/* The handle of a topic, the producer's own, the same for the same name. */
struct producer_topic *producer_topic(struct producer *p, const char *name);
const char *producer_topic_name(const struct producer_topic *t);
/* Asks for a topic's partitions, waiting up to limit_ms: so that the first
 * records of a topic need not. PS_E_RETRY when not known in time. */
int producer_topic_ready(struct producer *p, struct producer_topic *t,
    int limit_ms, int *partitions, struct ps_error *err);

/* PS_E_RETRY: the ceiling is reached, serve and come again. PS_E_DATA: this
 * record cannot be sent (too large, no such partition). */
int producer_send(struct producer *p, struct producer_topic *t,
    const struct producer_record *r, struct ps_error *err);
/* How many of `count` were accepted, in order; fewer: err says why the next
 * was not. Cheapest without headers and timestamps. */
size_t producer_send_batch(struct producer *p, struct producer_topic *t,
    const struct producer_record *records, size_t count, struct ps_error *err);

/* Gives out reports, waiting up to timeout_ms for the first. The number of
 * records reported, -1 when the client can do no more (PS_E_FATAL). */
int producer_serve(struct producer *p, int timeout_ms, struct ps_error *err);
/* Readable when there is something to serve; producer_serve empties it. */
int producer_fd(const struct producer *p);
size_t producer_in_flight(const struct producer *p); /* records */
size_t producer_in_flight_bytes(const struct producer *p);
size_t producer_ceiling_bytes(const struct producer *p);
/* A record of more bytes, key and value, is refused. */
size_t producer_record_max(const struct producer *p);
/* Fails all that is not yet sent (and, being idempotent, what is on its
 * way): their reports come from producer_serve. */
void producer_purge(struct producer *p);
/* Only what is not yet sent: what is on its way is answered by the broker. */
void producer_purge_unsent(struct producer *p);
/* When no record was taken for a while: are replicas out of sync where they
 * go? The brokers' NOT_ENOUGH_REPLICAS is tried again without a word. Asks
 * them now and then, for PRODUCER_LOOK_MS at the most. */
void producer_look(struct producer *p);
/* The last outage that holds up what is on its way, "" when none does. */
const char *producer_trouble(const struct producer *p);

/* ---- Transactions (the settings have a transactional.id) ---- */

enum producer_txn {
	PRODUCER_TXN_NONE, /* not initialised */
	PRODUCER_TXN_READY,
	PRODUCER_TXN_OPEN,
	PRODUCER_TXN_MUST_ABORT,
	PRODUCER_TXN_UNKNOWN, /* timed out or broken: free it, make it anew */
	PRODUCER_TXN_FENCED,  /* another has our transactional.id: free */
};

enum producer_txn producer_txn_state(const struct producer *p);
/* Begun, and neither committed nor aborted: readers wait for its end. */
bool producer_txn_is_open(const struct producer *p);
/* limit_ms > 0. */
int producer_txn_init(struct producer *p, int limit_ms, struct ps_error *err);
int producer_txn_begin(struct producer *p, struct ps_error *err);
/* Serves until every record has its report, then commits without a limit of
 * its own; a wait longer than limit_ms leaves the state UNKNOWN. */
int producer_txn_commit(struct producer *p, int limit_ms, struct ps_error *err);
/* The commit too within limit_ms, or the state is UNKNOWN. */
int producer_txn_commit_within(struct producer *p, int limit_ms,
    struct ps_error *err);
/* The state is UNKNOWN after limit_ms (-1: transaction.timeout.ms). */
int producer_txn_abort(struct producer *p, int limit_ms, struct ps_error *err);

struct consumer_position;
struct consumer_group {
	const char *group, *member;
	int32_t generation;
};
/* The group's offsets as part of the transaction: the broker refuses them
 * from a member of an earlier generation. */
int producer_txn_offsets(struct producer *p,
    const struct consumer_position *positions, size_t count,
    const struct consumer_group *group, struct ps_error *err);
/* One position of a group that nobody is a member of, with a text that stands
 * beside it. */
int
producer_txn_note(struct producer *p, const struct consumer_position *position,
    const char *note, const char *group, struct ps_error *err);
/* The same of a member in another process (group_metadata, decoded). */
int producer_txn_offsets_of(struct producer *p,
    const struct consumer_position *positions, size_t count,
    const void *metadata, size_t len, struct ps_error *err);

#endif
