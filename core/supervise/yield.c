#include "supervise/yield.h"

/* So long it must have had a quarter of a processor: no more may be its share,
 * and nothing that only waits needs as much. */
#define COMPUTES_MS          3000
#define COMPUTES(cpu_ms, ms) (4 * (cpu_ms) >= (ms))
/* With less than an eighth in such a time it does not go on. */
#define LEFT_MS             1000
#define IS_LEFT(cpu_ms, ms) (8 * (cpu_ms) >= (ms))

static void
begin(struct yield *y, struct clock_ms now, int64_t cpu_ms, int64_t shown)
{
	y->since = now;
	y->cpu_ms = cpu_ms;
	y->shown = shown;
}

bool
yield_look(struct yield *y, struct clock_ms now, int64_t cpu_ms, int64_t shown)
{
	int64_t ms = clock_since(y->since, now), used = cpu_ms - y->cpu_ms;

	if (y->since.ms == 0 || shown != y->shown) {
		y->yields = false;
	} else if (ms < (y->yields ? LEFT_MS : COMPUTES_MS)) {
		return y->yields;
	} else {
		y->yields = y->yields ? IS_LEFT(used, ms) : COMPUTES(used, ms);
	}
	begin(y, now, cpu_ms, shown);
	return y->yields;
}
