/*
 * writer: the files of one Kafka partition.
 *
 * Records go into sets of files, one set after the other; a set is all that
 * lies between two cuts, and its files become visible together. The position
 * that may be committed is the first offset of the oldest set that is not all
 * in the bucket. As a set begins at a committed position and is cut by its
 * records alone (or by a logged cut), a restart writes the same files again.
 */
#ifndef PENSTOCK_CONNECTORS_S3_WRITER_H
#define PENSTOCK_CONNECTORS_S3_WRITER_H

#include <assignment/assignment.h>
#include <penstock/record.h>

#include "cuts.h"
#include "object.h"
#include "uploads.h"

struct set {
	struct set *next;
	int64_t first, end, records;
	int64_t logged_end;  /* repeat this cut, or -1 */
	int64_t base_ms;     /* record time of the first */
	int64_t touched_ms;  /* when the last record came, monotonic */
	int64_t schedule_ms; /* wall time at which to cut, or INT64_MAX */
	struct object *objects, *current;
	int64_t span_from, span_to; /* record times that are `current`'s */
	uint64_t log_version;       /* wait for this version of the log */
	uint64_t claim_version;     /* so do those from before us; 0: none */
	bool is_cut, is_ended, is_logged;
};

/* What all writers of a task share. */
struct writing {
	const struct s3_conf *conf;
	const char *connector;
	struct s3_client *client;
	struct pool *pool;
	size_t part_size;
	size_t separator_len;
	int64_t now_ms, wall_ms; /* monotonic; since 1970 */
};

struct writer {
	struct assigned assigned;
	const struct writing *shared;
	struct cuts cuts;
	struct uploads uploads;
	struct set *oldest, *newest;
	char failure[768]; /* "" or why the task must start again */
};

/* For the assignment; `arg` is the struct writing. */
struct assigned *
writer_new(void *arg, const char *topic, int32_t partition, int64_t offset);
/* Uploads that are not complete are aborted. */
void writer_free(struct assigned *p);
static inline struct writer *
writer_of(struct assigned *p)
{
	return (struct writer *)(void *)p;
}

/* Asks the bucket what the last owner left behind; true once known. */
bool writer_prepare(struct writer *w);
static inline bool
writer_is_ready(const struct writer *w)
{
	return w->uploads.is_known && w->cuts.is_known;
}

/* Takes the record; PS_E_DATA when it has no place. */
int writer_put(struct writer *w, const struct ps_record *r, size_t value_len,
    const void *value, struct ps_error *err);
/* Cuts by the clock. */
void writer_tick(struct writer *w);
/* Ends the open set, for a reason that has to be logged. */
void writer_cut_logged(struct writer *w);
/* Goes on with what the bucket has answered; true when a set is done. */
bool writer_step(struct writer *w);
/* What may be committed when `offset` is the position after the last record
 * that came. */
int64_t writer_safe(const struct writer *w, int64_t offset);

/* The open set, or NULL. */
struct set *writer_open_set(const struct writer *w);
/* When the clock will cut it: milliseconds from now, or INT64_MAX. */
int64_t writer_due(const struct writer *w);

#endif
