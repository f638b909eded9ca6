/*
 * upgrade: pipelines go to another version of their template, one by one.
 *
 *	{ "template", "version", "by", "state", "reason", "timeout_ms",
 *"healthy_ms", "pipelines": [{"name", "from", "state", "since_ms", "cause",
 *"was"}] }
 *
 * One document of each template in the config log; each step is its next
 * one, written in one transaction with what the step changes. So whoever
 * leads goes on where the last leader was. The first pipeline that does not
 * become healthy goes back, and no other is touched. Pure.
 */
#ifndef PENSTOCK_WORKER_UPGRADE_H
#define PENSTOCK_WORKER_UPGRADE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/clock.h"

/* States of the whole, and of one pipeline. */
#define UPGRADE_RUNNING      "RUNNING"
#define UPGRADE_DONE         "DONE"
#define UPGRADE_STOPPED      "STOPPED"
#define UPGRADE_ROLLING_BACK "ROLLING_BACK"
#define UPGRADE_ROLLED_BACK  "ROLLED_BACK"
#define UPGRADE_WAITING      "WAITING"
#define UPGRADE_UPGRADING    "UPGRADING"
#define UPGRADE_UPGRADED     "UPGRADED"
#define UPGRADE_SKIPPED      "SKIPPED"
#define UPGRADE_FAILED       "FAILED"

/* What people may ask of one. */
#define UPGRADE_STOP      "stop"
#define UPGRADE_ROLL_BACK "roll back"

enum upgrade_what {
	UPGRADE_NOTHING, /* it is over */
	UPGRADE_START,   /* the pipeline goes to the new version */
	UPGRADE_WATCH,   /* it does: does it become healthy? */
	UPGRADE_BACK,    /* it goes back */
	UPGRADE_FINISH,  /* nothing is left to do: say so */
};

struct upgrade_step {
	enum upgrade_what what;
	size_t at;            /* its place in "pipelines" */
	const char *pipeline; /* borrowed */
	int64_t version;      /* that it goes to */
};

/* The times of a pipeline: how long it may take, and how long it must be
 * well until that is believed. */
struct upgrade_limits {
	int64_t timeout_ms, healthy_ms;
};

/* A new one, without pipelines. All documents are new references. */
json_t *upgrade_new(const char *template, int64_t version,
    const struct upgrade_limits *limits);
void upgrade_add(json_t *doc, const char *pipeline, int64_t from);
/* What has to be done next. */
struct upgrade_step upgrade_step(const json_t *doc);
bool upgrade_is_active(const json_t *doc);
/* Is that pipeline at the new version, and not known to be healthy? */
bool upgrade_holds(const json_t *doc, const char *pipeline);
/* Does a way back need that version? */
bool upgrade_needs(const json_t *doc, int64_t version);

/* The next document: one pipeline is in another state (cause NULL: none). */
json_t *upgrade_moved(const json_t *doc, size_t at, const char *state,
    const char *cause, struct wall_ms now);
/* The same for one that did not become healthy, or cannot be made: those
 * that wait are skipped, the whole is stopped. */
json_t *upgrade_failed(const json_t *doc, size_t at, const char *state,
    const char *cause, struct wall_ms now);
/* Nothing is left to do. */
json_t *upgrade_finished(const json_t *doc);
/* Nobody who waits is begun with. */
json_t *upgrade_stopped(const json_t *doc, const char *reason);
/* All that were upgraded go back, the last first. */
json_t *upgrade_reversed(const json_t *doc);

#endif
