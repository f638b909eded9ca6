/*
 * tolerance: errors.*: what happens to a record that cannot be processed.
 *
 * Stages mark records failed; a failure that a retry may mend is retried
 * here, that record alone. At the end of its way each failed record is
 * settled once: it fails the task, or it is reported, counted and dropped.
 * An outage (PS_E_RETRY) or a wrong setting (PS_E_CONFIG) is never settled by
 * dropping: it fails the task.
 */
#ifndef PENSTOCK_CONVERT_TOLERANCE_H
#define PENSTOCK_CONVERT_TOLERANCE_H

#include <penstock/record.h>

#include "child/gauges.h"
#include "child/settings.h"

/* Work on some records of a batch, repeatable for each alone. */
typedef void stage_fn(void *ctx, struct ps_batch *b,
    struct ps_record *const *records, size_t count);
/* Where settled records go (the dead letter topic). -1 fails the task. */
typedef int letter_fn(void *ctx, const struct ps_record *r,
    const struct ps_failure *f, struct ps_error *err);

struct tolerance_counts {
	uint64_t failures; /* attempts that failed */
	uint64_t errors;   /* records that failed for good */
	uint64_t skipped, retries, logged;
	int64_t last_error_ms; /* wall clock, 0: never */
};

struct tolerance {
	bool all; /* errors.tolerance */
	bool log, log_messages;
	int64_t retry_ms; /* -1: for ever */
	int64_t delay_max_ms;
	bool is_sink;
	const char *task_id; /* "name-0" */
	letter_fn *letter;   /* NULL: none */
	void *ctx;
	struct gauges *gauges;
	uint64_t seed;
	struct tolerance_counts counts;
};

void tolerance_init(struct tolerance *t, const struct settings *s,
    struct gauges *g, struct ps_arena *a);
void tolerance_run(struct tolerance *t, stage_fn *fn, void *ctx,
    struct ps_batch *b, struct ps_record *const *records, size_t count);
/* Settles all records of the batch that failed: dropped from then on. */
int
tolerance_settle(struct tolerance *t, struct ps_batch *b, struct ps_error *err);
/* The same for one failure that happened elsewhere. */
int tolerance_settle_one(struct tolerance *t, const struct ps_record *r,
    const struct ps_failure *f, struct ps_error *err);
/* Ms to wait before attempt n+1 of a retry (300 ms doubling). */
int64_t tolerance_delay_ms(struct tolerance *t, unsigned attempt);

#endif
