/*
 * backoff: how long to wait before the next try.
 *
 * Doubles from `first_ms` to `max_ms`, each wait drawn at random from its
 * upper half; success resets it. The generator is seeded by the caller, so
 * tests are repeatable.
 */
#ifndef PENSTOCK_BASE_BACKOFF_H
#define PENSTOCK_BASE_BACKOFF_H

#include <stdint.h>

struct backoff {
	int64_t first_ms, max_ms;
	unsigned tries;
	uint64_t seed;
};

void backoff_init(struct backoff *b, int64_t first_ms, int64_t max_ms,
    uint64_t seed);
int64_t backoff_next_ms(struct backoff *b);
void backoff_reset(struct backoff *b);

#endif
