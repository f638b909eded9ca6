#include "worker/upgrader.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/js.h"
#include "base/log.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "store/documents.h"
#include "worker/fitness.h"
#include "worker/flow.h"
#include "worker/upgrade.h"
#include "worker/worker.h"

#define AREA        "upgrade"
#define TICK_MS     250
#define ARENA_BYTES 4096

struct upgrader {
	struct worker *w;
	uv_timer_t timer;
	struct ps_arena *a;      /* of the turn at hand */
	struct request *request; /* on its way */
	size_t checked;          /* changes of the plan that were looked at */
	char *fault;             /* of the step at hand, NULL: none */
	bool well;               /* the pipeline at hand, since: */
	struct clock_ms since;
	int64_t sum;
	int64_t step_ms; /* when the step began that is watched, since: */
	struct clock_ms watched;
	bool closing;
};

/* ---- asking ------------------------------------------------------------ */

static void
take_fault(struct upgrader *u, const char *text)
{
	free(u->fault);
	u->fault = text == NULL ? NULL : xstrdup(text);
}

/* What asking again does not help. */
static bool
is_fault(enum answer_kind kind)
{
	return kind == ANSWER_INVALID || kind == ANSWER_QUOTA;
}

static void
on_stepped(void *ctx, const struct answer *answer)
{
	struct upgrader *u = ctx;

	u->request = NULL;
	u->checked = 0;
	u->well = false;
	/* What moved on meanwhile, or could not be written, is looked at
	 * again. */
	if (is_fault(answer->kind) || answer->kind == ANSWER_UNKNOWN)
		take_fault(u, answer->text);
	else
		take_fault(u, NULL);
}

static const char *
template_of(const json_t *doc)
{
	return js_opt_str(doc, "template");
}

/* Takes `next`. A step that moves no pipeline: NULL. */
static void
submit(struct upgrader *u, const json_t *doc, json_t *next,
    const struct upgrade_step *step, const struct flow_plan *p)
{
	const char *template = template_of(doc);
	json_t *wanted = json_pack("{s:O, s:o}", "seen", doc, "next", next);
	struct request_spec spec = { .op = REQUEST_UPGRADE,
		.connector = ps_printf(u->a, "upgrade:%s", template),
		.document = template,
		.doc = wanted,
		.by = js_opt_str(doc, "by") };

	if (step != NULL) {
		(void)json_object_set_new(wanted, "pipeline",
		    json_string(step->pipeline));
		(void)json_object_set_new(wanted, "version",
		    json_integer(step->version));
		(void)json_object_set_new(wanted, "at",
		    json_integer((json_int_t)step->at));
		spec.claims = flow_claims(u->a, p);
	}
	u->request = request_submit(u->w, &spec, on_stepped, u);
	json_decref(wanted);
}

/* Where the pipeline would go; -1: a fault is taken. */
static int
plan(struct upgrader *u, const struct upgrade_step *step, struct flow_plan *p)
{
	const json_t *present = documents_find(worker_documents(u->w),
	    DOCUMENT_PIPELINE, step->pipeline);
	json_t *errors = json_array();
	json_t *want = json_copy((json_t *)(uintptr_t)present);
	struct flow_wish wish = { step->pipeline, want, 0 };
	int got;

	(void)json_object_set_new(want, "version", json_integer(step->version));
	got = flow_plan(u->w, u->a, &wish, p, errors);
	if (got != 0)
		take_fault(u, json_string_value(json_array_get(errors, 0)));
	json_decref(want);
	json_decref(errors);
	return got;
}

/* ---- steps ------------------------------------------------------------- */

static void
skip(struct upgrader *u, const json_t *doc, const struct upgrade_step *step,
    const char *why)
{
	submit(u, doc,
	    upgrade_moved(doc, step->at, UPGRADE_SKIPPED, why, wall_now()),
	    NULL, NULL);
}

/* Is it still this template's, at the version that the step expects? */
static bool
is_there(struct upgrader *u, const json_t *doc, const struct upgrade_step *step,
    int64_t version)
{
	const json_t *present = documents_find(worker_documents(u->w),
	    DOCUMENT_PIPELINE, step->pipeline);

	if (present != NULL &&
	    strcmp(js_opt_str(present, "template"), template_of(doc)) == 0 &&
	    (version == 0 || js_opt_int(present, "version", 0) == version))
		return true;
	skip(u, doc, step,
	    present == NULL ? "it is there no more"
			    : "it was changed meanwhile");
	return false;
}

static void
on_checked(void *ctx, const struct answer *answer)
{
	struct upgrader *u = ctx;

	u->request = NULL;
	if (is_fault(answer->kind))
		take_fault(u, answer->text);
	else if (answer->kind == ANSWER_DONE)
		u->checked++;
	upgrader_look(u);
}

/* The next connector that would change is shown to its plugin; false: all
 * were. */
static bool
check(struct upgrader *u, const struct flow_plan *p)
{
	struct request_spec spec = { .op = REQUEST_CHECK };
	const struct flow_change *c;

	for (; u->checked < p->count; u->checked++) {
		c = &p->changes[u->checked];
		if (c->action == FLOW_CREATE || c->action == FLOW_RECONFIGURE)
			break;
	}
	if (u->checked >= p->count)
		return false;
	spec.connector = c->connector;
	spec.config = &c->config;
	u->request = request_submit(u->w, &spec, on_checked, u);
	return true;
}

static void
start(struct upgrader *u, const json_t *doc, const struct upgrade_step *step)
{
	struct flow_plan p = { 0 };

	if (!is_there(u, doc, step, 0))
		return;
	if (u->fault == NULL && plan(u, step, &p) == 0) {
		if (check(u, &p))
			return;
		log_info(AREA, "pipeline %s goes to version %lld of %s",
		    step->pipeline, (long long)step->version, template_of(doc));
		submit(u, doc,
		    upgrade_moved(doc, step->at, UPGRADE_UPGRADING, NULL,
			wall_now()),
		    step, &p);
		return;
	}
	log_error(AREA, "pipeline %s: %s", step->pipeline, u->fault);
	submit(u, doc,
	    upgrade_failed(doc, step->at, UPGRADE_FAILED, u->fault, wall_now()),
	    NULL, NULL);
}

/* Back to where it was; `next` (taken) says so. */
static void
go_back(struct upgrader *u, const json_t *doc, size_t at, json_t *next)
{
	const json_t *entry =
	    json_array_get(json_object_get(doc, "pipelines"), at);
	struct upgrade_step back = { UPGRADE_BACK, at,
		js_opt_str(entry, "name"), js_opt_int(entry, "from", 0) };
	struct flow_plan p = { 0 };

	if (u->fault == NULL && plan(u, &back, &p) == 0) {
		log_info(AREA, "pipeline %s goes back to version %lld",
		    back.pipeline, (long long)back.version);
		submit(u, doc, next, &back, &p);
		return;
	}
	json_decref(next);
	log_error(AREA, "pipeline %s cannot go back: %s", back.pipeline,
	    u->fault);
	submit(u, doc,
	    upgrade_failed(doc, at, UPGRADE_FAILED,
		ps_printf(u->a, "it cannot go back: %s", u->fault), wall_now()),
	    NULL, NULL);
}

/* Nothing was wrong, and nothing started again, for long enough? */
static bool
is_believed(struct upgrader *u, const json_t *doc, const struct fitness *f)
{
	if (f->fault != NULL || !u->well || u->sum != f->sum)
		u->since = clock_now();
	u->well = f->fault == NULL;
	u->sum = f->sum;
	return u->well && clock_since(u->since, clock_now()) >=
			      js_opt_int(doc, "healthy_ms", 0);
}

/* How long this leader has watched the step: by no clock that is set. */
static int64_t
watched_ms(struct upgrader *u, const json_t *entry)
{
	int64_t step_ms = js_opt_int(entry, "since_ms", 0);

	if (step_ms != u->step_ms) {
		u->step_ms = step_ms;
		u->watched = clock_now();
	}
	return clock_since(u->watched, clock_now());
}

static void
watch(struct upgrader *u, const json_t *doc, const struct upgrade_step *step)
{
	const json_t *entry =
	    json_array_get(json_object_get(doc, "pipelines"), step->at);
	int64_t took = watched_ms(u, entry);
	int64_t limit = js_opt_int(doc, "timeout_ms", 0);
	struct fitness f;

	if (!is_there(u, doc, step, step->version))
		return;
	f = fitness_of(u->w, u->a, step->pipeline,
	    json_object_get(entry, "was"));
	if (is_believed(u, doc, &f)) {
		submit(u, doc,
		    upgrade_moved(doc, step->at, UPGRADE_UPGRADED, NULL,
			wall_now()),
		    NULL, NULL);
	} else if (took > limit) {
		const char *why = ps_printf(u->a,
		    "not healthy after %lld ms: %s", (long long)limit,
		    f.fault == NULL ? "it was started again and again"
				    : f.fault);

		log_error(AREA, "pipeline %s: %s", step->pipeline, why);
		go_back(u, doc, step->at,
		    upgrade_failed(doc, step->at, UPGRADE_ROLLED_BACK, why,
			wall_now()));
	}
}

static void
take_step(struct upgrader *u, const json_t *doc)
{
	struct upgrade_step step = upgrade_step(doc);

	switch (step.what) {
	case UPGRADE_START:
		start(u, doc, &step);
		break;
	case UPGRADE_WATCH:
		watch(u, doc, &step);
		break;
	case UPGRADE_BACK:
		if (is_there(u, doc, &step, js_opt_int(doc, "version", 0)))
			go_back(u, doc, step.at,
			    upgrade_moved(doc, step.at, UPGRADE_ROLLED_BACK,
				NULL, wall_now()));
		break;
	case UPGRADE_FINISH:
		log_info(AREA, "template %s: no pipeline is left to do",
		    template_of(doc));
		submit(u, doc, upgrade_finished(doc), NULL, NULL);
		break;
	case UPGRADE_NOTHING:
		break;
	}
}

/* ---- turns ------------------------------------------------------------- */

/* The first that is not over; one whose pipeline is on its way goes first. */
static const json_t *
active(const struct upgrader *u)
{
	const json_t *all =
	    documents_all(worker_documents(u->w), DOCUMENT_UPGRADE);
	const json_t *doc, *found = NULL;
	const char *name;

	JS_EACH(all, name, doc)
	{
		enum upgrade_what what = upgrade_step(doc).what;

		if (what == UPGRADE_WATCH)
			return doc;
		if (found == NULL && what != UPGRADE_NOTHING &&
		    strcmp(name, template_of(doc)) == 0)
			found = doc;
	}
	return found;
}

static void
on_tick(uv_timer_t *h)
{
	struct upgrader *u = h->data;
	const json_t *doc;

	if (u->request != NULL)
		return;
	doc = active(u);
	if (doc == NULL || worker_phase(u->w) != WORKER_READY ||
	    !cluster_leads(worker_cluster(u->w))) {
		(void)uv_timer_stop(h);
		take_fault(u, NULL);
		u->well = false;
		u->checked = 0;
		return;
	}
	arena_reset(u->a, ARENA_BYTES);
	take_step(u, doc);
}

void
upgrader_look(struct upgrader *u)
{
	if (!u->closing)
		(void)uv_timer_start(&u->timer, on_tick, 0, TICK_MS);
}

/* ---- life -------------------------------------------------------------- */

struct upgrader *
upgrader_new(struct worker *w)
{
	struct upgrader *u = xcalloc(1, sizeof *u);

	u->w = w;
	u->a = arena_new(ARENA_BYTES);
	u->timer.data = u;
	(void)uv_timer_init(worker_loop(w), &u->timer);
	return u;
}

static void
on_closed(uv_handle_t *h)
{
	struct upgrader *u = h->data;

	arena_free(&u->a);
	free(u->fault);
	free(u);
}

void
upgrader_free(struct upgrader **up)
{
	struct upgrader *u = *up;

	if (u == NULL)
		return;
	*up = NULL;
	u->closing = true;
	if (u->request != NULL)
		request_forget(u->request);
	uv_close((uv_handle_t *)&u->timer, on_closed);
}
