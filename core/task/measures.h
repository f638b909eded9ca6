/*
 * measures: what a task counts, under Kafka Connect's names.
 *
 * Every name of the table is there from the start, whatever is configured,
 * so that no dashboard goes blind. Averages, maxima and rates are of the last
 * half to whole minute, as Connect's are by default.
 */
#ifndef PENSTOCK_TASK_MEASURES_H
#define PENSTOCK_TASK_MEASURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/metric.h"

/* Several values in two windows: the running one and the one before. */
struct measure_span {
	double sum, max, min;
	uint64_t count;
};

struct measure {
	struct measure_span now, before;
};

/* What a counter was when the windows began. */
struct measure_rate {
	double total, now, before;
};

/* ---- a task's ---- */

enum measure_counter {
	MEASURE_READ,      /* records polled from the source, or from Kafka */
	MEASURE_WRITTEN,   /* acknowledged by Kafka, or taken by put() */
	MEASURE_COMMITTED, /* sinks: commits of offsets that succeeded */
	MEASURE_SKIPPED,   /* sinks: commits whose answer was given up */
	MEASURE_BYTES,     /* sinks: of records that were read */
	MEASURE_FAILED,    /* sources: records that Kafka did not take */
	MEASURE_COUNTERS
};

enum measure_value {
	MEASURE_BATCH,       /* records in one poll or put */
	MEASURE_CALL,        /* ms in poll or put */
	MEASURE_COMMIT,      /* ms of a commit of offsets */
	MEASURE_ACTIVE,      /* records on their way */
	MEASURE_TRANSACTION, /* records in a transaction */
	MEASURE_VALUES
};

struct measures {
	struct measure_rate counters[MEASURE_COUNTERS];
	struct measure values[MEASURE_VALUES];
	uint64_t commits_done, commits_failed;
	int64_t running_ms, paused_ms;
	bool is_paused;
	double active, partitions;      /* as they are now */
	double letters, letters_failed; /* to the dead letter topic */
	double lag;                     /* the largest of its partitions */
	const char *client; /* labels of its client; NULL: none yet */
	struct clock_ms began, looked; /* a window; the clock of states */
	bool had_window;               /* there is one before */
};

void measures_init(struct measures *m, struct clock_ms now);
void measures_value(struct measures *m, enum measure_value which, double value);
/* A commit of offsets ended; it began then. */
void measures_commit(struct measures *m, struct clock_ms began, bool failed);
/* The task is paused or not from now on. */
void measures_paused(struct measures *m, bool paused, struct clock_ms now);

enum measures_kind { MEASURES_SOURCE, MEASURES_SINK };
/* Sets every series of the kind. */
void measures_publish(struct measures *m, enum measures_kind kind,
    struct metric_registry *to, const char *labels, struct clock_ms now);

#endif
