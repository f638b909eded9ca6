#include <string.h>

#include "base/js.h"
#include "base/text.h"
#include "store/documents.h"
#include "worker/fitness.h"
#include "worker/flow.h"
#include "worker/request.h"
#include "worker/upgrade.h"

/* doc: {"seen": the upgrade as it was, or null; "next": as it is to be;
 * "pipeline", "version", "at": which goes where with it, or none}, or
 * {"order": UPGRADE_STOP or UPGRADE_ROLL_BACK}: of whatever there is then */

static const json_t *
stored(const struct request *rq)
{
	return documents_find(worker_documents(rq->w), DOCUMENT_UPGRADE,
	    rq->spec.document);
}

/* Is it what the step was made for? */
static bool
is_current(const struct request *rq)
{
	const json_t *seen = json_object_get(rq->doc, "seen");
	const json_t *now = stored(rq);

	if (now == NULL || !json_is_object(seen))
		return now == NULL && !json_is_object(seen);
	return json_equal(now, seen) != 0;
}

static void
append(struct request *rq, const struct store_pairs *with)
{
	struct store_pair *items =
	    ps_calloc(rq->a, with->count + 1, sizeof *items);

	if (with->count > 0)
		memcpy(items, with->items, with->count * sizeof *items);
	items[with->count] =
	    documents_put(rq->a, DOCUMENT_UPGRADE, rq->spec.document,
		js_dump(rq->a, json_object_get(rq->doc, "next")));
	request_append(rq, JOURNAL_CONFIG,
	    &(struct store_pairs){ items, with->count + 1 }, ANSWER_DONE);
}

/* What was running is told from what will. */
static void
add_marks(struct request *rq, const struct flow_plan *p)
{
	json_t *list =
	    json_object_get(json_object_get(rq->doc, "next"), "pipelines");
	json_t *entry =
	    json_array_get(list, (size_t)js_opt_int(rq->doc, "at", 0));
	const char *state = js_opt_str(entry, "state");

	if (state != NULL && strcmp(state, UPGRADE_UPGRADING) == 0)
		(void)json_object_set_new(entry, "was",
		    fitness_marks(rq->w, p));
}

static void
move(struct request *rq, const char *pipeline)
{
	const json_t *present = documents_find(worker_documents(rq->w),
	    DOCUMENT_PIPELINE, pipeline);
	json_t *errors = json_array();
	json_t *want = json_copy((json_t *)(uintptr_t)present);
	struct flow_wish wish = { pipeline, want, 0 };
	struct flow_plan p = { 0 };
	struct revision_note note = request_note(rq,
	    ps_printf(rq->a, "upgrade of template %s", rq->spec.document));
	struct store_pairs records;

	(void)json_object_set_new(want, "version",
	    json_integer(js_opt_int(rq->doc, "version", 0)));
	if (present == NULL) {
		request_refuse(rq, ANSWER_UNKNOWN, "Pipeline %s not found",
		    pipeline);
	} else if (flow_plan(rq->w, rq->a, &wish, &p, errors) != 0) {
		request_refuse(rq, ANSWER_INVALID, "%s",
		    json_string_value(json_array_get(errors, 0)));
	} else if (request_has_room_for_plan(rq, &p)) {
		add_marks(rq, &p);
		records = flow_records(rq->w, rq->a, &p, &note);
		append(rq, &records);
	}
	json_decref(want);
	json_decref(errors);
}

/* Takes `next`. */
static void
append_next(struct request *rq, json_t *next)
{
	(void)json_object_set_new(rq->doc, "next", next);
	append(rq, &(struct store_pairs){ NULL, 0 });
}

static void
stop(struct request *rq)
{
	const json_t *now = stored(rq);

	if (now == NULL || !upgrade_is_active(now))
		request_refuse(rq, ANSWER_CONFLICT,
		    "Template %s is not being upgraded", rq->spec.document);
	else
		append_next(rq,
		    upgrade_stopped(now, "it was stopped by request"));
}

static void
roll_back(struct request *rq)
{
	const json_t *now = stored(rq);
	json_t *next = now == NULL ? NULL : upgrade_reversed(now);

	if (next == NULL || upgrade_step(next).what == UPGRADE_FINISH) {
		json_decref(next);
		request_refuse(rq, ANSWER_CONFLICT,
		    "No pipeline of template %s is there that was upgraded",
		    rq->spec.document);
	} else {
		append_next(rq, next);
	}
}

void
request_upgrade(struct request *rq)
{
	const char *pipeline = js_opt_str(rq->doc, "pipeline");
	const char *order = js_opt_str(rq->doc, "order");

	if (order != NULL && strcmp(order, UPGRADE_STOP) == 0)
		stop(rq);
	else if (order != NULL)
		roll_back(rq);
	else if (!is_current(rq))
		request_refuse(rq, ANSWER_CONFLICT,
		    "The upgrade of template %s has moved on meanwhile: look "
		    "again",
		    rq->spec.document);
	else if (pipeline != NULL)
		move(rq, pipeline);
	else
		append(rq, &(struct store_pairs){ NULL, 0 });
}
