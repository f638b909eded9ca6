/*
 * assignment: what a sink keeps of each Kafka partition that it has.
 *
 * A struct assigned is the first member of what is kept. They are found by
 * name, the last one first: records come in runs of one partition.
 */
#ifndef PENSTOCK_PLUGINS_LIB_ASSIGNMENT_H
#define PENSTOCK_PLUGINS_LIB_ASSIGNMENT_H

#include <stdint.h>

#include <penstock/host.h>
#include <penstock/record.h>

struct assigned {
	struct assigned *next;
	char *topic;
	int32_t partition;
	int64_t next_offset; /* what is before it was taken */
};

struct assignment {
	struct assigned *first, *last;
	/* All of what is kept, with assigned_init done. */
	struct assigned *(*make)(void *arg, const char *topic,
	    int32_t partition, int64_t offset);
	void (*free)(struct assigned *p);
	void *arg;
};

void assigned_init(struct assigned *p, const char *topic, int32_t partition,
    int64_t next_offset);
void assigned_fini(struct assigned *p);

void assignment_fini(struct assignment *s);
/* These are had anew, from where they are to go on. */
void assignment_open(struct assignment *s, const struct ps_topic_position *tps,
    size_t count);
void assignment_close(struct assignment *s, const struct ps_topic_position *tps,
    size_t count);
/* NULL: there is none. */
struct assigned *
assignment_find(struct assignment *s, const char *topic, int32_t partition);
/* The one that the record came from, made when there is none. */
struct assigned *assignment_of(struct assignment *s, const struct ps_record *r);
/* The one after `p`, the first for NULL; NULL at the end. */
struct assigned *
assignment_next(const struct assignment *s, const struct assigned *p);

#endif
