/*
 * samples: some records to look at, as a request gives them or as a topic
 * has them.
 *
 * They come as bytes, as if a sink had consumed them; converters make the
 * values. Everything is bounded, and what is wrong is named by its place.
 */
#ifndef PENSTOCK_LETTERS_SAMPLES_H
#define PENSTOCK_LETTERS_SAMPLES_H

#include <jansson.h>

#include <penstock/record.h>

#include "kafka/reader.h"

#define SAMPLES_MAX       1000 /* records */
#define SAMPLES_MAX_BYTES ((size_t)4 << 20)

/* A consumed record as one more of the batch, all copied. */
struct ps_record *
samples_take(struct ps_batch *b, const struct consumer_record *r);
/* The bytes of a member `<name>` (text, or JSON that is written as such) or
 * `<name>_base64` of an object; null and absent are NULL. */
int samples_bytes(struct ps_arena *a, const json_t *object, const char *name,
    struct ps_slice *out, struct ps_error *err);
/* [{topic, partition, offset, timestamp, key, value, headers}, ...] */
int
samples_given(struct ps_batch *b, const json_t *records, struct ps_error *err);
/* {topic, partition, offset, count}: of a topic. */
int samples_read(struct ps_batch *b, struct reader *r, const json_t *read,
    struct ps_error *err);

#endif
