/*
 * source_letters: dead letters of a source's records, while it runs.
 *
 * With errors.tolerance=all and a dead letter topic, a record that fails in a
 * transform or converter, or that the broker refuses, becomes a letter that
 * holds it as it was polled. The letters of a batch are in the topic before
 * its positions count.
 */
#ifndef PENSTOCK_TASK_SOURCE_LETTERS_H
#define PENSTOCK_TASK_SOURCE_LETTERS_H

#include "task/task.h"

struct source_letters;

/* NULL without an error when there are to be none; tolerance of the task
 * sends them until it is freed. */
int source_letters_new(struct task *t, struct source_letters **out,
    struct ps_error *err);
void source_letters_free(struct source_letters **lp);

/* Remembers the records as they are, in the batch's arena; NULL does nothing.
 */
void source_letters_note(struct source_letters *l, const struct ps_batch *b);
/* Takes reports for at most so long. 1: all letters are there; 0: not yet. */
int source_letters_settle(struct source_letters *l, int limit_ms,
    struct ps_error *err);
/* On their way. */
size_t source_letters_pending(const struct source_letters *l);
/* See dlq_purge. */
void source_letters_purge(struct source_letters *l);

#endif
