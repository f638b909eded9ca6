/*
 * admin: questions and orders to the cluster, answered later.
 *
 * Every call returns at once; its answer comes to the function given, once,
 * from inside admin_serve, at the latest when its time limit is over. One
 * thread.
 */
#ifndef PENSTOCK_KAFKA_ADMIN_H
#define PENSTOCK_KAFKA_ADMIN_H

#include <stddef.h>
#include <stdint.h>

#include <penstock/config.h>
#include <penstock/error.h>

#include "kafka/consumer.h" /* struct consumer_position */

struct admin;
struct topiclog_hub;

/* One thing asked for; partitions come in any order. */
struct admin_item {
	const char *name;  /* topic or group */
	int32_t partition; /* list_offsets and group offsets */
	int64_t offset;    /* -1: none */
	int partitions;    /* describe_topics */
	int replicas;
	char topic_id[40];        /* describe_topics, "" when not known */
	struct ps_config configs; /* describe_configs */
	struct ps_error error;    /* PS_OK: fine */
	int code;                 /* librdkafka's, 0: fine */
};

/* Borrowed: ends when the function returns. */
struct admin_answer {
	const struct admin_item *items;
	size_t count;
	struct ps_error error; /* of the whole call */
	int code;
};

typedef void admin_fn(void *ctx, const struct admin_answer *answer);

/* Who wants the answer, and within what time. */
struct admin_call {
	admin_fn *fn;
	void *ctx;
	int limit_ms;
};

struct admin_new_topic {
	const char *name;
	int partitions; /* -1: the broker's default */
	int replicas;   /* -1: the broker's default */
	struct ps_config configs;
};

/* A client of its own, or as a guest of a producer's or hub's. */
struct admin *admin_new(const struct ps_config *settings, struct ps_error *err);
struct admin *admin_new_on_producer(struct producer *p, struct ps_error *err);
struct admin *admin_new_on_hub(struct topiclog_hub *h, struct ps_error *err);
/* Calls that wait are answered with an error first. */
void admin_free(struct admin **ap, int limit_ms);

int admin_fd(const struct admin *ad);
/* Gives out answers, waiting up to timeout_ms for the first; how many. */
int admin_serve(struct admin *ad, int timeout_ms);
size_t admin_waiting(const struct admin *ad);

/* RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS is no error. */
void admin_create_topics(struct admin *ad, const struct admin_new_topic *topics,
    size_t count, struct admin_call call);
void admin_describe_topics(struct admin *ad, const char *const *names,
    size_t count, struct admin_call call);
void admin_describe_configs(struct admin *ad, const char *const *topics,
    size_t count, struct admin_call call);
/* Of each position the offset says which: CONSUMER_BEGINNING, _END, or that of
 * the first record of that time (ms) or a later one, -1 if there is none. */
enum admin_isolation { ADMIN_UNCOMMITTED, ADMIN_COMMITTED };
void
admin_list_offsets(struct admin *ad, const struct consumer_position *positions,
    size_t count, enum admin_isolation isolation, struct admin_call call);
void admin_delete_topics(struct admin *ad, const char *const *names,
    size_t count, struct admin_call call);
void admin_delete_groups(struct admin *ad, const char *const *groups,
    size_t count, struct admin_call call);
void admin_group_offsets(struct admin *ad, const char *group,
    struct admin_call call);
void admin_alter_group_offsets(struct admin *ad, const char *group,
    const struct consumer_position *positions, size_t count,
    struct admin_call call);
void admin_delete_group_offsets(struct admin *ad, const char *group,
    const struct consumer_position *positions, size_t count,
    struct admin_call call);
/* Does a broker answer? No items. */
void admin_probe(struct admin *ad, struct admin_call call);
/* What a broker has said of its cluster; NULL before that. */
char *admin_cluster_id(const struct admin *ad, struct ps_arena *a);

#endif
