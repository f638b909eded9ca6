#include <string.h>

#include "base/js.h"
#include "base/text.h"
#include "rest/ask.h"
#include "rest/guard.h"
#include "rest/handlers.h"
#include "rest/users.h"
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
