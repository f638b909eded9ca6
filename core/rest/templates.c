#include <string.h>

#include "base/text.h"
#include "config/template.h"
#include "rest/ask.h"
#include "rest/declare.h"
#include "rest/flow_view.h"
#include "rest/handlers.h"
#include "rest/paging.h"
#include "rest/view.h"
#include "store/documents.h"
#include "worker/worker.h"

/* Names of the pipelines of that version (0: of any). */
static json_t *
users_of(const struct exchange *x, const char *name, int64_t version)
{
	const json_t *all =
	    documents_all(worker_documents(x->worker), DOCUMENT_PIPELINE);
	const char **names = declare_names(x->a, all);
	json_t *out = json_array();

	for (; *names != NULL; names++) {
		const json_t *p = json_object_get(all, *names);

		if (strcmp(js_opt_str(p, "template"), name) == 0 &&
		    declare_sees(x, *names) &&
		    (version == 0 || js_opt_int(p, "version", 0) == version))
			(void)json_array_append_new(out, json_string(*names));
	}
	return out;
}

static json_t *
line_of(const struct exchange *x, const json_t *doc, int64_t version)
{
	const char *name = js_opt_str(doc, "name");

	return json_pack("{s:s, s:I, s:o, s:o}", "name", name, "version",
	    (json_int_t)js_opt_int(doc, "version", 0), "description",
	    js_str(js_opt_str(doc, "description")), "pipelines",
	    users_of(x, name, version));
}

/* A template needs people as much as the pipeline of it that does most. */
static unsigned
rank_of(const struct exchange *x, const char *name)
{
	json_t *users = users_of(x, name, 0);
	unsigned worst = VIEW_RANK_WELL;
	const json_t *one;
	size_t i;

	json_array_foreach(users, i, one)
	{
		unsigned rank =
		    flow_view_rank(x->worker, json_string_value(one));

		worst = rank < worst ? rank : worst;
	}
	json_decref(users);
	return worst;
}

static struct page_item *
items_of(struct exchange *x, enum page_order order, size_t *count)
{
	const json_t *all =
	    documents_all(worker_documents(x->worker), DOCUMENT_TEMPLATE);
	struct page_item *items =
	    ps_calloc(x->a, json_object_size(all) + 1, sizeof *items);
	const json_t *one;
	const char *name;

	*count = 0;
	JS_EACH(all, name, one)
	{
		if (one != NULL)
			items[(*count)++] = (struct page_item){ name,
				order == PAGE_FAILURES ? rank_of(x, name) : 0,
				NULL };
	}
	return items;
}

void
rest_templates(struct exchange *x)
{
	const struct documents *d = worker_documents(x->worker);
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
		    line_of(x, documents_template(d, items[i].name, 0), 0));
	exchange_json(x, 200, list);
}

void
rest_template(struct exchange *x)
{
	const struct documents *d = worker_documents(x->worker);
	const char *text = exchange_query(x, "version");
	int64_t version = 0;
	const json_t *doc;

	if (text != NULL && text_int64(text, 1, INT64_MAX, &version) != 0) {
		exchange_error(x, 400,
		    "version: %.100s is not a whole number of at least 1",
		    text);
		return;
	}
	doc = documents_template(d, x->param[0], version);
	if (doc == NULL && version == 0) {
		exchange_error(x, 404, "Template %s not found", x->param[0]);
	} else if (doc == NULL) {
		exchange_error(x, 404, "Template %s has no version %lld",
		    x->param[0], (long long)version);
	} else {
		declare_tag(x, DOCUMENT_TEMPLATE);
		exchange_json(x, 200, json_deep_copy(doc));
	}
}

void
rest_template_versions(struct exchange *x)
{
	const json_t *list =
	    json_object_get(documents_find(worker_documents(x->worker),
				DOCUMENT_TEMPLATE, x->param[0]),
		"versions");
	const json_t *doc;
	json_t *out;
	size_t i;

	if (list == NULL) {
		exchange_error(x, 404, "Template %s not found", x->param[0]);
		return;
	}
	out = json_array();
	json_array_foreach(list, i, doc)
	{
		(void)json_array_append_new(out,
		    line_of(x, doc, js_opt_int(doc, "version", 0)));
	}
	exchange_json(x, 200, out);
}

static void
written(struct exchange *x, const struct answer *answer)
{
	const json_t *doc =
	    documents_template(worker_documents(x->worker), x->param[0], 0);

	declare_tag(x, DOCUMENT_TEMPLATE);
	if (doc == NULL)
		exchange_error(x, 409,
		    "Template %s was deleted while it was written",
		    x->param[0]);
	else
		exchange_json(x, answer->kind == ANSWER_CREATED ? 201 : 200,
		    json_deep_copy(doc));
}

static void
ask(struct exchange *x, const json_t *doc, ask_fn *done)
{
	struct request_spec spec = { .op = REQUEST_TEMPLATE,
		.connector = ps_printf(x->a, "template:%s", x->param[0]),
		.document = x->param[0],
		.doc = doc,
		.if_match = x->if_match };

	ask_worker(x, &spec, done);
}

/* The body's name is the path's, or is not said. */
static void
check_name(struct exchange *x, json_t *doc, json_t *errors)
{
	const char *name = js_opt_str(doc, "name");

	if (json_object_get(doc, "name") == NULL)
		(void)json_object_set_new(doc, "name",
		    json_string(x->param[0]));
	else if (name != NULL && strcmp(name, x->param[0]) != 0)
		template_fault(errors,
		    "name: %s is not the name in the URL, %s", name,
		    x->param[0]);
}

void
rest_put_template(struct exchange *x)
{
	json_t *doc, *errors;

	if (declare_is_limited(x))
		return;
	doc = exchange_object(x);
	if (doc == NULL)
		return;
	errors = json_array();
	check_name(x, doc, errors);
	template_check(doc, errors);
	if (json_array_size(errors) > 0) {
		declare_refuse(x, 400, "The template is not valid", errors);
	} else if (exchange_query_bool(x, "validate")) {
		exchange_json(x, 200, json_pack("{s:o}", "errors", errors));
	} else {
		json_decref(errors);
		ask(x, doc, written);
	}
	json_decref(doc);
}

void
rest_delete_template(struct exchange *x)
{
	if (!declare_is_limited(x))
		ask(x, NULL, ask_no_content);
}
