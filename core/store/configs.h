/*
 * configs: the config topic, replayed.
 *
 * A pure state machine over records in log order: what connectors there are,
 * their configurations, committed task configurations and target states. It
 * follows Connect's reader in every detail (connect-facts 3.1), so that both
 * see the same cluster in the same log.
 */
#ifndef PENSTOCK_STORE_CONFIGS_H
#define PENSTOCK_STORE_CONFIGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <penstock/config.h>

#include "store/keys.h"

struct configs;

enum target_state { TARGET_STARTED, TARGET_PAUSED, TARGET_STOPPED };

/* What is known of a connector; borrowed until the next apply. */
struct configs_connector {
	const char *name;
	struct ps_config config;
	enum target_state target;
	size_t task_count;             /* as committed */
	const struct ps_config *tasks; /* NULL when inconsistent or none */
	bool inconsistent;             /* its task list reads as empty */
	int generation; /* of task configs, -1 before the first commit */
	bool has_applied;
	struct ps_config applied; /* the config when tasks were committed */
	bool pending_fencing;
	int fencing_count;     /* of tasks-fencing, -1: none */
	int64_t config_offset; /* where its config and its tasks were */
	int64_t tasks_offset;
};

enum configs_what {
	CONFIGS_CONNECTOR, /* new or changed */
	CONFIGS_CONNECTOR_GONE,
	CONFIGS_TASKS,   /* a commit was read */
	CONFIGS_TARGET,  /* its target state was written */
	CONFIGS_RESTART, /* live only */
	CONFIGS_SESSION_KEY,
	CONFIGS_LOGGER, /* live only */
	CONFIGS_FENCING,
	CONFIGS_PENSTOCK, /* a record of our own, value as read */
	CONFIGS_BAD,      /* skipped: text says why */
};

struct configs_event {
	enum configs_what what;
	const char *name; /* connector, logger namespace or own key */
	bool include_tasks, only_failed; /* RESTART */
	const char *level;               /* LOGGER */
	const char *text;                /* BAD */
	const void *value;               /* PENSTOCK; NULL: tombstone */
	size_t value_len;
	int64_t offset;
};

typedef void configs_fn(void *ctx, const struct configs_event *e);

enum configs_phase { CONFIGS_REPLAY, CONFIGS_LIVE };

struct configs *configs_new(configs_fn *fn, void *ctx);
void configs_free(struct configs **cp);
void configs_apply(struct configs *c, const struct store_pair *record,
    int64_t offset, enum configs_phase phase);

/* The next offset to read, as Connect exchanges it. */
int64_t configs_offset(const struct configs *c);
size_t configs_count(const struct configs *c);
/* By name order, i < configs_count. */
const struct configs_connector *configs_at(const struct configs *c, size_t i);
/* NULL when there is no such connector. */
const struct configs_connector *
configs_find(const struct configs *c, const char *name);

struct configs_session_key {
	const char *key; /* base64 */
	const char *algorithm;
	int64_t created_ms;
};
/* NULL before the first. */
const struct configs_session_key *configs_session_key(const struct configs *c);

/* ---- What to write, in this order. Memory from `a`. ---- */

struct store_pair configs_put_connector(struct ps_arena *a, const char *name,
    const struct ps_config *config);
struct store_pair configs_put_target(struct ps_arena *a, const char *name,
    enum target_state target);
/* connector-, then target-state-, both null. */
struct store_pairs configs_delete(struct ps_arena *a, const char *name);
/* task-…-0 … n-1; Connect reads to the end before the commit. */
struct store_pairs configs_put_tasks(struct ps_arena *a, const char *name,
    const struct ps_config *tasks, size_t count);
struct store_pair
configs_put_commit(struct ps_arena *a, const char *name, size_t count);
struct store_pair
configs_put_fencing(struct ps_arena *a, const char *name, size_t count);
enum configs_restart {
	CONFIGS_RESTART_TASKS = 1 << 0,
	CONFIGS_RESTART_FAILED = 1 << 1,
};
struct store_pair
configs_put_restart(struct ps_arena *a, const char *name, unsigned flags);
struct store_pair configs_put_session_key(struct ps_arena *a,
    const struct configs_session_key *key);
struct store_pair
configs_put_logger(struct ps_arena *a, const char *logger, const char *level);

/* Must the task configs be written? (count, any map, or the applied config
 * differ from what is committed) */
bool configs_tasks_differ(const struct configs_connector *c,
    const struct ps_config *tasks, size_t count);

/* How many tasks, of whatever generation, may have a transaction open: all
 * that can write offsets of it have one of the ids 0 … n-1. None starts before
 * the number of its generation is recorded, and none is before those of the
 * one before are fenced. */
size_t configs_ids(const struct configs_connector *c);
/* How many of earlier generations: their ids are to be fenced before the tasks
 * of this one start. One that follows one needs no help, it takes over the
 * same id. */
size_t configs_to_fence(const struct configs_connector *c);

const char *target_state_name(enum target_state s); /* STARTED … */
int target_state_parse(const char *name, enum target_state *out);

#endif
