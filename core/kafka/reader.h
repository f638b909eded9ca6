/*
 * reader: a stretch of one partition, read by who may wait for it.
 *
 * No member of a group and commits nothing; reads what is committed only. One
 * partition at a time, up to the end it had when it was reached.
 */
#ifndef PENSTOCK_KAFKA_READER_H
#define PENSTOCK_KAFKA_READER_H

#include "kafka/consumer.h"

struct reader;

/* `settings` are Java's keys. */
struct reader *
reader_new(const struct ps_config *settings, struct ps_error *err);
void reader_free(struct reader **rp);

/* How many the topic has; PS_E_DATA when there is no such topic. */
int reader_partitions(struct reader *r, const char *topic, int limit_ms,
    int *count, struct ps_error *err);
/* The first offset there is, and the one behind the last. */
int reader_range(struct reader *r, const char *topic, int32_t partition,
    int limit_ms, int64_t range[2], struct ps_error *err);
/* From this offset on, in place of what was read before. */
int reader_start(struct reader *r, const struct consumer_position *from,
    struct ps_error *err);
/* 1: a record, borrowed until the next call (consumer_headers gives its
 * headers); 0: the end; -1: PS_E_RETRY when limit_ms are over, or what there
 * is cannot be read. */
int reader_next(struct reader *r, int limit_ms, struct consumer_record *out,
    struct ps_error *err);
/* What the settings' group has committed of a partition, CONSUMER_NO_OFFSET
 * for nothing, and the text beside it (in `a`, "" for none). */
int reader_committed(struct reader *r, struct consumer_position *position,
    int limit_ms, struct ps_arena *a, const char **beside,
    struct ps_error *err);

#endif
