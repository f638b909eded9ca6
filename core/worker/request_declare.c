#include <string.h>

#include "base/js.h"
#include "base/text.h"
#include "store/documents.h"
#include "worker/flow.h"
#include "worker/match.h"
#include "worker/request.h"
#include "worker/upgrade.h"

/* Versions of a template that are kept beside those in use. */
#define VERSIONS_MAX 20

/* ---- pipelines --------------------------------------------------------- */

static void
refuse_all(struct request *rq, const json_t *errors)
{
	size_t count = json_array_size(errors);
	const char **texts = ps_calloc(rq->a, count + 1, sizeof *texts);

	for (size_t i = 0; i < count; i++)
		texts[i] = json_string_value(json_array_get(errors, i));
	request_refuse(rq, ANSWER_CONFLICT, "%s",
	    text_join(rq->a, texts, count, "; "));
}

/* Is it on its way to another version? It is to be known which of the two
 * did not become healthy. */
static bool
is_upgraded(struct request *rq, const struct flow_plan *p)
{
	const json_t *present = documents_find(worker_documents(rq->w),
	    DOCUMENT_PIPELINE, p->pipeline);
	const char *template = js_opt_str(present, "template");

	if (template == NULL || (rq->spec.flags & FLOW_ADOPT) != 0 ||
	    !upgrade_holds(documents_find(worker_documents(rq->w),
			       DOCUMENT_UPGRADE, template),
		p->pipeline))
		return false;
	request_refuse(rq, ANSWER_CONFLICT,
	    "Pipeline %s is on its way to another version of template %s: "
	    "wait, or roll back, or do it all the same with ?force=true",
	    p->pipeline, template);
	return true;
}

/* Is it the document that was seen? Otherwise it is refused. */
static bool
is_seen(struct request *rq, enum document_kind k, const char *what)
{
	const char *name = rq->spec.document;
	int64_t at = documents_offset(worker_documents(rq->w), k, name);

	if (match_holds(rq->spec.if_match, at))
		return true;
	if (at < 0)
		request_refuse(rq, ANSWER_STALE,
		    "If-Match: %s is sent, but there is no %s %s",
		    rq->spec.if_match, what, name);
	else
		request_refuse(rq, ANSWER_STALE,
		    "The %s %s is not the one that was seen: it is %s now, "
		    "If-Match says %s",
		    what, name, match_tag(rq->a, at), rq->spec.if_match);
	return false;
}

static void
apply(struct request *rq, const struct flow_plan *p)
{
	struct revision_note note =
	    request_note(rq, ps_printf(rq->a, "pipeline %s", p->pipeline));
	struct store_pairs records;

	if (is_upgraded(rq, p) || !is_seen(rq, DOCUMENT_PIPELINE, "pipeline"))
		return;
	if (p->doc == NULL && documents_find(worker_documents(rq->w),
				  DOCUMENT_PIPELINE, p->pipeline) == NULL) {
		request_refuse(rq, ANSWER_UNKNOWN, "Pipeline %s not found",
		    p->pipeline);
		return;
	}
	if (strcmp(p->id, rq->spec.plan) != 0) {
		request_refuse(rq, ANSWER_CONFLICT,
		    "Plan %s of pipeline %s is out of date, what it was made "
		    "against has changed: plan again",
		    rq->spec.plan, p->pipeline);
		return;
	}
	if (!request_has_room_for_plan(rq, p))
		return;
	records = flow_records(rq->w, rq->a, p, &note);
	if (records.count == 0)
		request_done(rq);
	else
		request_append(rq, JOURNAL_CONFIG, &records,
		    p->is_new ? ANSWER_CREATED : ANSWER_DONE);
}

static void
with_plan(struct request *rq,
    void (*then)(struct request *rq, const struct flow_plan *p))
{
	json_t *errors = json_array();
	struct flow_wish wish = { rq->spec.document, rq->doc, rq->spec.flags };
	struct flow_plan p = { 0 };

	if (flow_plan(rq->w, rq->a, &wish, &p, errors) == 0)
		then(rq, &p);
	else
		refuse_all(rq, errors);
	json_decref(errors);
}

void
request_pipeline(struct request *rq)
{
	with_plan(rq, apply);
}

static void
look_for_room(struct request *rq, const struct flow_plan *p)
{
	if (request_has_room_for_plan(rq, p))
		request_done(rq);
}

void
request_room(struct request *rq)
{
	with_plan(rq, look_for_room);
}

/* ---- templates --------------------------------------------------------- */

/* The first pipeline of that version (0: of any), or NULL. */
static const char *
used_by(const struct request *rq, const char *name, int64_t version)
{
	const json_t *all =
	    documents_all(worker_documents(rq->w), DOCUMENT_PIPELINE);
	const json_t *doc;
	const char *pipeline;

	JS_EACH(all, pipeline, doc)
	{
		if (strcmp(js_opt_str(doc, "template"), name) == 0 &&
		    (version == 0 || js_opt_int(doc, "version", 0) == version))
			return pipeline;
	}
	return NULL;
}

/* A pipeline's, or one on the way back of an upgrade. */
static bool
is_wanted(const struct request *rq, const char *name, int64_t version)
{
	return used_by(rq, name, version) != NULL ||
	       upgrade_needs(documents_find(worker_documents(rq->w),
				 DOCUMENT_UPGRADE, name),
		   version);
}

static void
append(struct request *rq, const char *value, enum answer_kind kind)
{
	struct store_pair record =
	    documents_put(rq->a, DOCUMENT_TEMPLATE, rq->spec.document, value);

	request_append(rq, JOURNAL_CONFIG, &(struct store_pairs){ &record, 1 },
	    kind);
}

/* With what is known of its upgrade. */
static void
remove_all(struct request *rq)
{
	const char *name = rq->spec.document;
	struct store_pair records[] = {
		documents_put(rq->a, DOCUMENT_UPGRADE, name, NULL),
		documents_put(rq->a, DOCUMENT_TEMPLATE, name, NULL),
	};

	request_append(rq, JOURNAL_CONFIG, &(struct store_pairs){ records, 2 },
	    ANSWER_DONE);
}

static void delete (struct request *rq)
{
	const char *name = rq->spec.document;
	const char *user = used_by(rq, name, 0);

	if (documents_find(worker_documents(rq->w), DOCUMENT_TEMPLATE, name) ==
	    NULL)
		request_refuse(rq, ANSWER_UNKNOWN, "Template %s not found",
		    name);
	else if (user != NULL)
		request_refuse(rq, ANSWER_CONFLICT,
		    "Template %s is in use by pipeline %s", name, user);
	else
		remove_all(rq);
}

/* Older versions that nobody uses make room. */
static void
put_version(struct request *rq, const json_t *newest)
{
	const char *name = rq->spec.document;
	const json_t *stored =
	    documents_find(worker_documents(rq->w), DOCUMENT_TEMPLATE, name);
	const json_t *old = json_object_get(stored, "versions"), *doc;
	json_t *list = json_array(), *value;
	size_t count = json_array_size(old), i;

	json_array_foreach(old, i, doc)
	{
		if (count - i < VERSIONS_MAX ||
		    is_wanted(rq, name, js_opt_int(doc, "version", 0)))
			(void)json_array_append(list, (json_t *)(uintptr_t)doc);
	}
	(void)json_array_append(list, (json_t *)(uintptr_t)newest);
	value = json_pack("{s:o}", "versions", list);
	append(rq, js_dump(rq->a, value),
	    stored == NULL ? ANSWER_CREATED : ANSWER_DONE);
	json_decref(value);
}

/* A version stands for one content. Without one it is the next. */
static void
put(struct request *rq)
{
	const struct documents *all = worker_documents(rq->w);
	const char *name = rq->spec.document;
	const json_t *newest = documents_template(all, name, 0);
	int64_t top = js_opt_int(newest, "version", 0);
	int64_t version = documents_version(all, rq->doc);
	const json_t *there = documents_template(all, name, version);

	if (there != NULL && documents_same(there, rq->doc)) {
		request_done(rq);
	} else if (version <= top) {
		request_refuse(rq, ANSWER_CONFLICT,
		    "Template %s: version %lld differs from what is to be "
		    "stored and the newest is %lld: give it a version above "
		    "that, or none",
		    name, (long long)version, (long long)top);
	} else {
		(void)json_object_set_new(rq->doc, "version",
		    json_integer(version));
		put_version(rq, rq->doc);
	}
}

void
request_template(struct request *rq)
{
	if (!is_seen(rq, DOCUMENT_TEMPLATE, "template"))
		return;
	if (rq->doc == NULL)
		delete (rq);
	else
		put(rq);
}
