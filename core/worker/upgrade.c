#include "worker/upgrade.h"

#include <string.h>

#include "base/js.h"

static const json_t *
entries(const json_t *doc)
{
	return json_object_get(doc, "pipelines");
}

static const char *
text_of(const json_t *obj, const char *member)
{
	const char *text = js_opt_str(obj, member);

	return text == NULL ? "" : text;
}

static bool
is_in(const json_t *obj, const char *state)
{
	return strcmp(text_of(obj, "state"), state) == 0;
}

static void
set_text(json_t *obj, const char *member, const char *text)
{
	(void)json_object_set_new(obj, member, js_str(text));
}

/* ---- a new one --------------------------------------------------------- */

json_t *
upgrade_new(const char *template, int64_t version,
    const struct upgrade_limits *limits)
{
	return json_pack("{s:s, s:I, s:s, s:n, s:I, s:I, s:[]}", "template",
	    template, "version", (json_int_t)version, "state", UPGRADE_RUNNING,
	    "reason", "timeout_ms", (json_int_t)limits->timeout_ms,
	    "healthy_ms", (json_int_t)limits->healthy_ms, "pipelines");
}

void
upgrade_add(json_t *doc, const char *pipeline, int64_t from)
{
	(void)json_array_append_new(json_object_get(doc, "pipelines"),
	    json_pack("{s:s, s:I, s:s}", "name", pipeline, "from",
		(json_int_t)from, "state", UPGRADE_WAITING));
}

/* ---- questions --------------------------------------------------------- */

static struct upgrade_step
step_of(const json_t *doc, enum upgrade_what what, size_t at)
{
	const json_t *entry = json_array_get(entries(doc), at);
	bool back = what == UPGRADE_BACK;

	return (struct upgrade_step){ what, at, text_of(entry, "name"),
		js_opt_int(back ? entry : doc, back ? "from" : "version", 0) };
}

static struct upgrade_step
step_forward(const json_t *doc)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(entries(doc), i, entry)
	{
		if (is_in(entry, UPGRADE_UPGRADING))
			return step_of(doc, UPGRADE_WATCH, i);
	}
	json_array_foreach(entries(doc), i, entry)
	{
		if (is_in(entry, UPGRADE_WAITING))
			return step_of(doc, UPGRADE_START, i);
	}
	return (struct upgrade_step){ .what = UPGRADE_FINISH };
}

static struct upgrade_step
step_back(const json_t *doc)
{
	for (size_t i = json_array_size(entries(doc)); i > 0; i--) {
		const json_t *entry = json_array_get(entries(doc), i - 1);

		if (is_in(entry, UPGRADE_UPGRADED) ||
		    is_in(entry, UPGRADE_UPGRADING))
			return step_of(doc, UPGRADE_BACK, i - 1);
	}
	return (struct upgrade_step){ .what = UPGRADE_FINISH };
}

struct upgrade_step
upgrade_step(const json_t *doc)
{
	if (is_in(doc, UPGRADE_RUNNING))
		return step_forward(doc);
	if (is_in(doc, UPGRADE_ROLLING_BACK))
		return step_back(doc);
	return (struct upgrade_step){ .what = UPGRADE_NOTHING };
}

bool
upgrade_is_active(const json_t *doc)
{
	return upgrade_step(doc).what != UPGRADE_NOTHING;
}

bool
upgrade_holds(const json_t *doc, const char *pipeline)
{
	struct upgrade_step s = upgrade_step(doc);

	return (s.what == UPGRADE_WATCH || s.what == UPGRADE_BACK) &&
	       strcmp(s.pipeline, pipeline) == 0;
}

bool
upgrade_needs(const json_t *doc, int64_t version)
{
	const json_t *entry;
	size_t i;

	if (doc != NULL && js_opt_int(doc, "version", 0) == version)
		return true;
	json_array_foreach(entries(doc), i, entry)
	{
		if (js_opt_int(entry, "from", 0) == version)
			return true;
	}
	return false;
}

/* ---- the next document ------------------------------------------------- */

json_t *
upgrade_moved(const json_t *doc, size_t at, const char *state,
    const char *cause, struct wall_ms now)
{
	json_t *next = json_deep_copy(doc);
	json_t *entry = json_array_get(json_object_get(next, "pipelines"), at);

	set_text(entry, "state", state);
	set_text(entry, "cause", cause);
	(void)json_object_set_new(entry, "since_ms", json_integer(now.ms));
	(void)json_object_del(entry, "was");
	return next;
}

static void
skip_waiting(json_t *doc)
{
	json_t *entry;
	size_t i;

	json_array_foreach(json_object_get(doc, "pipelines"), i, entry)
	{
		if (is_in(entry, UPGRADE_WAITING))
			set_text(entry, "state", UPGRADE_SKIPPED);
	}
}

json_t *
upgrade_failed(const json_t *doc, size_t at, const char *state,
    const char *cause, struct wall_ms now)
{
	json_t *next = upgrade_moved(doc, at, state, cause, now);
	const json_t *entry =
	    json_array_get(json_object_get(next, "pipelines"), at);

	skip_waiting(next);
	set_text(next, "state", UPGRADE_STOPPED);
	(void)json_object_set_new(next, "reason",
	    json_sprintf("pipeline %s: %s", text_of(entry, "name"), cause));
	return next;
}

/* Stopped when some were not upgraded. */
json_t *
upgrade_finished(const json_t *doc)
{
	const char *state = UPGRADE_DONE;
	json_t *next = json_deep_copy(doc);
	const json_t *entry;
	size_t i;

	json_array_foreach(entries(doc), i, entry)
	{
		if (!is_in(entry, UPGRADE_UPGRADED))
			state = UPGRADE_STOPPED;
	}
	set_text(next, "state",
	    is_in(doc, UPGRADE_ROLLING_BACK) ? UPGRADE_ROLLED_BACK : state);
	return next;
}

json_t *
upgrade_stopped(const json_t *doc, const char *reason)
{
	json_t *next = json_deep_copy(doc);

	skip_waiting(next);
	set_text(next, "reason", reason);
	return next;
}

json_t *
upgrade_reversed(const json_t *doc)
{
	json_t *next = json_deep_copy(doc);

	skip_waiting(next);
	set_text(next, "state", UPGRADE_ROLLING_BACK);
	return next;
}
