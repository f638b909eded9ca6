/*
 * group: one member of a consumer group that elects.
 *
 * Whoever owns the first partition of the topic is the candidate; nothing is
 * ever read, committed or fetched. Driven by a descriptor, never waits. A
 * member whose group_serve is not called for a session is out of the group.
 */
#ifndef PENSTOCK_KAFKA_GROUP_H
#define PENSTOCK_KAFKA_GROUP_H

#include <stdbool.h>

#include <penstock/config.h>
#include <penstock/error.h>

struct group;

struct group_spec {
	const struct ps_config *settings; /* Java's keys (CONF_INTERNAL) */
	const char *group;                /* group.id */
	const char *topic;
	int session_ms, heartbeat_ms;
	/* group.instance.id, NULL: none. Who joins with the one of a member
	 * takes its place, and what it owned, at once. */
	const char *instance;
};

/* Called from within group_serve; they may call all but group_free. */
struct group_ops {
	/* It became the owner, or is it no more: then before the group knows
	 * that it may have another. */
	void (*owner)(void *ctx, bool is_owner);
	/* It is out for good: PS_E_CONFIG with the way out, PS_E_FATAL. */
	void (*broken)(void *ctx, const struct ps_error *err);
	/* What group_leave began is done, or, unasked, its place went to
	 * another client of its instance: free it. */
	void (*left)(void *ctx);
};

struct group *group_join(const struct group_spec *spec,
    const struct group_ops *ops, void *ctx, struct ps_error *err);
/* Readable when there is something to serve, and every heartbeat. */
int group_fd(const struct group *g);
void group_serve(struct group *g);
/* Begins to leave; `left` follows, without an answer of the broker after a
 * session. Nothing is heard of `owner` but a last false. */
void group_leave(struct group *g);
/* Ends the client's threads, in seconds at most. Who has not left and has an
 * instance stays a member, for the others, until its session ends. */
void group_free(struct group **gp);

bool group_is_owner(const struct group *g);
/* Its membership of this generation in base64, for a transaction of another
 * process on this machine; NULL: not the owner. */
char *group_metadata(const struct group *g, struct ps_arena *a);
/* The last outage, "" since it is a member. */
const char *group_trouble(const struct group *g);

#endif
