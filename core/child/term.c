#include "child/term.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>

#include "base/clock.h"
#include "child/gauges.h"

enum { LIMIT_MS = 5000 };

/* For the handler, which has no other way to know. */
static struct gauges *watched;

/* Only what is safe there: atomics, clock_gettime, write. */
static void
on_term(int number)
{
	int kept = errno;

	(void)number;
	if (!gauges_should_stop(watched)) {
		atomic_store(&watched->stop_at_ms,
		    clock_after(clock_now(), LIMIT_MS).ms);
		atomic_store(&watched->stop, true);
	}
	gauges_wake(watched);
	errno = kept;
}

void
term_watch(struct gauges *g)
{
	struct sigaction act = { .sa_handler = on_term,
		.sa_flags = SA_RESTART };

	watched = g;
	(void)sigaction(SIGTERM, &act, NULL);
}
