#include "pause.h"

#include <time.h>

#include <penstock/error.h>

uint64_t
pause_seed(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_nsec * 2654435761U + 88172645463325252U;
}

/* xorshift */
static uint64_t
draw(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

int64_t
pause_ms(int64_t first_ms, unsigned failures, uint64_t *seed)
{
	int64_t most = ps_retry_max_ms(first_ms), ms = first_ms;

	for (unsigned i = 0; i < failures && ms < most; i++)
		ms *= 2;
	ms = ms < most ? ms : most;
	return ms - (int64_t)(draw(seed) % (uint64_t)(ms / 2 + 1));
}
