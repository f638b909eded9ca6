#include <string.h>

#include "base/js.h"
#include "worker/request.h"

/* A connector that goes, and what it leaves behind: it is stopped, and when
 * no task of it runs any more its offsets go as if they were reset, then the
 * connector. What fails on the way leaves it STOPPED: asked again, it goes on
 * from there. */

#define LOOK_MS  100
#define LIMIT_MS 60000

/* ---- the report -------------------------------------------------------- */

static void
note(struct request *rq, const char *part, json_t *what)
{
	(void)json_array_append_new(json_object_get(rq->doc, part), what);
}

static void
note_topic(void *ctx, const struct status_topic *t)
{
	note(ctx, "left",
	    json_pack("{s:s, s:s, s:s}", "what", "topic", "name", t->topic,
		"why", "records are not the connector's alone"));
}

static void
note_group(struct request *rq, const char *group, const char *kept)
{
	if (kept != NULL)
		note(rq, "left",
		    json_pack("{s:s, s:s, s:s}", "what", "consumer group",
			"name", group, "why", kept));
	else if (!rq->absent)
		note(rq, "removed",
		    json_pack("{s:s, s:s}", "what", "consumer group", "name",
			group));
}

static void
note_outside(struct request *rq, bool cleaned)
{
	if (rq->handled)
		note(rq, "removed",
		    json_pack("{s:s}", "what",
			"any position that the plugin kept outside of Kafka"));
	if (cleaned)
		note(rq, "removed",
		    json_pack("{s:s}", "what",
			"what the plugin made outside of Kafka for itself"));
	if (!rq->handled && !cleaned)
		note(rq, "left",
		    json_pack("{s:s, s:s}", "what",
			"what the plugin made outside of Kafka", "why",
			"it does not say that it has made or removed any"));
}

/* ---- the steps, last first --------------------------------------------- */

static void
on_removed(void *ctx, const struct ps_error *err)
{
	struct request *rq = ctx;

	if (err != NULL)
		request_refuse(rq, ANSWER_FAILED,
		    "Connector %s is stopped and its offsets are gone, but it "
		    "could not be deleted: %s",
		    rq->spec.connector, err->text);
	else
		request_answer(rq,
		    &(struct answer){ .kind = ANSWER_DONE, .json = rq->doc });
}

static void
remove_it(struct request *rq)
{
	struct store_pairs records = request_removal(rq);

	statuses_each_topic(journal_statuses(worker_journal(rq->w)),
	    rq->spec.connector, note_topic, rq);
	journal_append(worker_journal(rq->w), JOURNAL_CONFIG, &records,
	    on_removed, rq);
}

static void
on_cleaned(void *ctx, const json_t *result, const struct ps_error *err)
{
	struct request *rq = ctx;

	if (result == NULL) {
		request_refuse(rq, ANSWER_FAILED,
		    "Connector %s is stopped and its offsets are gone, but "
		    "what it made outside of Kafka could not be removed: %s",
		    rq->spec.connector, err->text);
		return;
	}
	note_outside(rq, json_is_true(json_object_get(result, "cleaned")));
	remove_it(rq);
}

static void
add_topic(void *ctx, const struct status_topic *t)
{
	(void)json_array_append_new(ctx, json_string(t->topic));
}

/* The plugin removes what it made. */
static void
clean_outside(struct request *rq, const struct configs_connector *cfg)
{
	struct errand_spec spec = { MSG_CONNECTOR, rq->spec.connector,
		&cfg->config };
	json_t *topics = json_array();

	statuses_each_topic(journal_statuses(worker_journal(rq->w)),
	    rq->spec.connector, add_topic, topics);
	if (rq->errand == NULL)
		rq->errand = errand_new(worker_errands(rq->w), &spec);
	errand_ask(rq->errand, "clean", json_pack("{s:o}", "topics", topics),
	    LIMIT_MS, on_cleaned, rq);
}

static void
on_reset(struct request *rq)
{
	const struct configs_connector *cfg = request_connector(rq);

	if (cfg == NULL)
		return;
	if (request_is_sink(rq, cfg))
		note_group(rq, request_group(rq, cfg), NULL);
	else if (json_array_size(rq->offsets) > 0)
		note(rq, "removed",
		    json_pack("{s:s, s:I}", "what",
			"offsets of source partitions", "count",
			(json_int_t)json_array_size(rq->offsets)));
	clean_outside(rq, cfg);
}

/* The other connector that reads with a sink's group, or NULL. */
static const char *
sharer_of(struct request *rq, const struct configs_connector *cfg)
{
	const struct configs *all = journal_configs(worker_journal(rq->w));
	const char *group = request_group(rq, cfg);

	if (!request_is_sink(rq, cfg))
		return NULL;
	for (size_t i = 0; i < configs_count(all); i++) {
		const struct configs_connector *other = configs_at(all, i);

		if (other != cfg && request_is_sink(rq, other) &&
		    strcmp(request_group_of(rq->a, other), group) == 0)
			return other->name;
	}
	return NULL;
}

/* What belongs to both stays for the other. */
static void
leave_to(struct request *rq, const struct configs_connector *cfg,
    const char *sharer)
{
	note_group(rq, request_group(rq, cfg),
	    ps_printf(rq->a, "connector %s reads with it too", sharer));
	note(rq, "left",
	    json_pack("{s:s, s:o}", "what",
		"what the plugin made outside of Kafka", "why",
		js_str(ps_printf(rq->a,
		    "connector %s reads with the same group", sharer))));
	remove_it(rq);
}

static void
reset(struct request *rq, const struct configs_connector *cfg)
{
	const char *sharer = sharer_of(rq, cfg);

	request_wait_end(rq);
	if (sharer != NULL) {
		leave_to(rq, cfg, sharer);
		return;
	}
	if (request_is_sink(rq, cfg) &&
	    journal_admin(worker_journal(rq->w)) == NULL) {
		note_group(rq, request_group(rq, cfg),
		    "a standalone worker changes no consumer groups");
		clean_outside(rq, cfg);
		return;
	}
	rq->changed = on_reset;
	rq->spec.op = REQUEST_RESET_OFFSETS; /* from here on it is one */
	request_change_offsets(rq);
}

static void
look(struct request *rq)
{
	const struct configs_connector *cfg = request_connector(rq);

	if (cfg == NULL)
		return;
	if (request_is_stopped(rq, cfg))
		reset(rq, cfg);
	else if (request_waited_ms(rq) >= LIMIT_MS)
		request_refuse(rq, ANSWER_FAILED,
		    "Tasks of connector %s have not ended within %d s; it is "
		    "STOPPED, nothing is removed yet",
		    rq->spec.connector, LIMIT_MS / 1000);
	else
		request_wait(rq, LOOK_MS, look);
}

static void
on_stopped(void *ctx, const struct ps_error *err)
{
	struct request *rq = ctx;

	if (err != NULL) {
		request_refuse(rq, ANSWER_FAILED,
		    "Connector %s could not be stopped: %s", rq->spec.connector,
		    err->text);
		return;
	}
	request_wait(rq, 0, look);
}

void
request_clean(struct request *rq)
{
	struct store_pairs records;

	if (request_connector(rq) == NULL || !request_matches(rq))
		return;
	json_decref(rq->doc);
	rq->doc = json_pack("{s:s, s:[], s:[]}", "name", rq->spec.connector,
	    "removed", "left");
	records = request_stop(rq);
	journal_append(worker_journal(rq->w), JOURNAL_CONFIG, &records,
	    on_stopped, rq);
}
