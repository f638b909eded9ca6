/*
 * authors: did this worker write what is read in the config topic?
 *
 * Only the leader writes connectors, task configs and commits. What it reads
 * and has not written is somebody's who thinks the topic is his: a record
 * that changes something, at an offset that no write of ours was told. A
 * write may be read before it is answered: it is waited for.
 */
#ifndef PENSTOCK_JOURNAL_AUTHORS_H
#define PENSTOCK_JOURNAL_AUTHORS_H

#include <stdbool.h>

#include "store/keys.h"

struct authors;

/* A stranger's record: its key and where it is. */
typedef void authors_fn(void *ctx, const char *key, int64_t offset);

struct authors *authors_new(authors_fn *fn, void *ctx);
void authors_free(struct authors **ap);
/* This worker leads (all that is read from now on is to be its own), or it
 * does not. */
void authors_watch(struct authors *a, bool leads);
/* As read, in log order. */
void authors_read(struct authors *a, const struct store_pair *record,
    int64_t offset);
/* A write is on its way; it is answered with the offsets of its records,
 * none if it failed. */
void authors_began(struct authors *a);
void authors_wrote(struct authors *a, const int64_t *offsets, size_t count);

#endif
