/*
 * played: a task in the test's own process, whose worker is the test.
 *
 * Settings are {key, value} rows, an empty row ends them. Plugins come from
 * the build, the fixtures among them.
 */
#ifndef PENSTOCK_TESTS_TASK_PLAYED_H
#define PENSTOCK_TESTS_TASK_PLAYED_H

#include "kafka/producer.h"
#include "task/task.h"
#include "tests/kafka/mock.h"

struct played {
	struct task task;
	struct gauges gauges;
	struct channel *worker; /* its end of descriptor 4 */
};

/* Gauges and the way to the worker, no settings. */
void played_begin(struct played *p);
/* Settings and the host too; -1 as the first of them says. */
int played_configure(struct played *p, const struct ps_setting *worker,
    const struct ps_setting *connector, struct ps_error *err);
void played_end(struct played *p);
/* Holds no more than 64 KiB. */
struct producer *
played_producer(const struct mock *m, producer_report_fn *report, void *ctx);
/* What the task sent the worker next: 1, or 0 when there is nothing. */
int played_heard(struct played *p, struct msg *m);

#endif
