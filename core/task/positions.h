/*
 * positions: how far a sink has come in each partition it has.
 *
 * `current` is the offset after the last record that put() took, whatever
 * became of the record; `committed` what the group has. Found by pointer of
 * the topic's name first: the consumer gives one pointer per topic.
 */
#ifndef PENSTOCK_TASK_POSITIONS_H
#define PENSTOCK_TASK_POSITIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <penstock/host.h>

struct positions;

struct position {
	char *topic;
	int32_t partition;
	int64_t current;   /* PS_NO_OFFSET: nothing was put yet */
	int64_t committed; /* PS_NO_OFFSET: not known */
	int64_t asked;     /* being committed */
	/* Beside the offset: what the plugin wants, and what the group has. */
	int64_t mark, marked;
	uint64_t since;    /* assigned with this number (sink.h) */
	bool is_paused;    /* by the plugin */
	bool is_announced; /* its topic, to the worker */
};

struct positions *positions_new(void);
void positions_free(struct positions **pp);
struct position *
positions_add(struct positions *p, const char *topic, int32_t partition);
/* NULL: not assigned. */
struct position *
positions_find(struct positions *p, const char *topic, int32_t partition);
void
positions_remove(struct positions *p, const char *topic, int32_t partition);
size_t positions_count(const struct positions *p);
struct position *positions_at(const struct positions *p, size_t i);

#endif
