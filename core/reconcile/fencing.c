#include "reconcile/fencing.h"

#include <strings.h>

/* Of the child, and for each id. */
#define FENCE_MS      60000
#define FENCE_EACH_MS 1000

bool
fencing_is_on(const struct options *o)
{
	return o->kind == WORKER_DISTRIBUTED &&
	       strcasecmp(ps_config_str(&o->all, "exactly.once.source.support"),
		   "enabled") == 0;
}

void
fencing_ask(struct errand *e, size_t tasks, errand_fn *fn, void *ctx)
{
	errand_ask(e, "fence", json_pack("{s:I}", "tasks", (json_int_t)tasks),
	    FENCE_MS + FENCE_EACH_MS * (int64_t)tasks, fn, ctx);
}
