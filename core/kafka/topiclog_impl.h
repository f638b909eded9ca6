/*
 * topiclog_impl: hubs and logs; private to topiclog*.c.
 */
#ifndef PENSTOCK_KAFKA_TOPICLOG_IMPL_H
#define PENSTOCK_KAFKA_TOPICLOG_IMPL_H

#include <librdkafka/rdkafka.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "kafka/admin.h"
#include "kafka/producer.h"
#include "kafka/topiclog.h"

enum topiclog_state {
	TOPICLOG_UNKNOWN,    /* partitions are to be asked for */
	TOPICLOG_DESCRIBING, /* are being asked for */
	TOPICLOG_READING,
};

/* Wants the end of every partition, then waits for positions to pass it. */
struct barrier {
	struct barrier *next;
	struct topiclog *log;
	topiclog_end_fn *fn;
	void *ctx;
	int64_t *ends; /* per partition, NULL while not known */
	bool asking;
	bool dropped; /* while asking: the answer frees it */
	struct clock_ms deadline, ask_at;
};

struct topiclog {
	struct topiclog *next;
	struct topiclog_hub *hub;
	char *topic;
	struct topiclog_reader reader;
	enum topiclog_state state;
	struct clock_ms ask_at;
	rd_kafka_topic_t *rkt;
	int partitions;
	int64_t *positions;
	struct barrier *barriers;
	bool ended;          /* on_end was called */
	char unread[512];    /* why a partition is not read; "": all are */
	int32_t unread_part; /* which */
};

/* A write on its way; key and value follow. */
struct topiclog_sent {
	struct topiclog_sent *next, **link;
	topiclog_write_fn *fn;
	void *ctx;
	char bytes[];
};

struct topiclog_hub {
	rd_kafka_t *rk;
	rd_kafka_queue_t *records, *events;
	int fd;       /* of the consumer's queues */
	int timer_fd; /* the next thing that is due */
	int all_fd;   /* epoll of all */
	struct producer *producer;
	struct admin *admin;
	enum topiclog_isolation isolation;
	struct topiclog *logs;
	struct backoff backoff;
	char trouble[256];        /* "" when all works */
	struct clock_ms probe_at; /* is it still so? */
	bool probing;
	struct ps_error fatal;
	struct topiclog_sent *sent;
	rd_kafka_message_t **batch;
};

#define TOPICLOG_ASK_MS 10000 /* limit of one question to the cluster */

/* Asks for the partitions of logs and the ends of barriers that are due;
 * gives up barriers whose time is over. */
void topiclog_ask(struct topiclog_hub *h);
/* Remembers an outage; what only follows from it does not replace it. */
void topiclog_note(struct topiclog_hub *h, rd_kafka_resp_err_t code,
    const char *text);
/* Calls those barriers whose ends the positions have passed. */
void topiclog_check(struct topiclog *l);
/* Takes positions from the client: past markers and empty batches too. */
void topiclog_look(struct topiclog *l);
/* Sets the timer to the earliest thing due. */
void topiclog_arm(struct topiclog_hub *h);

#endif
