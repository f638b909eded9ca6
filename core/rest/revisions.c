#include "store/revisions.h"

#include <stdint.h>

#include "access/guard.h"
#include "base/js.h"
#include "base/text.h"
#include "rest/ask.h"
#include "rest/change.h"
#include "rest/declare.h"
#include "rest/handlers.h"
#include "rest/view.h"
#include "worker/worker.h"

/* As stored, with what is secret masked. */
static json_t *
revision_view(struct exchange *x, const json_t *doc, const json_t *present,
    bool *found)
{
	const json_t *stored = json_object_get(doc, "config");
	int64_t at = js_opt_int(doc, "at", 0);
	struct ps_error err = { 0 };
	struct ps_config config;
	bool is_current = !*found && json_equal(stored, present) != 0;

	*found = *found || is_current;
	if (js_to_config(x->a, stored, &config, &err) != 0)
		config = (struct ps_config){ NULL, 0 };
	return json_pack("{s:I, s:b, s:s?, s:s?, s:s?, s:o}", "revision",
	    (json_int_t)js_opt_int(doc, "revision", 0), "current", is_current,
	    "at", at == 0 ? NULL : wall_iso(x->a, (struct wall_ms){ at }), "by",
	    js_opt_str(doc, "by"), "how", js_opt_str(doc, "how"), "config",
	    view_config(&config));
}

/* {"name", "revisions": newest first}. What was changed past penstock has
 * none yet: then none is current. */
void
rest_revisions(struct exchange *x)
{
	const struct configs_connector *cfg = ask_connector(x);
	const json_t *all =
	    revisions_of(worker_revisions(x->worker), x->param[0]);
	json_t *list, *present;
	bool found = false;

	if (cfg == NULL)
		return;
	list = json_array();
	present = js_from_config(&cfg->config);
	for (size_t i = json_array_size(all); i > 0; i--)
		(void)json_array_append_new(list,
		    revision_view(x, json_array_get(all, i - 1), present,
			&found));
	json_decref(present);
	exchange_json(x, 200,
	    json_pack("{s:s, s:o}", "name", cfg->name, "revisions", list));
}

/* Whose labels it would have is theirs to give. */
static bool
may_become(struct exchange *x, const struct ps_config *config)
{
	const struct configs_connector then = { .name = x->param[0],
		.config = *config };

	if (guard_sees(x, &then))
		return true;
	exchange_error(x, 403,
	    "Revision %s of connector %s has none of the labels that %s has "
	    "rights to",
	    x->param[1], x->param[0], x->who->name);
	return false;
}

static const json_t *
find(struct exchange *x)
{
	const json_t *doc = NULL;
	int64_t n;

	if (text_int64(x->param[1], 1, INT64_MAX, &n) == 0)
		doc =
		    revisions_find(worker_revisions(x->worker), x->param[0], n);
	if (doc == NULL)
		exchange_error(x, 404, "Connector %s has no revision %s",
		    x->param[0], x->param[1]);
	return doc;
}

void
rest_rollback(struct exchange *x)
{
	struct ps_config config;
	struct request_spec spec = { .op = REQUEST_REPLACE,
		.connector = x->param[0],
		.config = &config,
		.how = ps_printf(x->a, "rollback to %s", x->param[1]),
		.if_match = x->if_match };
	const json_t *doc = ask_connector(x) == NULL ? NULL : find(x);
	struct ps_error err = { 0 };

	if (doc == NULL)
		return;
	if (js_to_config(x->a, json_object_get(doc, "config"), &config, &err) !=
	    0)
		exchange_error(x, 500, "%s", err.text);
	else if (may_become(x, &config) &&
		 !declare_owns(x, x->param[0], &config))
		ask_worker(x, &spec, change_written);
}
