#include "reconcile/fencing.h"
#include "worker/request.h"

/* A task that its worker takes for dead may still be alive where the worker
 * does not see it, and would commit its own offsets over those that are set
 * now: leases keep it from that, Kafka makes it sure. */

static void
on_fenced(void *ctx, const json_t *result, const struct ps_error *err)
{
	struct request *rq = ctx;
	request_step *then = rq->fence_then;

	if (result == NULL) {
		request_refuse(rq, ANSWER_FAILED,
		    "Failed to perform zombie fencing for source connector "
		    "prior to modifying offsets: %s",
		    err->text);
		return;
	}
	rq->fenced = true;
	then(rq);
}

void
request_fence(struct request *rq, request_step *then)
{
	const struct configs_connector *cfg = request_connector(rq);
	struct errand_spec spec = { MSG_CONNECTOR, rq->spec.connector, NULL };

	if (cfg == NULL)
		return;
	if (rq->fenced || !fencing_is_on(worker_options(rq->w)) ||
	    request_is_sink(rq, cfg) || configs_ids(cfg) == 0) {
		then(rq);
		return;
	}
	spec.config = &cfg->config;
	rq->fence_then = then;
	if (rq->errand == NULL)
		rq->errand = errand_new(worker_errands(rq->w), &spec);
	fencing_ask(rq->errand, configs_ids(cfg), on_fenced, rq);
}
