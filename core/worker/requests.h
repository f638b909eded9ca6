/*
 * requests: what people want of the cluster, answered when it is done.
 *
 * Requests of one connector are worked off in the order they came. What
 * writes is answered after the record was read back; at the start, requests
 * wait for what they need: the logs, or a leader.
 */
#ifndef PENSTOCK_WORKER_REQUESTS_H
#define PENSTOCK_WORKER_REQUESTS_H

#include <jansson.h>

#include <penstock/config.h>

#include "store/configs.h"

struct worker;
struct request;

enum request_op {
	REQUEST_CREATE,
	REQUEST_REPLACE, /* or create */
	REQUEST_PATCH,
	REQUEST_DELETE,
	REQUEST_CLEAN, /* the same, with what it leaves behind */
	REQUEST_PAUSE,
	REQUEST_RESUME,
	REQUEST_STOP,
	REQUEST_RESTART,      /* the connector itself */
	REQUEST_RESTART_MANY, /* by record, `flags` */
	REQUEST_RESTART_TASK,
	REQUEST_VALIDATE,
	REQUEST_LOGS,    /* the logs are read */
	REQUEST_READY,   /* there is a leader, and plugins are known */
	REQUEST_PLUGINS, /* the inventory is up to date */
	REQUEST_RESET_TOPICS,
	REQUEST_READ_OFFSETS,
	REQUEST_ALTER_OFFSETS,
	REQUEST_RESET_OFFSETS,
	REQUEST_POSITIONS, /* of a sink: as REQUEST_SEEK, but not done */
	REQUEST_SEEK,      /* `doc` says where to, `flags` if it is done */
	REQUEST_LOGGER,
	REQUEST_CHECK,    /* a configuration, as PUT would; writes nothing */
	REQUEST_TEMPLATE, /* a document, or none: it is to go */
	REQUEST_PIPELINE, /* the same, by a plan */
	REQUEST_ROOM,     /* would that be refused by a quota? writes nothing */
	REQUEST_UPGRADE,  /* one step of it */
	REQUEST_PREVIEW,  /* `doc` says what of; connector NULL: of none */
	REQUEST_LETTERS,  /* `doc` says which */
	REQUEST_REPLAY,   /* the same */
	REQUEST_TOPICS,   /* which of `doc` there are not: json */
	REQUEST_OPS
};

enum request_seek_flags { SEEK_PREVIEW = 1 << 0 };

/* Copied. */
struct request_spec {
	enum request_op op;
	const char *connector;           /* NULL: of none */
	const struct ps_config *config;  /* NULL: none; NULL values delete */
	const enum target_state *target; /* CREATE: NULL is STARTED, unsaid */
	unsigned flags;                  /* enum configs_restart */
	int task;
	const json_t *offsets; /* ALTER: the array, as in REST */
	const char *logger, *level;
	const char *document; /* TEMPLATE, PIPELINE: its name */
	const json_t *doc;    /* NULL: it is to go; PREVIEW: arguments */
	const char *plan;     /* the id of what is to be done */
	const char *by;       /* who asks; NULL: not known */
	const char *how;      /* for the history; NULL: as `op` says */
	/* An If-Match header that its configuration is to match; NULL: none. */
	const char *if_match;
	/* What else it waits for, as for its connector; NULL at the end. */
	const char *const *claims;
};

enum answer_kind {
	ANSWER_DONE,
	ANSWER_CREATED,
	ANSWER_INVALID,  /* what was asked is wrong */
	ANSWER_UNKNOWN,  /* there is no such thing */
	ANSWER_CONFLICT, /* it exists already */
	ANSWER_STALE,    /* it is not as whoever asks has seen it */
	ANSWER_QUOTA,    /* it is more than the quotas leave */
	ANSWER_FAILED,   /* it could not be done */
};

/* Borrowed. `text` is Connect's for what is not DONE or CREATED. */
struct answer {
	enum answer_kind kind;
	const char *text;
	const json_t *json; /* VALIDATE: the result; offsets */
};

typedef void request_fn(void *ctx, const struct answer *answer);

/* fn is called once, from the loop. */
struct request *request_submit(struct worker *w,
    const struct request_spec *spec, request_fn *fn, void *ctx);
/* It goes on, but nobody waits for it. */
void request_forget(struct request *rq);

struct requests;
struct requests *requests_new(struct worker *w);
void requests_free(struct requests **rp);
/* The logs are read: questions can be answered from memory. */
void requests_read(struct requests *all);
/* The worker is ready: work off what waits. */
void requests_begin(struct requests *all);
/* This worker leads: what waited for that goes on. */
void requests_look(struct requests *all);

#endif
