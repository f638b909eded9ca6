/*
 * record: what moves, and the batch it moves in.
 *
 * A batch owns the memory of all its records. It is the unit that sources
 * fill (poll), sinks receive (put), and converters and transforms work on.
 * A failed or dropped record stays in the batch with its outcome, so that
 * its position is accounted for; it is not shown to later stages.
 */
#ifndef PENSTOCK_RECORD_H
#define PENSTOCK_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <penstock/schema.h>
#include <penstock/value.h>

#define PS_NO_TIMESTAMP INT64_MIN
/* Of a source's record: when it is sent. Cheaper than a time, for those that
 * would only read the clock. Transforms see when it was polled. */
#define PS_NOW          (INT64_MIN + 1)
#define PS_NO_PARTITION (-1)
#define PS_NO_OFFSET    (-1)

enum ps_outcome {
	PS_KEPT = 0,
	PS_DROPPED, /* a transform took it out: counted, position advances */
	PS_FAILED,  /* see `failure` */
};

/* Stage names are Connect's; they appear in logs and dead letter headers. */
enum ps_stage {
	PS_STAGE_TASK_POLL = 0,
	PS_STAGE_TASK_PUT,
	PS_STAGE_TRANSFORMATION,
	PS_STAGE_KEY_CONVERTER,
	PS_STAGE_VALUE_CONVERTER,
	PS_STAGE_HEADER_CONVERTER,
	PS_STAGE_KAFKA_PRODUCE,
	PS_STAGE_KAFKA_CONSUME,
};

struct ps_failure {
	enum ps_stage stage;
	const char *class_name; /* of the plugin that failed */
	struct ps_error error;
};

struct ps_slice {
	const uint8_t *data; /* NULL: null (a tombstone when it is the value) */
	size_t len;
};

struct ps_header {
	const char *name;
	size_t name_len;
	struct ps_value value;
	const struct ps_schema *schema;
	struct ps_slice raw; /* sink: as consumed; source: as encoded */
};

/* A source partition known to the host: pointers stay valid for the task's
 * life and are equal for equal partitions. From ps_host.partition(). */
struct ps_source_partition;

/* A sink's record as the broker had it: what a dead letter is made of. */
struct ps_consumed {
	struct ps_slice key, value;
	const struct ps_header *headers; /* name and raw */
	size_t header_count;
	int64_t timestamp;
};

struct ps_record {
	const char *topic; /* NUL-terminated, lives at least as the batch */
	int32_t partition; /* sources: PS_NO_PARTITION lets the key decide */
	enum ps_outcome outcome;
	int64_t timestamp; /* ms since 1970, PS_NO_TIMESTAMP or PS_NOW */
	struct ps_value key, value;
	const struct ps_schema *key_schema, *value_schema;
	struct ps_header *headers;
	size_t header_count;
	struct ps_slice raw_key,
	    raw_value; /* sink: consumed; source: encoded */
	const struct ps_failure *failure;

	/* Sources: where to go on after this record. An offset is a map with
	 * string keys; PS_NULL: this record is no point to restart from (the
	 * next one in the same partition that has an offset covers it). */
	union {
		const struct ps_source_partition *source_partition;
		/* Sinks: NULL when the record itself still has all of it.
		 * Whoever copies a record to report it later copies this. */
		const struct ps_consumed *consumed;
	};
	struct ps_value source_offset;

	/* Sinks: where it came from, whatever transforms made of it. */
	const char *origin_topic;
	int32_t origin_partition;
	bool log_append_time; /* the timestamp is the broker's */
	int64_t origin_offset;
};

static inline struct ps_consumed
ps_record_consumed(const struct ps_record *r)
{
	struct ps_consumed c = { r->raw_key, r->raw_value, r->headers,
		r->header_count, r->timestamp };

	return r->consumed == NULL ? c : *r->consumed;
}

enum ps_mark {
	PS_MARK_NONE = 0,
	PS_MARK_COMMIT, /* transaction.boundary=connector: end one here */
	PS_MARK_ABORT,
};

struct ps_batch {
	struct ps_arena *arena;
	struct ps_record *records;
	size_t count, room;
	size_t budget_bytes; /* a source fills about this much, then returns */
	enum ps_mark mark;   /* after the last record */
};

/* Room for one more; what it returns is zeroed but for "none" values.
 * Pointers to earlier records of the batch may move. */
static inline struct ps_record *
ps_batch_add(struct ps_batch *b)
{
	struct ps_record *r;

	if (b->count == b->room) {
		size_t room = b->room == 0 ? 256 : 2 * b->room;
		struct ps_record *grown = (struct ps_record *)ps_alloc(b->arena,
		    room * sizeof *grown);

		if (b->count > 0)
			memcpy(grown, b->records, b->count * sizeof *grown);
		b->records = grown;
		b->room = room;
	}
	r = &b->records[b->count++];
	memset(r, 0, sizeof *r);
	r->partition = PS_NO_PARTITION;
	r->timestamp = PS_NO_TIMESTAMP;
	r->origin_offset = PS_NO_OFFSET;
	return r;
}

/* Marks the record failed; the host decides by errors.tolerance. An error of
 * PS_E_RETRY is tried again as errors.retry.timeout says. Copies `err`. */
static inline void
ps_record_fail(struct ps_batch *b, struct ps_record *r, enum ps_stage stage,
    const char *class_name, const struct ps_error *err)
{
	struct ps_failure *f =
	    (struct ps_failure *)ps_alloc(b->arena, sizeof *f);

	f->stage = stage;
	f->class_name = class_name;
	f->error = *err;
	r->outcome = PS_FAILED;
	r->failure = f;
}

#endif
