/*
 * journal: the three logs the worker remembers by.
 *
 * Appending is done when what was written has been read back, so that what
 * the worker knows is only ever what the log says. In Kafka for a distributed
 * worker; in memory and a file of offsets for a standalone one.
 */
#ifndef PENSTOCK_JOURNAL_JOURNAL_H
#define PENSTOCK_JOURNAL_JOURNAL_H

#include <uv.h>

#include "options/options.h"
#include "store/configs.h"
#include "store/offsets.h"
#include "store/statuses.h"

struct journal;

enum journal_log { JOURNAL_CONFIG, JOURNAL_OFFSET, JOURNAL_STATUS };
#define JOURNAL_LOGS 3

/* err NULL: done. */
typedef void journal_done_fn(void *ctx, const struct ps_error *err);

struct journal_ops {
	/* A record of the config log was applied. */
	configs_fn *config;
	/* What the worker is doing until it is ready, for people. */
	void (*stage)(void *ctx, const char *text);
	/* All logs were read to their ends, once. */
	void (*ready)(void *ctx);
	/* It cannot go on: PS_E_CONFIG or PS_E_FATAL. */
	void (*broken)(void *ctx, const struct ps_error *err);
	/* A record penstock-<name> of the status log (value NULL: gone). NULL:
	 * nobody wants them. */
	void (*own)(void *ctx, const char *name, const void *value, size_t len);
	/* A status was written or taken away (task -1: the connector's own), or
	 * written and ignored. NULL: nobody wants to know. */
	void (*status)(void *ctx, const char *connector, int task,
	    enum statuses_what what);
	/* All topics exist and are as they must be, the lease topic too.
	 * NULL: nobody waits for that. */
	void (*exist)(void *ctx);
	/* Somebody else wrote what only the leader writes, while this worker
	 * leads. */
	void (*stranger)(void *ctx, const char *key, int64_t offset);
};

/* Opens the topics (creating and checking them) and begins to read. */
struct journal *journal_open_kafka(uv_loop_t *loop, const struct options *o,
    const struct journal_ops *ops, void *ctx, struct ps_error *err);
/* `path`: the file of offsets, NULL: none. Ready on the next loop turn. */
struct journal *journal_open_local(uv_loop_t *loop, const char *path,
    const struct journal_ops *ops, void *ctx, struct ps_error *err);
/* What is appended to the config log is written by this pen (NULL: no more),
 * which is told what is read there. Not of a local journal. */
struct pen;
void journal_use_pen(struct journal *j, struct pen *p);
/* This worker leads, or no more: what is read then in the config log is
 * its own, or a stranger's. */
void journal_watch(struct journal *j, bool leads);
/* Waits at most limit_ms for writes on their way. */
void journal_close(struct journal **jp, int limit_ms);

const struct configs *journal_configs(const struct journal *j);
const struct statuses *journal_statuses(const struct journal *j);
const struct offsets *journal_offsets(const struct journal *j);

/* Copies the records, writes them in order. `fn` (NULL: nobody waits) is
 * called from the loop, never from within. */
void journal_append(struct journal *j, enum journal_log log,
    const struct store_pairs *records, journal_done_fn *fn, void *ctx);
/* All that is in the log now has been read. */
void journal_read_to_end(struct journal *j, enum journal_log log,
    journal_done_fn *fn, void *ctx);
/* The calls that wait with this ctx are forgotten. */
void journal_forget(struct journal *j, const void *ctx);
/* The last outage, "" when all works. */
const char *journal_trouble(const struct journal *j);
/* For questions about consumer groups; NULL: there is no Kafka. */
struct admin;
struct admin *journal_admin(const struct journal *j);
/* NULL before it is known. */
const char *journal_cluster_id(const struct journal *j);

#endif
