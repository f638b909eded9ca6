/*
 * consumer_impl: what a consumer is made of; private to consumer*.c.
 */
#ifndef PENSTOCK_KAFKA_CONSUMER_IMPL_H
#define PENSTOCK_KAFKA_CONSUMER_IMPL_H

#include <librdkafka/rdkafka.h>

#include "base/clock.h"
#include "kafka/consumer.h"

/* A partition of the assignment; `position.offset` is the next to come. */
struct consumer_part {
	struct consumer_position position;
	bool moved;     /* a record of it has come */
	bool paused;    /* by the caller */
	bool is_unread; /* see consumer.unread: nothing of it comes any more */
	/* Of the newest record read, or of the committed one; -1: not known.
	 * It is committed beside each offset: a log that still has it has all
	 * that came before. */
	int32_t epoch;
	bool is_unproved; /* to be sought: what comes before comes again */
};

enum gap_why { GAP_REMOVED, GAP_CREATED_AGAIN, GAP_CUT_OFF };

#define CONSUMER_ID_ROOM 32

struct consumer_topic {
	const char *name;
	char id[CONSUMER_ID_ROOM]; /* as Kafka prints it; "": not known */
	bool is_missing;
	size_t first_count; /* partitions when it was seen first, 0: never */
	size_t newest;      /* partitions when it was seen last */
	struct clock_ms changed; /* when it had so many first */
	size_t count; /* those of them that the group knows as well */
};

/* consumer_claims.c: is each partition read by one of us? */
struct consumer_claims {
	int64_t limit_ms; /* 0: nobody asks */
	struct clock_ms next_ask;
	struct clock_ms since; /* when one was nobody's first, 0: none is */
	bool asked, told;
};

struct consumer {
	rd_kafka_t *rk;
	rd_kafka_queue_t *events, *records;
	int fd;
	const char *reset;
	size_t max_poll_records;
	bool closing, closed;
	bool gave_back; /* all that was assigned, as the group is left */

	const char **topics; /* one pointer per name, for ever */
	size_t topic_count;
	struct consumer_part *parts; /* sorted by topic pointer, partition */
	size_t part_count;
	struct consumer_position *assignment; /* what a getter returns */

	/* The batch given out, until it is released. */
	rd_kafka_message_t **messages;
	struct consumer_record *batch;
	size_t count, room;
	size_t average; /* bytes of a record, of late */

	/* The positions of the event given out. */
	struct consumer_position *told;
	size_t told_count;
	rd_kafka_topic_partition_list_t
	    *waiting;                  /* assigned, offsets unknown */
	enum consumer_what unanswered; /* ASSIGNED, REVOKED, LOST given out */
	size_t empty_commits;
	struct consumer_part gap; /* topic NULL: none */
	enum gap_why gap_why;
	int64_t cut_at;         /* where the log was cut off, -1: not known */
	struct ps_error unread; /* of a partition: PS_OK, none */
	struct ps_error hitch;  /* one that librdkafka asks again for */
	bool has_paused;        /* a pause outlives the assignment */
	bool has_unproved, unproved_told;
	struct clock_ms next_proof, unproved_since;
	int64_t proof_pause_ms;
	rd_kafka_topic_partition_list_t *committed; /* those last told */

	/* consumer_topics.c: are they there, and still the same? */
	const char **wanted; /* subscribed by name */
	size_t wanted_count;
	struct consumer_topic *seen;
	size_t seen_count;
	struct clock_ms next_ask;
	bool asked, troubled;
	int64_t metadata_age_ms; /* then the group's leader has looked again */
	rd_kafka_consumer_group_metadata_t *group;
	char *group_id, *client_id;
	struct consumer_claims claims;
};

const char *consumer_intern(struct consumer *c, const char *topic);
struct consumer_part *consumer_part_find(const struct consumer *c,
    const char *topic, int32_t partition);
void
consumer_part_add(struct consumer *c, const struct consumer_position *position);
void
consumer_part_remove(struct consumer *c, const char *topic, int32_t partition);

/* Of a topic that is not there, whatever the caller wants of it. */
void consumer_hold(struct consumer *c, const char *topic);
int
consumer_let_go(struct consumer *c, const char *topic, struct ps_error *err);

rd_kafka_topic_partition_list_t *
consumer_list(const struct consumer_position *positions, size_t count);

/* Takes what is there, up to the limits. The number of records. */
size_t consumer_take(struct consumer *c, const struct consumer_limits *limits,
    struct consumer_event *out);
/* One event of the event queue: 1 with `out` filled, 0 nothing to tell, -1
 * the client can do no more. */
int consumer_event_take(struct consumer *c, rd_kafka_event_t *ev,
    struct consumer_event *out, struct ps_error *err);
/* Asks for committed offsets of what was assigned, then tells it. 0: it was
 * refused, as the group is being left. */
int consumer_resolve(struct consumer *c, int limit_ms,
    struct consumer_event *out, struct ps_error *err);

/* consumer_gap.c. A message says that the client can read no further. */
void consumer_note_reset(struct consumer *c, struct consumer_part *p,
    const rd_kafka_message_t *m);
int consumer_tell_gap(struct consumer *c, struct consumer_event *out);

/* consumer_epochs.c: is the log still the one that was read? */
void consumer_note_epochs(struct consumer *c,
    const struct consumer_position *starts, size_t count);
/* Has the client look, where it did not yet. */
void consumer_prove(struct consumer *c);

/* What a partition gave in place of records: 1, or 0 when there is nothing. */
int consumer_tell_unread(struct consumer *c, struct consumer_event *out);

/* When it is time; the answer is an event. */
void consumer_ask_claims(struct consumer *c);
int consumer_take_claims(struct consumer *c, rd_kafka_event_t *ev,
    struct consumer_event *out);

void consumer_ask_topics(struct consumer *c);
/* The subscribed names, or with a pattern those that came of it: into room for
 * wanted_count + part_count. */
size_t consumer_topic_names(const struct consumer *c, const char **out);
int consumer_take_topics(struct consumer *c, rd_kafka_event_t *ev,
    struct consumer_event *out, struct ps_error *err);
/* 1: all topics that were asked for are there; 0: no, out->error says why;
 * -1. May find that one was created again: c->gap. */
int consumer_take_ids(struct consumer *c, rd_kafka_event_t *ev,
    struct consumer_event *out, struct ps_error *err);

/* Was it added since the consumer saw the topic first? */
bool consumer_is_added(const struct consumer *c, const char *topic,
    int32_t partition);

/* consumer_ids.c: of which topic an offset is one. */
void consumer_describe(struct consumer *c, const char **names, size_t count,
    rd_kafka_queue_t *answers, int limit_ms);
/* 1: one of the committed offsets is of another topic of that name, c->gap
 * is it; 0: none is, as far as the brokers tell in time; -1. */
int consumer_check_ids(struct consumer *c,
    const rd_kafka_topic_partition_list_t *l, struct ps_error *err);
/* Puts the topic's id and the mark beside an offset that is about to be
 * committed. */
void consumer_put_beside(struct consumer *c, rd_kafka_topic_partition_t *p,
    int64_t mark);
/* The mark that was committed beside the offset. */
int64_t consumer_mark_of(const rd_kafka_topic_partition_t *p);
void consumer_set_id(struct consumer *c, const char *topic, const char *id);

/* Java's expression as POSIX's, anchored; PS_E_CONFIG when it cannot be. */
char *
consumer_pattern(struct ps_arena *a, const char *regex, struct ps_error *err);

#endif
