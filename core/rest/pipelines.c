#include <string.h>

#include "access/guard.h"
#include "access/rights.h"
#include "access/users.h"
#include "base/text.h"
#include "config/template.h"
#include "rest/ask.h"
#include "rest/declare.h"
#include "rest/flow_view.h"
#include "rest/golden.h"
#include "rest/handlers.h"
#include "rest/paging.h"
#include "rest/plan_view.h"
#include "store/documents.h"
#include "worker/flow.h"
#include "worker/worker.h"

/* ---- reading ----------------------------------------------------------- */

/* Its document, or answers 404. */
static const json_t *
find(struct exchange *x)
{
	const json_t *doc = documents_find(worker_documents(x->worker),
	    DOCUMENT_PIPELINE, x->param[0]);

	if (doc != NULL && declare_sees(x, x->param[0]))
		return doc;
	exchange_error(x, 404, "Pipeline %s not found", x->param[0]);
	return NULL;
}

/* All that who asks may see. */
static struct page_item *
items_of(struct exchange *x, enum page_order order, size_t *count)
{
	const json_t *all =
	    documents_all(worker_documents(x->worker), DOCUMENT_PIPELINE);
	struct page_item *items =
	    ps_calloc(x->a, json_object_size(all) + 1, sizeof *items);
	const json_t *doc;
	const char *name;

	*count = 0;
	JS_EACH(all, name, doc)
	{
		if (doc == NULL || !declare_sees(x, name))
			continue;
		items[(*count)++] = (struct page_item){ name,
			order == PAGE_FAILURES ? flow_view_rank(x->worker, name)
					       : 0,
			doc };
	}
	return items;
}

void
rest_pipelines(struct exchange *x)
{
	struct page_wish wish;
	struct page_item *items;
	json_t *list;
	size_t count;

	if (paging_wish(x, &wish) != 0)
		return;
	items = items_of(x, wish.order, &count);
	paging_cut(x, &wish, items, &count);
	list = json_array();
	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(list,
		    flow_view_line(x->worker, items[i].name, items[i].thing));
	exchange_json(x, 200, list);
}

void
rest_pipeline(struct exchange *x)
{
	const json_t *doc = find(x);

	if (doc == NULL)
		return;
	declare_tag(x, DOCUMENT_PIPELINE);
	exchange_json(x, 200, flow_view(x->worker, x->a, x->param[0], doc));
}

void
rest_pipeline_status(struct exchange *x)
{
	const json_t *doc = find(x);

	if (doc != NULL)
		exchange_json(x, 200,
		    flow_view_status(x->worker, x->a, x->param[0], doc));
}

/* ---- rights ------------------------------------------------------------ */

/* Every connector that is touched, as it is and as it would be. */
static bool
may_touch(struct exchange *x, const struct flow_plan *p)
{
	if (x->who == NULL || x->who->labels == NULL)
		return true;
	for (size_t i = 0; i < p->count; i++) {
		const struct flow_change *c = &p->changes[i];
		const struct configs_connector next = { .name = c->connector,
			.config = c->config };

		if ((c->present != NULL &&
			!rights_of_connector(x->who, c->present)) ||
		    (c->action != FLOW_DELETE &&
			!rights_of_connector(x->who, &next))) {
			exchange_error(x, 403,
			    "%s has no rights to connector %s", x->who->name,
			    c->connector);
			return false;
		}
	}
	return true;
}

/* ---- applying ---------------------------------------------------------- */

/* One PUT or DELETE, from connector to connector. */
struct applying {
	bool removes;
	unsigned flags;
	size_t at; /* the change that is checked */
	const char *connector, *plan;
	const char **faults; /* room for one of each */
	size_t fault_count;
};

/* The body as it is to be declared: parsed again whenever it is needed, so
 * that nothing waits with the exchange. NULL: answered 400. */
static json_t *
want_of(struct exchange *x)
{
	static const char *const known[] = { "template", "version",
		"parameters" };
	json_t *body = exchange_object(x), *want, *value;

	if (body == NULL)
		return NULL;
	want = json_object();
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		value = json_object_get(body, known[i]);
		if (value != NULL)
			(void)json_object_set(want, known[i], value);
	}
	json_decref(body);
	return want;
}

static void
check_members(struct exchange *x, const json_t *body, json_t *errors)
{
	static const char *const known[] = { "template", "version",
		"parameters", "name", "description" };
	const char *name = js_opt_str(body, "name");

	declare_check_known(x->a, body, known, sizeof known / sizeof *known,
	    errors);
	if (name != NULL && strcmp(name, x->param[0]) != 0)
		template_fault(errors,
		    "name: %s is not the name in the URL, %s", name,
		    x->param[0]);
}

/* The plan as of now; -1: answered. */
static int
plan_now(struct exchange *x, const struct applying *s, struct flow_plan *p)
{
	json_t *want = s->removes ? NULL : want_of(x), *errors;
	struct flow_wish wish;
	int got = -1;

	if (want == NULL && !s->removes)
		return -1;
	errors = json_array();
	wish = (struct flow_wish){ x->param[0], want, s->flags };
	if (flow_plan(x->worker, x->a, &wish, p, errors) != 0)
		declare_refuse(x, p->conflicts ? 409 : 400,
		    "The pipeline cannot be made", json_incref(errors));
	else
		got = may_touch(x, p) ? 0 : -1;
	json_decref(errors);
	json_decref(want);
	return got;
}

static void
applied(struct exchange *x, const struct answer *answer)
{
	const json_t *doc = documents_find(worker_documents(x->worker),
	    DOCUMENT_PIPELINE, x->param[0]);

	declare_tag(x, DOCUMENT_PIPELINE);
	if (doc == NULL)
		exchange_error(x, 409,
		    "Pipeline %s was deleted while it was written",
		    x->param[0]);
	else
		exchange_json(x, answer->kind == ANSWER_CREATED ? 201 : 200,
		    flow_view(x->worker, x->a, x->param[0], doc));
}

static void
submit(struct exchange *x, const struct applying *s, const struct flow_plan *p)
{
	json_t *want = s->removes ? NULL : want_of(x);
	struct request_spec spec = { .op = REQUEST_PIPELINE,
		.connector = ps_printf(x->a, "pipeline:%s", p->pipeline),
		.document = p->pipeline,
		.doc = want,
		.plan = s->plan,
		.if_match = x->if_match,
		.flags = s->flags,
		.claims = flow_claims(x->a, p) };

	ask_worker(x, &spec, s->removes ? ask_no_content : applied);
	json_decref(want);
}

static void go_on(struct exchange *x);

static void
checked(struct exchange *x, const struct answer *answer)
{
	struct applying *s = x->doing;

	if (answer->kind == ANSWER_QUOTA) {
		exchange_error(x, ask_status(answer->kind), "%s", answer->text);
		return;
	}
	if (answer->kind != ANSWER_DONE)
		s->faults[s->fault_count++] = ps_printf(x->a,
		    "connector %s: %s", s->connector, answer->text);
	go_on(x);
}

static bool
needs_check(const struct flow_change *c)
{
	return c->action == FLOW_CREATE || c->action == FLOW_RECONFIGURE;
}

static void
refuse_faults(struct exchange *x, const struct applying *s)
{
	json_t *errors = json_array();

	for (size_t i = 0; i < s->fault_count; i++)
		(void)json_array_append_new(errors, js_str(s->faults[i]));
	declare_refuse(x, 400, "The pipeline cannot be made", errors);
}

/* Each connector that changes is checked by its plugin, then all is written
 * at once. */
static void
go_on(struct exchange *x)
{
	struct applying *s = x->doing;
	struct request_spec spec = { .op = REQUEST_CHECK };
	struct flow_plan p = { 0 };

	if (plan_now(x, s, &p) != 0)
		return;
	if (strcmp(p.id, s->plan) != 0) {
		exchange_error(x, 409,
		    "Plan %s of pipeline %s is out of date, what it was made "
		    "against has changed: plan again",
		    s->plan, p.pipeline);
		return;
	}
	while (s->at < p.count && !needs_check(&p.changes[s->at]))
		s->at++;
	if (s->at < p.count) {
		spec.connector = p.changes[s->at].connector;
		spec.config = &p.changes[s->at].config;
		s->connector = spec.connector;
		s->at++;
		ask_worker_any(x, &spec, checked);
	} else if (s->fault_count > 0) {
		refuse_faults(x, s);
	} else {
		submit(x, s, &p);
	}
}

static void
begin(struct exchange *x, bool removes)
{
	struct applying *s = ps_calloc(x->a, 1, sizeof *s);
	const char *plan = exchange_query(x, "plan");
	struct flow_plan p = { 0 };

	s->removes = removes;
	s->flags = exchange_query_bool(x, "force") ? FLOW_ADOPT : 0;
	x->doing = s;
	if (plan_now(x, s, &p) != 0)
		return;
	s->plan = plan != NULL ? plan : ps_strdup(x->a, p.id);
	s->faults = ps_calloc(x->a, p.count + 1, sizeof *s->faults);
	golden_check(x, &p, go_on);
}

void
rest_put_pipeline(struct exchange *x)
{
	json_t *body = exchange_object(x), *errors;

	if (body == NULL)
		return;
	errors = json_array();
	check_members(x, body, errors);
	json_decref(body);
	if (json_array_size(errors) > 0) {
		declare_refuse(x, 400, "The pipeline cannot be made", errors);
		return;
	}
	json_decref(errors);
	begin(x, false);
}

void
rest_delete_pipeline(struct exchange *x)
{
	if (find(x) != NULL)
		begin(x, true);
}

/* ---- plans ------------------------------------------------------------- */

/* What the body asks for. */
static struct flow_wish
wish_of(struct exchange *x, const json_t *body)
{
	bool removes = json_is_true(json_object_get(body, "delete"));

	return (struct flow_wish){ js_opt_str(body, "name"),
		removes ? NULL : body,
		exchange_query_bool(x, "force") ? FLOW_ADOPT : 0 };
}

/* Of the body; -1: answered. */
static int
plan_body(struct exchange *x, struct flow_plan *p)
{
	json_t *body = exchange_object(x), *errors;
	struct flow_wish wish = wish_of(x, body);
	int got = -1;

	if (body == NULL)
		return -1;
	errors = json_array();
	if (wish.name == NULL)
		exchange_error(x, 400, "name: the pipeline's is missing");
	else if (flow_plan(x->worker, x->a, &wish, p, errors) != 0)
		declare_refuse(x, p->conflicts ? 409 : 400,
		    "The pipeline cannot be made", json_incref(errors));
	else
		got = may_touch(x, p) ? 0 : -1;
	json_decref(errors);
	json_decref(body);
	return got;
}

/* Without Kafka's answer nobody knows which topics are new. */
static void
planned(struct exchange *x, const struct answer *answer)
{
	struct flow_plan p = { 0 };

	if (plan_body(x, &p) == 0)
		exchange_json(x, 200,
		    plan_view(x->worker, &p,
			answer->kind == ANSWER_DONE ? answer->json : NULL));
}

/* The quotas leave room for it. */
static void
ask_topics(struct exchange *x, const struct answer *answer)
{
	struct request_spec spec = { .op = REQUEST_TOPICS };
	struct flow_plan p = { 0 };
	json_t *topics;

	(void)answer;
	if (plan_body(x, &p) != 0)
		return;
	topics = plan_view_topics(&p);
	spec.doc = topics;
	ask_worker_any(x, &spec, planned);
	json_decref(topics);
}

/* Its golden records hold. */
static void
ask_room(struct exchange *x)
{
	json_t *body = exchange_object(x);
	struct flow_wish wish = wish_of(x, body);
	struct request_spec spec = { .op = REQUEST_ROOM,
		.document = wish.name,
		.doc = wish.want,
		.flags = wish.flags };

	ask_worker(x, &spec, ask_topics);
	json_decref(body);
}

void
rest_plan(struct exchange *x)
{
	struct flow_plan p = { 0 };

	if (plan_body(x, &p) == 0)
		golden_check(x, &p, ask_room);
}
