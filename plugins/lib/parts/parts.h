/*
 * parts: what a sink keeps of each Kafka partition it has.
 *
 * A struct part is the first member of what is kept. They are found by name,
 * the last one first: records come in runs of one partition.
 */
#ifndef PENSTOCK_PLUGINS_LIB_PARTS_H
#define PENSTOCK_PLUGINS_LIB_PARTS_H

#include <stdint.h>

#include <penstock/host.h>

struct part {
	struct part *next;
	char *topic;
	int32_t partition;
	int64_t next_offset; /* what is before it was taken */
};

struct parts {
	struct part *first, *last;
	void (*free)(struct part *p); /* all of what is kept */
};

void part_init(struct part *p, const char *topic, int32_t partition,
    int64_t next_offset);
void part_fini(struct part *p);

void parts_init(struct parts *s, void (*free)(struct part *p));
void parts_fini(struct parts *s);
void parts_add(struct parts *s, struct part *p);
/* NULL: there is none. */
struct part *parts_find(struct parts *s, const char *topic, int32_t partition);
/* The one after `p`, the first for NULL; NULL at the end. */
struct part *parts_next(const struct parts *s, const struct part *p);
void parts_drop(struct parts *s, const struct ps_topic_position *tp);

#endif
