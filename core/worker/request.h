/*
 * request: one request inside, for requests.c and the files of its kinds.
 */
#ifndef PENSTOCK_WORKER_REQUEST_H
#define PENSTOCK_WORKER_REQUEST_H

#include "reconcile/quota.h"
#include "store/offsets.h"
#include "store/revisions.h"
#include "supervise/errand.h"
#include "worker/flow.h"
#include "worker/requests.h"
#include "worker/worker.h"

/* What is done next. */
typedef void request_step(struct request *rq);

struct request {
	struct request *prev, *next;
	struct requests *all;
	struct worker *w;
	struct ps_arena *a;
	struct request_spec spec; /* strings in the arena */
	struct ps_config config;
	enum target_state target;
	json_t *offsets, *doc;
	request_fn *fn;
	void *ctx;
	bool running;
	bool handled; /* the plugin changed its offsets itself */
	bool absent;  /* there was no consumer group to reset */
	bool fenced;  /* no zombie of the connector commits offsets any more */
	request_step *fence_then; /* request_fence.c */
	struct request_own *own;  /* request_own.c */
	/* What follows when offsets were changed; NULL: the answer. */
	request_step *changed;
	struct store_pairs
	    pairs; /* offsets for the topic of a source's tasks */
	struct request_positions *positions; /* request_group.c */
	struct request_wait *wait;           /* request_wait.c */
	struct request_seek *seek;           /* request_seek.c */
	/* Connectors that it has written, for others to count with. */
	const struct quota_change *changes;
	struct quota_change change; /* if it is one */
	size_t change_count;
	struct errand *errand;
};

/* It is over. Frees it. */
void request_answer(struct request *rq, const struct answer *answer);
PS_PRINTF(3, 4)
void
request_refuse(struct request *rq, enum answer_kind kind, const char *fmt, ...);
void request_done(struct request *rq);
/* Appends, and answers `kind` once it was read back. */
void request_append(struct request *rq, enum journal_log log,
    const struct store_pairs *records, enum answer_kind kind);

/* What to write for the connector to stop, and to go with its history. */
struct store_pairs request_stop(struct request *rq);
struct store_pairs request_removal(struct request *rq);
/* Who asks, and how, for the history. */
struct revision_note request_note(const struct request *rq, const char *how);
/* Is the configuration the one that was seen? If not it is refused. */
bool request_matches(struct request *rq);
/* validate.c */
void request_put(struct request *rq);
void request_validate(struct request *rq);
void request_check(struct request *rq);
/* request_declare.c */
void request_template(struct request *rq);
void request_pipeline(struct request *rq);
void request_room(struct request *rq);
/* request_quota.c */
struct quota request_quota(const struct request *rq);
/* Do the quotas leave room for that? If not it is refused. */
bool request_has_room(struct request *rq, const struct quota_change *changes,
    size_t count);
/* The same of a plan, which is written next. */
bool request_has_room_for_plan(struct request *rq, const struct flow_plan *p);
/* request_topics.c */
void request_topics(struct request *rq);
void request_reset_topics(struct request *rq);
/* request_upgrade.c */
void request_upgrade(struct request *rq);
/* request_look.c */
void request_look(struct request *rq);
/* request_offsets.c */
void request_read_offsets(struct request *rq);
/* NULL: refused with 404's text, and `rq` is no more. */
const struct configs_connector *request_connector(struct request *rq);
bool
request_is_sink(const struct request *rq, const struct configs_connector *cfg);
/* The consumer group of a sink. */
const char *
request_group(struct request *rq, const struct configs_connector *cfg);
const char *
request_group_of(struct ps_arena *a, const struct configs_connector *cfg);
/* request_alter.c */
void request_change_offsets(struct request *rq);
/* No task of it runs, and none will. */
bool request_is_stopped(const struct request *rq,
    const struct configs_connector *cfg);
/* -1: it runs, was refused for that, and `rq` is no more. */
int request_require_stopped(struct request *rq,
    const struct configs_connector *cfg);
/* They are: what follows, or the answer. */
void request_offsets_changed(struct request *rq);
/* request_group.c: the offsets of a sink. */
/* For its plugin; NULL: refused, and `rq` is no more. None when all are
 * reset. */
json_t *request_sink_items(struct request *rq);
/* In its consumer group, after that. */
void
request_change_sink(struct request *rq, const struct configs_connector *cfg);
/* request_fence.c: `then` is called when no task of the past can commit
 * offsets of a source that is stopped any more; not when that fails, `rq` is
 * no more then. */
void request_fence(struct request *rq, request_step *then);
/* request_own.c: the offset topic that a source has for itself, which wins
 * over the worker's, and what its process writes for it. */
/* `then` is called when it has been read, if there is one; not when that
 * fails, `rq` is no more then. */
void request_read_own(struct request *rq, request_step *then);
/* What it held; NULL: there is none. */
const struct offsets *request_own(const struct request *rq);
/* Are its offsets changed by its process? So are those of a topic of its own,
 * and of tasks that are exactly once, which see all of them or none. */
bool request_writes_own(const struct request *rq);
/* Can they be written so, and read again? -1: refused, and `rq` is no more. */
int request_check_own(struct request *rq, const struct store_pairs *records);
/* Records into the topic that its tasks write, all durable when `fn` is called
 * without an error. They stay the caller's until then. */
void request_write_own(struct request *rq, const struct store_pairs *records,
    journal_done_fn *fn);
void request_own_end(struct request *rq);
/* What tasks would start from, of both topics (read before). */
void request_each_offset(const struct request *rq, offsets_fn *fn, void *ctx);
const char *
request_find_offset(const struct request *rq, const char *partition);
/* request_clean.c */
void request_clean(struct request *rq);
/* request_wait.c: `then` is called that much later, unless the request or the
 * wait ends before. */
void request_wait(struct request *rq, int64_t ms, request_step *then);
/* Since the first of its waits; 0: it has not waited. */
int64_t request_waited_ms(const struct request *rq);
void request_wait_end(struct request *rq);
/* request_seek.c */
void request_seek(struct request *rq);

#endif
