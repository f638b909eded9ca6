/*
 * offsets: source positions, as the offset topic holds them.
 *
 * The latest value per connector and source partition. Partitions are found
 * by parsed value, whatever the order of their members, and written again
 * under the key bytes they have, so that compaction keeps one of each and
 * Kafka Connect finds them too.
 */
#ifndef PENSTOCK_STORE_OFFSETS_H
#define PENSTOCK_STORE_OFFSETS_H

#include <stddef.h>
#include <stdint.h>

#include "store/keys.h"

struct offsets;

/* JSON texts, borrowed until that partition's next record. */
struct offsets_entry {
	const char *connector;
	const char *partition;
	const char *offset; /* NULL: reset */
};

struct offsets *offsets_new(void);
void offsets_free(struct offsets **op);

/* PS_E_DATA: not Connect's format, skipped. */
int offsets_apply(struct offsets *o, const struct store_pair *record,
    struct ps_error *err);

/* Entries of one connector (NULL: all) that have an offset. */
typedef void offsets_fn(void *ctx, const struct offsets_entry *e);
void offsets_each(const struct offsets *o, const char *connector,
    offsets_fn *fn, void *ctx);
size_t offsets_count(const struct offsets *o, const char *connector);
/* NULL when there is none; `partition` is JSON text. */
const char *offsets_find(const struct offsets *o, const char *connector,
    const char *partition);

/* What the last record of a partition says, a reset too; NULL: there is none.
 */
const struct offsets_entry *offsets_known(const struct offsets *o,
    const char *connector, const char *partition);

/* The record to write. `partition` and `offset` (NULL: reset) are JSON text
 * and go as they stand, but the key bytes of a known partition are kept.
 * Memory from `a`. PS_E_DATA when one of them is no JSON object (partition:
 * or null). */
int offsets_put(const struct offsets *o, struct ps_arena *a,
    const struct offsets_entry *e, struct store_pair *out,
    struct ps_error *err);

#endif
