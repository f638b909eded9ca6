/*
 * host: what the process that runs a plugin does for it.
 *
 * Passed to create(); valid until destroy() returned. All calls are for the
 * data thread, the one that calls the plugin. The struct grows only at its
 * end: test `size` (PS_HOST_HAS) before using what came later than 1.0.
 */
#ifndef PENSTOCK_HOST_H
#define PENSTOCK_HOST_H

#include <penstock/config.h>
#include <penstock/record.h>

enum ps_level { PS_DEBUG, PS_INFO, PS_WARN, PS_ERROR };

struct ps_topic_position {
	const char *topic;
	int32_t partition;
	int64_t offset; /* the next to read, or PS_NO_OFFSET */
};

struct ps_host {
	size_t size;
	void *impl;

	const char *connector; /* name */
	int task;              /* id, -1 in the connector's own process */
	/* Readable when something waits: a stop, a pause, a commit that is
	 * due. Poll it beside your own descriptors and return early; never
	 * read from it. */
	int wake_fd;
	size_t budget_bytes; /* what the task may hold beyond its batches */

	PS_PRINTF(3, 4)
	void (*log)(const struct ps_host *h, enum ps_level level,
	    const char *fmt, ...);
	/* Adds to a counter, or sets a gauge; names as in [a-z0-9_]+. */
	void (*count)(const struct ps_host *h, const char *name, double add);
	void (*gauge)(const struct ps_host *h, const char *name, double value);

	/* Is the task asked to end, pause or hand back control? A call that
	 * waits returns soon once this is true. */
	bool (*stopping)(const struct ps_host *h);

	/* The one schema equal to `draft`, copied as needed: drafts may live
	 * on the stack or in an arena. */
	const struct ps_schema *(
	    *intern)(const struct ps_host *h, const struct ps_schema *draft);

	/* Sources. `map` is a PS_MAP with string keys; order matters when
	 * keys are written, not when they are found. */
	const struct ps_source_partition *(
	    *partition)(const struct ps_host *h, const struct ps_value *map);
	/* 1 and the offset (a PS_MAP in `a`), 0 when none is stored. */
	int (*stored_offset)(const struct ps_host *h,
	    const struct ps_source_partition *p, struct ps_arena *a,
	    struct ps_value *offset);

	/* Sinks: commit soon, not only at offset.flush.interval.ms. */
	void (*request_commit)(const struct ps_host *h);
	/* Sinks: call put() again within `ms`, even without records; after a
	 * PS_E_RETRY: redeliver after `ms`. Forgotten after one use. */
	void (*retry_after)(const struct ps_host *h, int64_t ms);
	/* Sinks: stop or go on fetching these partitions. */
	void (*pause)(const struct ps_host *h,
	    const struct ps_topic_position *tps, size_t count);
	void (*resume)(const struct ps_host *h,
	    const struct ps_topic_position *tps, size_t count);
	/* Sinks: this record cannot be written. 0: it is settled by
	 * errors.tolerance (logged, dead letter), go on without it; the
	 * offset waits for the dead letter's own report. -1: not tolerated,
	 * return the error from put(). */
	int (*report)(const struct ps_host *h, const struct ps_record *r,
	    const struct ps_error *why, struct ps_error *err);

	/* Connectors: the task list changed; a source task may ask as well. */
	void (*request_reconfiguration)(const struct ps_host *h);
	/* Fails the connector or task with this error. */
	void (
	    *raise_error)(const struct ps_host *h, const struct ps_error *why);
	/* A state people should see while work waits ("S3 answers 503 since
	 * …"); NULL: all is well again. Shown as `cause` in the status. */
	void (*waiting)(const struct ps_host *h, const char *cause);

	/* Sinks, from open() on: the id that the brokers gave the topic, NULL
	 * when they do not tell. A topic that was deleted and created again
	 * has another: positions of the old one say nothing of it, so a sink
	 * that keeps positions keeps this beside them. Until the next call. */
	const char *(*topic_id)(const struct ps_host *h, const char *topic);

	/* Sinks: a number above 0 to be stored beside the partition's offset,
	 * by the next commit whose offset is all that pre_commit answered;
	 * asks for one. What was decided before it acts on it is the same
	 * after a restart. */
	void (*set_mark)(const struct ps_host *h, const char *topic,
	    int32_t partition, int64_t mark);
	/* The one that is stored, from open() on; 0: none. */
	int64_t (*mark)(const struct ps_host *h, const char *topic,
	    int32_t partition);

	/* Sources: what the partition is, a PS_MAP; in alter_offsets, which
	 * gets what an operator wrote, it may be PS_NULL. */
	const struct ps_value *(*partition_map)(const struct ps_host *h,
	    const struct ps_source_partition *p);
};

/* The integer at a key of the stored offset, or `otherwise`. */
static inline int64_t
ps_stored_int(const struct ps_host *h, const struct ps_source_partition *p,
    struct ps_arena *a, const char *key, int64_t otherwise)
{
	struct ps_value offset;
	const struct ps_value *v = NULL;

	if (h->stored_offset(h, p, a, &offset) == 1)
		v = ps_map_find(&offset, key);
	return v != NULL && ps_is_int(v) ? v->i : otherwise;
}

#define PS_HOST_HAS(h, member)                                            \
	((h)->size >=                                                     \
		offsetof(struct ps_host, member) + sizeof((h)->member) && \
	    (h)->member != NULL)

#endif
