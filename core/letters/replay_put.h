/*
 * replay_put: the writing side of a replay.
 *
 * Records go out in transactions that also commit how far the replay is. A
 * new one ends whatever an earlier one of the same connector had open.
 */
#ifndef PENSTOCK_LETTERS_REPLAY_PUT_H
#define PENSTOCK_LETTERS_REPLAY_PUT_H

#include <penstock/record.h>

#include "child/settings.h"

struct replay_put;

struct replay_to {
	const char *topic;
	int32_t partition;  /* PS_NO_PARTITION: the key decides */
	int64_t replays;    /* with this one; 0: no header says so */
	bool keeps_context; /* it stays a dead letter */
};

/* Of the dead letter topic: see letters/replayed.h. */
struct replay_progress {
	const char *topic;
	int32_t partition;
	int64_t next;
	const char *beyond;
};

/* Is it neither the connector's dead letter topic nor one of the worker's
 * own, and does the connector, if it is a sink, read it? */
bool replay_may_go_to(const struct settings *s, const char *topic);

struct replay_put *replay_put_new(const struct settings *s, const char *group,
    struct ps_error *err);
/* Ends what is open without effect. */
void replay_put_free(struct replay_put **pp);
int replay_begin(struct replay_put *p, struct ps_error *err);
/* The record stays the caller's until the commit. PS_E_DATA: it cannot be
 * written, the others can. */
int
replay_put(struct replay_put *p, struct ps_arena *a, const struct ps_record *r,
    const struct replay_to *to, struct ps_error *err);
int replay_commit(struct replay_put *p, const struct replay_progress *at,
    struct ps_error *err);

#endif
