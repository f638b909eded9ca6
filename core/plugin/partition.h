/*
 * partition: the source partitions of one task, each known once.
 *
 * Found by value whatever the order of their members. A stored offset is
 * written again under the key bytes it came with, so that compaction keeps
 * one record of each. Entries last as long as the set.
 */
#ifndef PENSTOCK_PLUGIN_PARTITION_H
#define PENSTOCK_PLUGIN_PARTITION_H

#include <penstock/arena.h>
#include <penstock/error.h>
#include <penstock/record.h>

struct ack_entry;

struct ps_source_partition {
	struct ps_source_partition *next; /* as they became known */
	char *canonical;                  /* JSON, members sorted */
	char *key;    /* the offset topic's key, JSON text */
	char *stored; /* the stored offset's JSON text, NULL: none */
	struct ps_source_partition *next_dirty;
	/* The task's accounting (task/ack.c). */
	struct ack_entry *first, *last;
	struct ps_arena *safe_arena; /* of `safe` */
	struct ps_value safe;        /* PS_NULL: nothing to commit */
	bool is_dirty;
};

struct partition_set;

struct partition_set *partition_set_new(const char *connector);
void partition_set_free(struct partition_set **sp);
/* One record of the offset topic. What is not this connector's, or no such
 * key, is PS_E_DATA. `value` NULL: none stored. */
int partition_set_stored(struct partition_set *s, const char *key,
    const char *value, struct ps_error *err);
/* Is it such a key? `*p` is its partition, NULL: none that is known yet. */
bool partition_is_key(struct partition_set *s, const char *key, size_t len,
    struct ps_source_partition **p);
/* NULL when the map has no JSON form. */
struct ps_source_partition *
partition_find(struct partition_set *s, const struct ps_value *map);
/* What it was found by. */
const struct ps_value *
partition_map(struct partition_set *s, const struct ps_source_partition *p);
/* 1 and the offset in `a`, 0: none. */
int partition_offset(const struct ps_source_partition *p, struct ps_arena *a,
    struct ps_value *offset);
void partition_set_offset(struct ps_source_partition *p, const char *json);
/* In the order they became known. */
struct ps_source_partition *partition_first(struct partition_set *s);
struct ps_source_partition *partition_next(struct ps_source_partition *p);

#endif
