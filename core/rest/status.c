#include <string.h>

#include "access/guard.h"
#include "base/js.h"
#include "rest/ask.h"
#include "rest/handlers.h"
#include "rest/view.h"
#include "worker/worker.h"

/* ---- positions --------------------------------------------------------- */

/* {"partition", "offset", "end", "lag"} of a change to the end. */
static json_t *
sink_position(const json_t *change)
{
	json_t *from = json_object_get(change, "from");
	json_t *to = json_object_get(change, "to");
	json_int_t end = js_opt_int(to, "kafka_offset", 0);
	json_t *lag =
	    json_is_object(from)
		? json_integer(end - js_opt_int(from, "kafka_offset", 0))
		: json_null();

	return json_pack("{s:O, s:O, s:O, s:o}", "partition",
	    json_object_get(change, "partition"), "offset", from, "end", to,
	    "lag", lag);
}

static json_t *
positions_of(const json_t *answer)
{
	const json_t *list = json_object_get(answer, "changes"), *one;
	json_t *out;
	size_t i;

	if (list == NULL)
		return json_incref(json_object_get(answer, "offsets"));
	out = json_array();
	json_array_foreach(list, i, one)
	{
		(void)json_array_append_new(out, sink_position(one));
	}
	return out;
}

static json_t *
status_now(struct exchange *x)
{
	const struct configs_connector *cfg = configs_find(
	    journal_configs(worker_journal(x->worker)), x->param[0]);

	return cfg == NULL ? NULL : view_status(x->worker, cfg, VIEW_AS_IT_IS);
}

static void
answer_status(struct exchange *x, json_t *status)
{
	if (status == NULL)
		exchange_error(x, 404, "No status found for connector %s",
		    x->param[0]);
	else
		exchange_json(x, 200, status);
}

/* A state is answered whether there are positions or not. */
static void
with_positions(struct exchange *x, const struct answer *answer)
{
	json_t *status = status_now(x);
	bool known = answer->kind == ANSWER_DONE;

	if (status != NULL)
		(void)json_object_set_new(status, "positions",
		    known ? positions_of(answer->json) : json_array());
	if (status != NULL && !known)
		(void)json_object_set_new(status, "positions_missing",
		    js_str(answer->text));
	answer_status(x, status);
}

static void
ask_positions(struct exchange *x, const char *type)
{
	json_t *end = json_pack("{s:s}", "to", "end");
	struct request_spec spec = { .op = REQUEST_READ_OFFSETS,
		.connector = x->param[0] };

	if (strcmp(type, "sink") == 0) {
		spec.op = REQUEST_POSITIONS;
		spec.doc = end;
		spec.flags = SEEK_PREVIEW;
	}
	ask_worker_any(x, &spec, with_positions);
	json_decref(end);
}

/* ---- states ------------------------------------------------------------ */

void
rest_status(struct exchange *x)
{
	json_t *status = status_now(x);

	if (status != NULL && exchange_query_bool(x, "positions") &&
	    guard_reaches(x, ROLE_OPERATOR))
		ask_positions(x, js_opt_str(status, "type"));
	else
		answer_status(x, json_incref(status));
	json_decref(status);
}
