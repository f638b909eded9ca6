#include "rest/ask.h"

#include "access/users.h"
#include "worker/worker.h"

/* Parked with the exchange. */
struct question {
	struct exchange *x;
	struct request *request;
	ask_fn *done;
	bool any; /* refusals are done's to answer */
};

static const int statuses[] = {
	[ANSWER_DONE] = 200,
	[ANSWER_CREATED] = 201,
	[ANSWER_INVALID] = 400,
	[ANSWER_UNKNOWN] = 404,
	[ANSWER_CONFLICT] = 409,
	[ANSWER_STALE] = 412,
	[ANSWER_QUOTA] = 403,
	[ANSWER_FAILED] = 500,
};

int
ask_status(enum answer_kind kind)
{
	return statuses[kind];
}

static void
on_answer(void *ctx, const struct answer *answer)
{
	struct question *q = ctx;
	struct exchange *x = q->x;

	x->pending = NULL;
	x->forget = NULL;
	if (q->any || answer->kind == ANSWER_DONE ||
	    answer->kind == ANSWER_CREATED)
		q->done(x, answer);
	else
		exchange_error(x, statuses[answer->kind], "%s", answer->text);
}

static void
forget(struct exchange *x)
{
	struct question *q = x->pending;

	request_forget(q->request);
	x->pending = NULL;
}

static void
put(struct exchange *x, const struct request_spec *spec, struct question *q)
{
	struct request_spec own = *spec;

	if (worker_phase(x->worker) == WORKER_STOPPING) {
		exchange_error(x, 503, "Worker is shutting down");
		return;
	}
	q->x = x;
	x->pending = q;
	x->forget = forget;
	own.by = x->who == NULL ? NULL : x->who->name;
	q->request = request_submit(x->worker, &own, on_answer, q);
}

void
ask_worker(struct exchange *x, const struct request_spec *spec, ask_fn *done)
{
	struct question *q = ps_calloc(x->a, 1, sizeof *q);

	q->done = done;
	put(x, spec, q);
}

void
ask_worker_any(struct exchange *x, const struct request_spec *spec,
    ask_fn *done)
{
	struct question *q = ps_calloc(x->a, 1, sizeof *q);

	q->done = done;
	q->any = true;
	put(x, spec, q);
}

void
ask_no_content(struct exchange *x, const struct answer *answer)
{
	(void)answer;
	exchange_empty(x, 204);
}

void
ask_accepted(struct exchange *x, const struct answer *answer)
{
	(void)answer;
	exchange_empty(x, 202);
}

const struct configs_connector *
ask_connector(struct exchange *x)
{
	const struct configs_connector *cfg = configs_find(
	    journal_configs(worker_journal(x->worker)), x->param[0]);

	if (cfg == NULL)
		exchange_error(x, 404, "Connector %s not found", x->param[0]);
	return cfg;
}

unsigned
ask_restart_flags(const struct exchange *x)
{
	return (exchange_query_bool(x, "includeTasks") ? CONFIGS_RESTART_TASKS
						       : 0U) |
	       (exchange_query_bool(x, "onlyFailed") ? CONFIGS_RESTART_FAILED
						     : 0U);
}
