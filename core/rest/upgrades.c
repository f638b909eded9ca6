#include <string.h>

#include "access/users.h"
#include "base/text.h"
#include "config/template.h"
#include "rest/ask.h"
#include "rest/declare.h"
#include "rest/flow_view.h"
#include "rest/golden.h"
#include "rest/handlers.h"
#include "store/documents.h"
#include "worker/flow.h"
#include "worker/upgrade.h"
#include "worker/worker.h"

#define TIMEOUT_MS 60000
#define HEALTHY_MS 5000
#define LIMIT_MS   ((int64_t)24 * 3600 * 1000)

static const json_t *
find(const struct exchange *x)
{
	return documents_find(worker_documents(x->worker), DOCUMENT_UPGRADE,
	    x->param[0]);
}

/* The newest version, or answers 404. */
static const json_t *
template_of(struct exchange *x)
{
	const json_t *doc =
	    documents_template(worker_documents(x->worker), x->param[0], 0);

	if (doc == NULL)
		exchange_error(x, 404, "Template %s not found", x->param[0]);
	return doc;
}

void
rest_upgrade(struct exchange *x)
{
	const json_t *doc = find(x);

	if (template_of(x) == NULL)
		return;
	if (doc == NULL)
		exchange_error(x, 404, "Template %s has not been upgraded",
		    x->param[0]);
	else
		exchange_json(x, 200, flow_view_upgrade(x->worker, x->a, doc));
}

/* ---- writing ----------------------------------------------------------- */

static void
written(struct exchange *x, const struct answer *answer)
{
	const json_t *doc = find(x);

	(void)answer;
	if (doc == NULL)
		exchange_error(x, 409, "Template %s was deleted meanwhile",
		    x->param[0]);
	else
		exchange_json(x, 202, flow_view_upgrade(x->worker, x->a, doc));
}

/* Takes `doc`, what request_upgrade.c does. */
static void
ask(struct exchange *x, json_t *doc)
{
	struct request_spec spec = { .op = REQUEST_UPGRADE,
		.connector = ps_printf(x->a, "upgrade:%s", x->param[0]),
		.document = x->param[0],
		.doc = doc };

	ask_worker(x, &spec, written);
	json_decref(doc);
}

/* ---- a new one --------------------------------------------------------- */

static const json_t *
pipelines(const struct exchange *x)
{
	return documents_all(worker_documents(x->worker), DOCUMENT_PIPELINE);
}

static bool
is_of(const struct exchange *x, const json_t *pipeline)
{
	const char *template = js_opt_str(pipeline, "template");

	return template != NULL && strcmp(template, x->param[0]) == 0;
}

static void
add(json_t *doc, const char *name, const json_t *pipeline)
{
	int64_t from = js_opt_int(pipeline, "version", 0);

	if (from != js_opt_int(doc, "version", 0))
		upgrade_add(doc, name, from);
}

static void
add_all(struct exchange *x, json_t *doc)
{
	const char **names = declare_names(x->a, pipelines(x));

	for (; *names != NULL; names++) {
		const json_t *p = json_object_get(pipelines(x), *names);

		if (is_of(x, p))
			add(doc, *names, p);
	}
}

static void
add_named(struct exchange *x, const json_t *list, json_t *doc, json_t *errors)
{
	const json_t *one;
	size_t i;

	if (!json_is_array(list))
		template_fault(errors, "pipelines: a list of names is "
				       "expected");
	json_array_foreach(list, i, one)
	{
		const char *name = json_string_value(one);
		const json_t *p =
		    name == NULL ? NULL : json_object_get(pipelines(x), name);

		if (is_of(x, p))
			add(doc, name, p);
		else
			template_fault(errors,
			    "pipelines: %s is no pipeline of template %s",
			    name == NULL ? "what is no text" : name,
			    x->param[0]);
	}
}

static int64_t
limit(const json_t *body, const char *member, int64_t absent, json_t *errors)
{
	const json_t *value = json_object_get(body, member);
	int64_t ms = js_opt_int(body, member, absent);

	if ((value != NULL && !json_is_integer(value)) || ms < 0 ||
	    ms > LIMIT_MS)
		template_fault(errors,
		    "%s: milliseconds from 0 to a day are expected", member);
	return ms;
}

static int64_t
version_of(struct exchange *x, const json_t *body, json_t *errors)
{
	const struct documents *all = worker_documents(x->worker);
	const json_t *value = json_object_get(body, "version");
	int64_t version = js_opt_int(body, "version", 0);

	if (value != NULL &&
	    (!json_is_integer(value) || version < 1 ||
		documents_template(all, x->param[0], version) == NULL))
		template_fault(errors,
		    "version: template %s has none of that number",
		    x->param[0]);
	return js_opt_int(documents_template(all, x->param[0], version),
	    "version", 1);
}

static json_t *
wanted(struct exchange *x, const json_t *body, json_t *errors)
{
	static const char *const known[] = { "version", "pipelines",
		"timeout_ms", "healthy_ms" };
	struct upgrade_limits limits = {
		limit(body, "timeout_ms", TIMEOUT_MS, errors),
		limit(body, "healthy_ms", HEALTHY_MS, errors),
	};
	const json_t *list = json_object_get(body, "pipelines");
	json_t *doc =
	    upgrade_new(x->param[0], version_of(x, body, errors), &limits);

	if (x->who != NULL)
		(void)json_object_set_new(doc, "by", js_str(x->who->name));
	declare_check_known(x->a, body, known, sizeof known / sizeof *known,
	    errors);
	if (list == NULL)
		add_all(x, doc);
	else
		add_named(x, list, doc, errors);
	return doc;
}

/* What is to be done with the new document. */
typedef void next_fn(struct exchange *x, json_t *doc);

static void
begin(struct exchange *x, next_fn *next)
{
	json_t *body = x->body.len == 0 ? json_object() : exchange_object(x);
	json_t *errors, *doc;
	const json_t *present = find(x);

	if (body == NULL)
		return;
	errors = json_array();
	doc = wanted(x, body, errors);
	if (json_array_size(errors) > 0) {
		declare_refuse(x, 400, "The upgrade cannot be made",
		    json_incref(errors));
	} else if (present != NULL && upgrade_is_active(present)) {
		exchange_error(x, 409,
		    "Template %s is being upgraded to version %lld: wait, "
		    "stop it, or roll back",
		    x->param[0], (long long)js_opt_int(present, "version", 0));
	} else if (json_array_size(json_object_get(doc, "pipelines")) == 0) {
		json_t *done = upgrade_finished(doc);

		exchange_json(x, 200, flow_view_upgrade(x->worker, x->a, done));
		json_decref(done);
	} else {
		next(x, doc);
	}
	json_decref(doc);
	json_decref(errors);
	json_decref(body);
}

static void
submit(struct exchange *x, json_t *doc)
{
	const json_t *present = find(x);

	ask(x, json_pack("{s:o, s:O}", "seen",
		   present == NULL ? json_null() : json_deep_copy(present),
		   "next", doc));
}

/* Time has passed: all is looked at again. */
static void
go_on(struct exchange *x)
{
	if (template_of(x) != NULL)
		begin(x, submit);
}

/* As it would be; what cannot be planned fails when its turn comes. */
static void
add_golden(struct exchange *x, const char *name, int64_t version)
{
	const json_t *present = json_object_get(pipelines(x), name);
	json_t *errors = json_array();
	json_t *want = json_pack("{s:s, s:I, s:O?}", "template", x->param[0],
	    "version", (json_int_t)version, "parameters",
	    json_object_get(present, "parameters"));
	const struct flow_wish wish = { name, want, FLOW_ADOPT };
	struct flow_plan p = { 0 };

	if (flow_plan(x->worker, x->a, &wish, &p, errors) == 0)
		golden_add(x, &p);
	json_decref(want);
	json_decref(errors);
}

static void
check_golden(struct exchange *x, json_t *doc)
{
	const json_t *list = json_object_get(doc, "pipelines"), *one;
	size_t i;

	golden_begin(x);
	json_array_foreach(list, i, one)
	{
		add_golden(x, js_opt_str(one, "name"),
		    js_opt_int(doc, "version", 0));
	}
	golden_run(x, go_on);
}

void
rest_begin_upgrade(struct exchange *x)
{
	if (!declare_is_limited(x) && template_of(x) != NULL)
		begin(x, check_golden);
}

/* ---- the end of one ---------------------------------------------------- */

static void
ask_order(struct exchange *x, const char *order)
{
	json_t *doc;

	if (declare_is_limited(x))
		return;
	doc = json_pack("{s:s}", "order", order);
	ask(x, doc);
}

void
rest_stop_upgrade(struct exchange *x)
{
	ask_order(x, UPGRADE_STOP);
}

void
rest_roll_back(struct exchange *x)
{
	ask_order(x, UPGRADE_ROLL_BACK);
}
