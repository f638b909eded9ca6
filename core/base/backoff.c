#include "base/backoff.h"

#include <assert.h>

#include "base/mix.h"

void
backoff_init(struct backoff *b, int64_t first_ms, int64_t max_ms, uint64_t seed)
{
	assert(first_ms >= 0 && max_ms >= first_ms);
	*b = (struct backoff){ first_ms, max_ms, 0, seed };
}

static uint64_t
draw(uint64_t *seed)
{
	return mix64(*seed += MIX_STEP);
}

int64_t
backoff_next_ms(struct backoff *b)
{
	int64_t full = b->first_ms, half;

	for (unsigned i = 0; i < b->tries && full < b->max_ms; i++)
		full = full > b->max_ms / 2 ? b->max_ms : 2 * full;
	if (b->tries < 64)
		b->tries++;
	half = full / 2;
	return full - half + (int64_t)(draw(&b->seed) % ((uint64_t)half + 1));
}

void
backoff_reset(struct backoff *b)
{
	b->tries = 0;
}
