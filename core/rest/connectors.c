#include <string.h>
#include <strings.h>

#include "base/js.h"
#include "base/text.h"
#include "config/map.h"
#include "rest/ask.h"
#include "rest/change.h"
#include "rest/declare.h"
#include "rest/handlers.h"
#include "rest/view.h"
#include "worker/match.h"
#include "worker/worker.h"

/* ---- reading ----------------------------------------------------------- */

void
rest_info(struct exchange *x)
{
	const struct configs_connector *cfg = ask_connector(x);

	if (cfg != NULL)
		exchange_json(x, 200, view_info(x->worker, cfg));
}

void
rest_config(struct exchange *x)
{
	const struct configs_connector *cfg = ask_connector(x);

	if (cfg == NULL)
		return;
	x->etag = match_tag(x->a, cfg->config_offset);
	exchange_json(x, 200, view_config(&cfg->config));
}

/* ---- create and change ------------------------------------------------- */

static const char *
unknown_member(const json_t *body)
{
	static const char *const known[] = { "name", "config",
		"initial_state" };
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)body, name, value)
	{
		size_t i = 0;

		while (i < sizeof known / sizeof *known &&
		       strcmp(known[i], name) != 0)
			i++;
		if (i == sizeof known / sizeof *known)
			return name;
	}
	return NULL;
}

static int
parse_target(const json_t *body, enum target_state *target, bool *given,
    struct ps_error *err)
{
	const char *text = js_opt_str(body, "initial_state");
	const json_t *value = json_object_get(body, "initial_state");

	*given = false;
	if (value == NULL || json_is_null(value))
		return 0;
	*given = true;
	if (text != NULL && strcasecmp(text, "RUNNING") == 0)
		*target = TARGET_STARTED;
	else if (text != NULL && strcasecmp(text, "PAUSED") == 0)
		*target = TARGET_PAUSED;
	else if (text != NULL && strcasecmp(text, "STOPPED") == 0)
		*target = TARGET_STOPPED;
	else
		return ps_fail(err, PS_E_CONFIG,
		    "initial_state: %s is not one of RUNNING, PAUSED, STOPPED",
		    text == NULL ? "it" : text);
	return 0;
}

/* A number or truth value is text too, as in a config; null is none. */
static const char *
text_of(struct exchange *x, const json_t *value)
{
	if (json_is_string(value))
		return json_string_value(value);
	return value == NULL || json_is_null(value) ? "" : js_dump(x->a, value);
}

/* {"name", "config", "initial_state"} */
static int
parse_create(struct exchange *x, const json_t *body, struct request_spec *spec,
    struct ps_error *err)
{
	const char *unknown = unknown_member(body);
	const json_t *name = json_object_get(body, "name");
	const json_t *config = json_object_get(body, "config");
	struct ps_config *c = ps_calloc(x->a, 1, sizeof *c);
	enum target_state *target = ps_calloc(x->a, 1, sizeof *target);
	bool given;

	if (unknown != NULL)
		return ps_fail(err, PS_E_CONFIG,
		    "Unrecognized field \"%s\", expected name, config, "
		    "initial_state",
		    unknown);
	if (json_is_object(name) || json_is_array(name))
		return ps_fail(err, PS_E_CONFIG, "name: expected a string");
	if (!json_is_object(config))
		return ps_fail(err, PS_E_CONFIG,
		    "config: expected an object of strings");
	if (js_to_config(x->a, config, c, err) != 0)
		return ps_fail_in(err, "config");
	if (parse_target(body, target, &given, err) != 0)
		return -1;
	spec->connector = text_trim(x->a, text_of(x, name));
	spec->config = c;
	spec->target = given ? target : NULL;
	return view_check_unmasked(c, NULL, err);
}

void
rest_create(struct exchange *x)
{
	struct request_spec spec = { .op = REQUEST_CREATE };
	struct ps_error err = { 0 };
	json_t *body = exchange_object(x);

	if (body == NULL)
		return;
	if (parse_create(x, body, &spec, &err) != 0) {
		exchange_error(x, 400, "%s", err.text);
	} else if (!declare_owns(x, spec.connector, spec.config)) {
		x->param[0] = spec.connector;
		ask_worker(x, &spec, change_written);
	}
	json_decref(body);
}

/* A flat map, in which masks stand for what is there. */
static int
parse_map(struct exchange *x, const json_t *body, struct ps_config *out,
    struct ps_error *err)
{
	const struct configs_connector *present = configs_find(
	    journal_configs(worker_journal(x->worker)), x->param[0]);

	if (js_to_config(x->a, body, out, err) != 0)
		return -1;
	if (present == NULL)
		return view_check_unmasked(out, NULL, err);
	*out = view_unmask(x->a, out, &present->config);
	return view_check_unmasked(out, &present->config, err);
}

static void
put(struct exchange *x, enum request_op op)
{
	struct ps_config config;
	struct request_spec spec = { .op = op,
		.connector = x->param[0],
		.config = &config,
		.if_match = x->if_match };
	struct ps_error err = { 0 };
	json_t *body = exchange_object(x);

	if (body == NULL)
		return;
	if (parse_map(x, body, &config, &err) != 0)
		exchange_error(x, 400, "%s", err.text);
	else if (!declare_owns(x, spec.connector, &config))
		ask_worker(x, &spec, change_written);
	json_decref(body);
}

void
rest_replace(struct exchange *x)
{
	put(x, REQUEST_REPLACE);
}

void
rest_patch(struct exchange *x)
{
	put(x, REQUEST_PATCH);
}

/* ---- orders ------------------------------------------------------------ */

static void
order(struct exchange *x, enum request_op op, ask_fn *done)
{
	struct request_spec spec = { .op = op,
		.connector = x->param[0],
		.if_match = x->if_match };

	ask_worker(x, &spec, done);
}

/* What went, and what did not. */
static void
cleaned(struct exchange *x, const struct answer *answer)
{
	exchange_json(x, 200, json_deep_copy(answer->json));
}

void
rest_delete(struct exchange *x)
{
	if (declare_owns(x, x->param[0], NULL))
		return;
	if (exchange_query_bool(x, "clean"))
		order(x, REQUEST_CLEAN, cleaned);
	else
		order(x, REQUEST_DELETE, ask_no_content);
}

void
rest_pause(struct exchange *x)
{
	order(x, REQUEST_PAUSE, ask_accepted);
}

void
rest_resume(struct exchange *x)
{
	order(x, REQUEST_RESUME, ask_accepted);
}

void
rest_stop(struct exchange *x)
{
	order(x, REQUEST_STOP, ask_no_content);
}

/* ---- restart ----------------------------------------------------------- */

/* The answer shows what was asked for, as it was before it began. */
static void
restarting(struct exchange *x, const struct answer *answer)
{
	(void)answer;
	exchange_text(x, 202, "application/json", x->answer, x->answer_len);
}

static json_t *
restart_view(struct exchange *x, const struct configs_connector *cfg,
    unsigned flags)
{
	unsigned view = VIEW_RESTART;

	if ((flags & CONFIGS_RESTART_TASKS) != 0)
		view |= VIEW_RESTART_TASKS;
	if ((flags & CONFIGS_RESTART_FAILED) != 0)
		view |= VIEW_RESTART_FAILED;
	return view_status(x->worker, cfg, view);
}

void
rest_restart(struct exchange *x)
{
	const struct configs_connector *cfg = configs_find(
	    journal_configs(worker_journal(x->worker)), x->param[0]);
	struct request_spec spec = { .op = REQUEST_RESTART_MANY,
		.connector = x->param[0],
		.flags = ask_restart_flags(x) };
	json_t *view;

	if (spec.flags == 0) {
		order(x, REQUEST_RESTART, ask_no_content);
		return;
	}
	if (cfg == NULL) {
		exchange_error(x, 404, "Unknown connector: %s", x->param[0]);
		return;
	}
	view = restart_view(x, cfg, spec.flags);
	if (view == NULL) {
		exchange_error(x, 404, "Status for connector %s not found",
		    x->param[0]);
		return;
	}
	x->answer = js_dump(x->a, view);
	x->answer_len = strlen(x->answer);
	json_decref(view);
	ask_worker(x, &spec, restarting);
}

/* ---- topics ------------------------------------------------------------ */

static bool
is_on(const struct exchange *x, const char *key)
{
	return ps_config_bool(&worker_options(x->worker)->all, key);
}

static void
add_topic(void *ctx, const struct status_topic *t)
{
	(void)json_array_append_new(ctx, json_string(t->topic));
}

void
rest_topics(struct exchange *x)
{
	json_t *list;

	if (!is_on(x, "topic.tracking.enable")) {
		exchange_error(x, 403, "Topic tracking is disabled.");
		return;
	}
	list = json_array();
	statuses_each_topic(journal_statuses(worker_journal(x->worker)),
	    x->param[0], add_topic, list);
	exchange_json(x, 200,
	    json_pack("{s:{s:o}}", x->param[0], "topics", list));
}

void
rest_reset_topics(struct exchange *x)
{
	if (!is_on(x, "topic.tracking.enable"))
		exchange_error(x, 403, "Topic tracking is disabled.");
	else if (!is_on(x, "topic.tracking.allow.reset"))
		exchange_error(x, 403, "Topic tracking reset is disabled.");
	else
		order(x, REQUEST_RESET_TOPICS, ask_accepted);
}
