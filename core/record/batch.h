/*
 * batch: the host's side of struct ps_batch.
 */
#ifndef PENSTOCK_RECORD_BATCH_H
#define PENSTOCK_RECORD_BATCH_H

#include <penstock/record.h>

/* Its arena starts with `chunk` bytes. */
struct ps_batch *batch_new(size_t chunk);
void batch_free(struct ps_batch **bp);
/* Empties it; keeps up to `keep` bytes of memory for the next fill. */
void batch_reset(struct ps_batch *b, size_t keep);
/* Room for so many records at once, in an empty batch. */
void batch_reserve(struct ps_batch *b, size_t count);
/* Pointers to all records with outcome PS_KEPT, in the batch's arena. */
struct ps_record **batch_kept(struct ps_batch *b, size_t *count);
const char *stage_name(enum ps_stage stage);
/* The class of Java's exception that is nearest to it. */
const char *failure_exception(const struct ps_failure *f);

#endif
