#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "rest/ask.h"
#include "rest/handlers.h"
#include "rest/view.h"
#include "worker/worker.h"

void
rest_tasks(struct exchange *x)
{
	const struct configs_connector *cfg = ask_connector(x);

	if (cfg != NULL)
		exchange_json(x, 200, view_tasks(cfg));
}

/* -1: answered 404, as when a parameter does not convert. */
static int
task_of(struct exchange *x, int *out)
{
	int64_t task;

	if (text_int64(x->param[1], INT32_MIN, INT32_MAX, &task) == 0) {
		*out = (int)task;
		return 0;
	}
	exchange_error(x, 404, "HTTP 404 Not Found");
	return -1;
}

void
rest_task_status(struct exchange *x)
{
	json_t *state;
	int task;

	if (task_of(x, &task) != 0)
		return;
	state = view_task(x->worker, x->param[0], task);
	if (state == NULL)
		exchange_error(x, 404, "No status found for task %s-%d",
		    x->param[0], task);
	else
		exchange_json(x, 200, state);
}

static json_t *
lines_of(const struct task_view *v)
{
	const char *p, *end;
	json_t *list = json_array();

	for (size_t left = v->lines_len; left > 0; left -= (size_t)(end - p)) {
		p = v->lines + (v->lines_len - left);
		end = memchr(p, '\n', left);
		end = end == NULL ? p + left : end + 1;
		/* A cut character: the line is not text, it is left out. */
		(void)json_array_append_new(list,
		    json_stringn(p, (size_t)(end - p) - (end[-1] == '\n')));
	}
	return list;
}

/* Of ours: [{id, worker_id, lines}], lines null where another worker has
 * the task. */
void
rest_logs(struct exchange *x)
{
	const struct configs_connector *cfg = ask_connector(x);
	const struct reconcile *r = worker_reconcile(x->worker);
	json_t *list = json_array();

	for (int i = 0; cfg != NULL && (size_t)i < cfg->task_count; i++) {
		json_t *state = view_task(x->worker, cfg->name, i);
		struct task_view v;
		bool is_here = reconcile_task(r, cfg->name, i, &v);

		(void)json_array_append_new(list,
		    json_pack("{s:i, s:O?, s:o}", "id", i, "worker_id",
			json_object_get(state, "worker_id"), "lines",
			is_here ? lines_of(&v) : json_null()));
		json_decref(state);
	}
	if (cfg != NULL)
		exchange_json(x, 200, list);
	else
		json_decref(list);
}

void
rest_restart_task(struct exchange *x)
{
	struct request_spec spec = { .op = REQUEST_RESTART_TASK,
		.connector = x->param[0] };

	if (task_of(x, &spec.task) == 0)
		ask_worker(x, &spec, ask_no_content);
}
