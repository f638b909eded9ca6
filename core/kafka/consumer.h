/*
 * consumer: one member of a consumer group, for sink tasks.
 *
 * Events (partitions come and go, commits are answered) and records are on
 * different queues: events are always served, records stay where they are
 * while the caller does not ask for them. Nothing starts until the caller
 * has answered an event. Commits name only what the caller computed.
 */
#ifndef PENSTOCK_KAFKA_CONSUMER_H
#define PENSTOCK_KAFKA_CONSUMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <penstock/config.h>
#include <penstock/error.h>

#include "kafka/producer.h" /* struct consumer_group */

#define CONSUMER_NO_OFFSET INT64_C(-1)
#define CONSUMER_BEGINNING INT64_C(-2)
#define CONSUMER_END       INT64_C(-3)

struct consumer;

struct consumer_position {
	const char *topic;
	int32_t partition;
	int64_t offset; /* the next to read, or one of the above */
	int64_t mark;   /* stored beside a committed offset; 0: none */
};

struct consumer_record {
	const char *topic; /* one pointer per topic: compare pointers */
	int32_t partition;
	int64_t offset;
	int64_t timestamp; /* PS_NO_TIMESTAMP when there is none */
	const void *key;   /* NULL: null */
	size_t key_len;
	const void *value; /* NULL: null */
	size_t value_len;
	bool log_append_time;
	const void *impl; /* for consumer_headers */
};

struct consumer_header {
	const char *name;
	const void *value; /* NULL: null */
	size_t len;
};

enum consumer_what {
	CONSUMER_NOTHING, /* the time is over */
	CONSUMER_RECORDS,
	CONSUMER_ASSIGNED,  /* answer with consumer_assign */
	CONSUMER_REVOKED,   /* answer with consumer_unassign */
	CONSUMER_LOST,      /* the same, but do not commit */
	CONSUMER_COMMITTED, /* a consumer_commit is answered: see `error` */
	CONSUMER_GAP,       /* records are gone: all that is left is free */
	CONSUMER_UNREAD,    /* records cannot be read: none behind them comes */
	CONSUMER_UNCLAIMED, /* partitions are nobody's; PS_OK: none are */
	CONSUMER_TROUBLE,   /* an outage, for the status; the client goes on */
	CONSUMER_WELL,      /* it is over: brokers answer, topics are there */
	CONSUMER_CLOSED,
};

/* Valid until the next consumer_poll; records until consumer_release. */
struct consumer_event {
	enum consumer_what what;
	const struct consumer_record *records;
	size_t record_count, record_bytes;
	/* ASSIGNED: with the committed offset or where to start without
	 * one. REVOKED, LOST: which. COMMITTED: what. GAP: one, its offset
	 * the one wanted. */
	const struct consumer_position *positions;
	size_t position_count;
	int64_t gap_end; /* GAP: the first offset there is, -1: unknown */
	/* COMMITTED (PS_OK: fine), GAP, UNREAD, UNCLAIMED, TROUBLE */
	struct ps_error error;
};

struct consumer_limits {
	int timeout_ms;
	size_t max_bytes; /* about; 0: events only, records stay queued */
	size_t max_records;
};

struct consumer *
consumer_new(const struct ps_config *settings, struct ps_error *err);
/* Leaves the group (about limit_ms at most) and ends. */
void consumer_free(struct consumer **cp, int limit_ms);

int consumer_subscribe(struct consumer *c, const char *const *topics,
    size_t count, struct ps_error *err);
/* A Java regular expression that the whole name must match. */
int consumer_subscribe_pattern(struct consumer *c, const char *regex,
    struct ps_error *err);
/* Would it take that? PS_E_CONFIG names topics.regex, and says why not. */
int consumer_check_pattern(const char *regex, struct ps_error *err);

/* From now on UNCLAIMED tells when a partition of the topics has been read for
 * so long by no member of the group whose client.id is like ours, the number
 * at its end apart. */
void consumer_watch_claims(struct consumer *c, int64_t limit_ms);

/* -1: the client can do no more. */
int consumer_poll(struct consumer *c, const struct consumer_limits *limits,
    struct consumer_event *out, struct ps_error *err);
/* Readable when a poll would give something. */
int consumer_fd(const struct consumer *c);
/* The records of the event end here; its positions as well. */
void consumer_release(struct consumer *c, struct consumer_event *e);
/* Gives back what batches took, when none is out. */
void consumer_shrink(struct consumer *c);
/* Fills up to `room`; the number there is. */
size_t consumer_headers(const struct consumer_record *r,
    struct consumer_header *out, size_t room);

/* The answer to ASSIGNED: the same partitions, where to start each. */
int
consumer_assign(struct consumer *c, const struct consumer_position *positions,
    size_t count, struct ps_error *err);
/* The answer to REVOKED and LOST, with the event's positions. */
int
consumer_unassign(struct consumer *c, const struct consumer_position *positions,
    size_t count, struct ps_error *err);

/* The whole assignment, as answered so far. */
const struct consumer_position *
consumer_assignment(const struct consumer *c, size_t *count);

/* Records of an assigned partition that have not come yet, as far as the last
 * fetch said. `assigned` is one of consumer_assignment's: the address of its
 * topic counts. */
int64_t consumer_lag(const struct consumer *c,
    const struct consumer_position *assigned);

int
consumer_pause(struct consumer *c, const struct consumer_position *positions,
    size_t count, struct ps_error *err);
int
consumer_resume(struct consumer *c, const struct consumer_position *positions,
    size_t count, struct ps_error *err);
/* Records of older reads no longer come after it returned. */
int consumer_seek(struct consumer *c, const struct consumer_position *positions,
    size_t count, int limit_ms, struct ps_error *err);

/* Answered by COMMITTED. Partitions that are not assigned are left out. */
int
consumer_commit(struct consumer *c, const struct consumer_position *positions,
    size_t count, struct ps_error *err);
int consumer_commit_sync(struct consumer *c,
    const struct consumer_position *positions, size_t count, int limit_ms,
    struct ps_error *err);
/* Fills in the offsets the group has committed (NO_OFFSET: none), and marks. */
int consumer_committed(struct consumer *c, struct consumer_position *positions,
    size_t count, int limit_ms, struct ps_error *err);

/* The id that the brokers gave the topic, NULL: not known. Another topic of
 * that name has another id. Lasts until the next poll. */
const char *consumer_topic_id(const struct consumer *c, const char *topic);

/* For transactions; false before the first assignment. Strings last until
 * the next call. */
bool consumer_group(struct consumer *c, struct consumer_group *out);

/* Begins to leave: poll goes on giving REVOKED, at last CLOSED. What comes
 * meanwhile is refused; every answer gives all back. */
int consumer_close(struct consumer *c, struct ps_error *err);

#endif
