#include <stdint.h>

#include "access/guard.h"
#include "access/users.h"
#include "base/js.h"
#include "base/text.h"
#include "rest/ask.h"
#include "rest/handlers.h"
#include "worker/worker.h"

static void
give_json(struct exchange *x, const struct answer *answer)
{
	exchange_json(x, 200, json_deep_copy(answer->json));
}

/* ---- transforms -------------------------------------------------------- */

/* Who is limited to some connectors previews those: what else a topic holds
 * is not theirs to see. */
static bool
may_preview(struct exchange *x, const char *connector)
{
	const struct configs *all = journal_configs(worker_journal(x->worker));
	const struct configs_connector *cfg =
	    connector == NULL ? NULL : configs_find(all, connector);

	if (x->who == NULL || x->who->labels == NULL ||
	    (cfg != NULL && guard_sees(x, cfg)))
		return true;
	exchange_error(x, 403,
	    "%s may only preview the transforms of connectors with its labels",
	    x->who->name);
	return false;
}

void
rest_preview(struct exchange *x)
{
	static const char *const known[] = { "connector", "config", "records",
		"read", "mask", NULL };
	struct request_spec spec = { .op = REQUEST_PREVIEW };
	struct ps_error err = { 0 };
	json_t *body = exchange_object(x);
	const json_t *name = json_object_get(body, "connector");
	const json_t *config = json_object_get(body, "config");

	if (body == NULL)
		return;
	spec.connector = json_string_value(name);
	spec.doc = body;
	if (js_check_members(body, known, &err) != 0)
		exchange_error(x, 400, "%s", err.text);
	else if (name != NULL && spec.connector == NULL)
		exchange_error(x, 400, "connector: expected a name");
	else if (spec.connector == NULL && !json_is_object(config))
		exchange_error(x, 400,
		    "give the name of a connector or, as config, the settings "
		    "of transforms");
	else if (may_preview(x, spec.connector))
		ask_worker(x, &spec, give_json);
	json_decref(body);
}

/* ---- dead letters ------------------------------------------------------ */

/* -1: answered. */
static int
limit_of(struct exchange *x, json_t *args)
{
	const char *text = exchange_query(x, "limit");
	int64_t limit;

	if (text == NULL)
		return 0;
	if (text_int64(text, 1, INT32_MAX, &limit) != 0) {
		exchange_error(x, 400, "limit %.40s: expected a whole number",
		    text);
		return -1;
	}
	return json_object_set_new(args, "limit",
	    json_integer((json_int_t)limit));
}

void
rest_dead_letters(struct exchange *x)
{
	struct request_spec spec = { .op = REQUEST_LETTERS,
		.connector = x->param[0] };
	const char *mask = exchange_query(x, "mask");
	const char *cursor = exchange_query(x, "cursor");
	json_t *args = json_object(), *names;
	size_t count = 0;
	char **list;

	if (cursor != NULL)
		(void)json_object_set_new(args, "cursor", js_str(cursor));
	if (mask != NULL) {
		names = json_array();
		list = text_list(x->a, mask, &count);
		for (size_t i = 0; i < count; i++)
			(void)json_array_append_new(names, js_str(list[i]));
		(void)json_object_set_new(args, "mask", names);
	}
	spec.doc = args;
	if (limit_of(x, args) == 0)
		ask_worker(x, &spec, give_json);
	json_decref(args);
}

void
rest_replay(struct exchange *x)
{
	struct request_spec spec = { .op = REQUEST_REPLAY,
		.connector = x->param[0] };
	json_t *body = exchange_object(x);

	if (body == NULL)
		return;
	spec.doc = body;
	ask_worker(x, &spec, give_json);
	json_decref(body);
}
