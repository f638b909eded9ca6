#include "base/js.h"
#include "worker/request.h"

/* What a process of the connector's answers about records: looked at on their
 * way (preview), or in its dead letter topic. */
static const struct {
	enum request_op op;
	const char *name;
	int64_t limit_ms; /* the process's own limits are shorter */
} questions[] = {
	{ REQUEST_PREVIEW, "preview", 45000 },
	{ REQUEST_LETTERS, "letters", 45000 },
	{ REQUEST_REPLAY, "replay", 85000 },
};

static void
on_answer(void *ctx, const json_t *result, const struct ps_error *err)
{
	struct request *rq = ctx;
	bool wrong = result == NULL &&
		     (err->code == PS_E_CONFIG || err->code == PS_E_DATA);

	if (result == NULL)
		request_refuse(rq, wrong ? ANSWER_INVALID : ANSWER_FAILED, "%s",
		    err->text);
	else
		request_answer(rq,
		    &(struct answer){ .kind = ANSWER_DONE, .json = result });
}

void
request_look(struct request *rq)
{
	static const struct ps_config none = { NULL, 0 };
	const char *name = rq->spec.connector;
	const struct configs_connector *cfg = NULL;
	struct errand_spec spec = { MSG_CONNECTOR, name, &none };

	if (name[0] != '\0') {
		cfg = request_connector(rq);
		if (cfg == NULL)
			return;
		spec.config = &cfg->config;
	}
	rq->errand = errand_new(worker_errands(rq->w), &spec);
	for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
		if (questions[i].op == rq->spec.op)
			errand_ask(rq->errand, questions[i].name,
			    json_incref(rq->doc), questions[i].limit_ms,
			    on_answer, rq);
}
