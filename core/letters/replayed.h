/*
 * replayed: which dead letters of a partition were put back.
 *
 * All before `next`, and some behind it. As text ("7,9-12") it stands beside
 * the group's committed offset, which is `next`.
 */
#ifndef PENSTOCK_LETTERS_REPLAYED_H
#define PENSTOCK_LETTERS_REPLAYED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <penstock/arena.h>

/* What brokers keep beside an offset, offset.metadata.max.bytes. */
#define REPLAYED_TEXT_MAX ((size_t)4000)

struct replayed {
	struct ps_arena *arena;
	int64_t next;
	/* Sorted, apart from each other, all behind `next`. */
	struct replayed_range {
		int64_t first, last;
	} * ranges;
	size_t count, room;
};

/* What cannot be read of the text counts as not put back. */
void replayed_init(struct replayed *r, struct ps_arena *a, int64_t next,
    const char *text);
bool replayed_has(const struct replayed *r, int64_t offset);
void replayed_add(struct replayed *r, int64_t offset);
/* All before this offset. */
void replayed_up_to(struct replayed *r, int64_t offset);
/* NULL: longer than REPLAYED_TEXT_MAX. */
const char *replayed_text(const struct replayed *r, struct ps_arena *a);

#endif
