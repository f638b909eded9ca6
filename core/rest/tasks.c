#include <stdint.h>

#include "base/text.h"
#include "rest/ask.h"
#include "rest/handlers.h"
#include "rest/view.h"

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

void
rest_restart_task(struct exchange *x)
{
	struct request_spec spec = { .op = REQUEST_RESTART_TASK,
		.connector = x->param[0] };

	if (task_of(x, &spec.task) == 0)
		ask_worker(x, &spec, ask_no_content);
}
