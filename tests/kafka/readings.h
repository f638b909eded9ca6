/* readings: both readings of a log that stands in a table. */
#ifndef PENSTOCK_TESTS_KAFKA_READINGS_H
#define PENSTOCK_TESTS_KAFKA_READINGS_H

#include <string.h>

#include "kafka/hidden.h"

/* A record of the one-partition log of a test, where it stands in the table;
 * NULL key: a marker. */
struct row {
	const char *key, *value;
	bool is_aborted;
};

static inline bool
wants(void *ctx, const char *key, size_t len)
{
	(void)ctx;
	return len > 0 && key[0] != '-';
}

static inline struct topiclog_record
record_of(const struct row *row, int32_t partition, int64_t offset)
{
	return (struct topiclog_record){ .partition = partition,
		.offset = offset,
		.key = row->key,
		.key_len = strlen(row->key),
		.value = row->value,
		.value_len = row->value == NULL ? 0 : strlen(row->value) };
}

static inline void
take(struct hidden *h, const struct row *row, int32_t partition, int64_t offset)
{
	struct topiclog_record r = record_of(row, partition, offset);

	hidden_take_any(h, &r);
}

static inline void
settle(struct hidden *h, const struct row *row, int32_t partition,
    int64_t offset)
{
	struct topiclog_record r = record_of(row, partition, offset);

	if (!row->is_aborted)
		hidden_take_settled(h, &r);
}

/* Both readings of rows[0..count), the second of `more` rows behind them. */
static inline struct hidden *
read_both(const struct row *rows, size_t count, size_t more)
{
	struct hidden *h = hidden_new(wants, NULL);

	for (size_t i = 0; i < count; i++)
		take(h, &rows[i], 0, (int64_t)i);
	for (size_t i = 0; i < count + more; i++)
		settle(h, &rows[i], 0, (int64_t)i);
	return h;
}

#endif
