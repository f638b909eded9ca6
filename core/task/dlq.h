/*
 * dlq: the dead letter topic of a connector.
 *
 * A dead letter is the record's bytes as they were (a sink's: as consumed, a
 * source's: see letters/letter_form.h), with the reason in headers: a source's
 * always, a sink's if asked for. Its producer is made with the first letter.
 * The offset of a record is not committed before its letter is settled: floor
 * says so.
 */
#ifndef PENSTOCK_TASK_DLQ_H
#define PENSTOCK_TASK_DLQ_H

#include "task/task.h"

struct dlq;

/* NULL without an error when no topic is configured. */
int dlq_new(struct task *t, struct dlq **out, struct ps_error *err);
void dlq_free(struct dlq **dp);

/* A letter_fn, with the dlq as its context. */
int dlq_send(void *ctx, const struct ps_record *r, const struct ps_failure *f,
    struct ps_error *err);
/* Takes reports, waiting at most limit_ms while letters are on their way. */
int dlq_serve(struct dlq *d, int limit_ms, struct ps_error *err);
/* Takes back what is on its way: it fails, and with it the task. */
void dlq_purge(struct dlq *d);
size_t dlq_pending(const struct dlq *d);
/* `offset`, or less: the first offset of the partition whose letter is on its
 * way. */
int64_t dlq_floor(const struct dlq *d, const char *topic, int32_t partition,
    int64_t offset);

#endif
