/*
 * statuses: the status topic: states of connectors and tasks, active topics.
 *
 * The latest record per key, read by every worker. Members of our own stand
 * beside Connect's in the same object; Connect ignores them.
 */
#ifndef PENSTOCK_STORE_STATUSES_H
#define PENSTOCK_STORE_STATUSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/keys.h"

struct statuses;

struct status {
	const char *state;     /* RUNNING … as Connect writes it */
	const char *trace;     /* NULL: null */
	const char *worker_id; /* host:port */
	const char *version;   /* NULL: null */
	/* The record's before it: Connect's readers drop lower ones, and ours
	 * compare incarnations. */
	int generation;
	/* Our own, "" or 0 when absent. */
	const char *detail; /* STALLED, GAP, COMPLETED … */
	const char *cause, *next_action;
	const char *incarnation;
	int64_t since_ms; /* wall clock */
	int64_t restarts; /* by itself, since its worker began it */
};

struct status_topic {
	const char *topic;
	const char *connector;
	int task;
	int64_t discovered_ms;
};

struct statuses *statuses_new(void);
void statuses_free(struct statuses **sp);

enum statuses_what {
	STATUSES_CONNECTOR,
	STATUSES_TASK,
	STATUSES_TOPIC,
	STATUSES_PENSTOCK, /* "penstock-…": value as read */
	STATUSES_IGNORED,  /* by Connect's rule of UNASSIGNED over RUNNING */
	STATUSES_BAD,      /* skipped: err says why */
};
/* Which kind of record it was. */
enum statuses_what statuses_apply(struct statuses *s,
    const struct store_pair *record, struct ps_error *err);

/* NULL: none. Borrowed until that key's next record. */
const struct status *
statuses_connector(const struct statuses *s, const char *connector);
const struct status *
statuses_task(const struct statuses *s, const char *connector, int task);
typedef void statuses_task_fn(void *ctx, const char *connector, int task,
    const struct status *st);
/* Tasks (and, with task -1, the connector itself) by number; NULL: of all
 * connectors. */
void statuses_each(const struct statuses *s, const char *connector,
    statuses_task_fn *fn, void *ctx);
typedef void statuses_topic_fn(void *ctx, const struct status_topic *t);
void statuses_each_topic(const struct statuses *s, const char *connector,
    statuses_topic_fn *fn, void *ctx);
bool statuses_has_topic(const struct statuses *s, const char *connector,
    const char *topic);

/* May UNASSIGNED or FAILED be written over `cached` (NULL: none) without
 * hiding what a newer owner wrote? */
bool status_is_safe_put(const struct status *cached, const struct status *st);

/* Task -1: of the connector. Memory from `a`. `st` NULL: a tombstone. */
struct store_pair statuses_put(struct ps_arena *a, const char *connector,
    int task, const struct status *st);
struct store_pair
statuses_put_topic(struct ps_arena *a, const struct status_topic *t);
struct store_pair statuses_delete_topic(struct ps_arena *a,
    const char *connector, const char *topic);

#endif
