/*
 * topiclog: topics read as logs, from their first record on for ever.
 *
 * A hub is one consumer and one producer client that several logs share; all
 * is driven by topiclog_serve from one thread, which never waits. Reading is
 * complete when the *position* has passed the end that the broker named,
 * also where the log ends in a transaction's marker.
 */
#ifndef PENSTOCK_KAFKA_TOPICLOG_H
#define PENSTOCK_KAFKA_TOPICLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <penstock/config.h>
#include <penstock/error.h>

struct topiclog_hub;
struct topiclog;

struct topiclog_record {
	int32_t partition;
	int64_t offset;
	int64_t timestamp;
	const void *key; /* NULL: null */
	size_t key_len;
	const void *value; /* NULL: a tombstone */
	size_t value_len;
};

/* A record, in partition order. Borrowed for the call. */
typedef void topiclog_record_fn(void *ctx, const struct topiclog_record *r);
/* A barrier is reached (err NULL) or cannot be. */
typedef void topiclog_end_fn(void *ctx, const struct ps_error *err);
/* A write is durable (err NULL) or failed. */
typedef void topiclog_write_fn(void *ctx, int32_t partition, int64_t offset,
    const struct ps_error *err);

enum topiclog_isolation {
	TOPICLOG_COMMITTED, /* the end: where the first open transaction is */
	TOPICLOG_UNCOMMITTED,
	/* Only what is committed, to the real end: what was committed behind
	 * the begin of an open transaction is not missed, that one's end is
	 * waited for. */
	TOPICLOG_SETTLED,
};
enum topiclog_start { TOPICLOG_FROM_START, TOPICLOG_FROM_END };

/* `settings` are Java's keys (CONF_INTERNAL). */
struct topiclog_hub *topiclog_hub_new(const struct ps_config *settings,
    enum topiclog_isolation isolation, struct ps_error *err);
/* Barriers and writes that wait are answered with an error first. */
void topiclog_hub_free(struct topiclog_hub **hp, int limit_ms);
/* Readable when there is something to serve. */
int topiclog_fd(const struct topiclog_hub *h);
/* Does all that waits (a bounded share of it: then the descriptor stays
 * readable). -1 when the client can do no more; PS_E_DATA: a log is damaged,
 * and no end of any log is reached any more. */
int topiclog_serve(struct topiclog_hub *h, struct ps_error *err);
/* The last outage ("" when it works), for people. */
const char *topiclog_trouble(const struct topiclog_hub *h);

/* The topic must exist. Records begin to come when its partitions are known;
 * `on_end` is called once, when the end asked for at the start is passed. */
struct topiclog_reader {
	topiclog_record_fn *on_record;
	topiclog_end_fn *on_end;
	void *ctx;
	enum topiclog_start start;
};
struct topiclog *topiclog_open(struct topiclog_hub *h, const char *topic,
    const struct topiclog_reader *reader, struct ps_error *err);
void topiclog_close(struct topiclog **lp);

/* All that was in the topic when this was called has been read. PS_E_RETRY
 * after limit_ms. */
void topiclog_read_to_end(struct topiclog *l, int limit_ms, topiclog_end_fn *fn,
    void *ctx);
/* Has everything up to and including this offset been read? */
bool topiclog_has_passed(const struct topiclog *l, int32_t partition,
    int64_t offset);
/* The next offset to read, -1 while the partitions are not known. */
int64_t topiclog_position(const struct topiclog *l, int32_t partition);
int topiclog_partitions(const struct topiclog *l);

/* Copies key and value. The partition is murmur2 of the key. A write that is
 * refused at once (ceiling, size) returns -1 and calls nothing. */
struct topiclog_write {
	const void *key;
	size_t key_len;
	const void *value; /* NULL: a tombstone */
	size_t value_len;
};
int topiclog_write(struct topiclog *l, const struct topiclog_write *w,
    topiclog_write_fn *fn, void *ctx, struct ps_error *err);

#endif
