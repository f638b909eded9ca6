#include "rest/flow_view.h"

#include <string.h>

#include "base/arena.h"
#include "base/js.h"
#include "base/text.h"
#include "rest/view.h"
#include "store/documents.h"
#include "worker/fitness.h"
#include "worker/upgrade.h"
#include "worker/worker.h"

/* ---- states ------------------------------------------------------------ */

/* The worst first: the first that some part is in is the whole's. */
static const char *const states[] = { "FAILED", "UNASSIGNED", "RESTARTING",
	"STOPPED", "PAUSED", "RUNNING" };

#define STATES (sizeof states / sizeof *states)

static size_t
rank_of(const json_t *part)
{
	const char *state = js_opt_str(part, "state");

	for (size_t i = 0; state != NULL && i < STATES; i++)
		if (strcmp(states[i], state) == 0)
			return i;
	return 1;
}

/* A connector that runs and has no task yet is not there yet. */
static size_t
rank_of_connector(const json_t *status)
{
	const json_t *tasks = json_object_get(status, "tasks"), *task;
	size_t worst = rank_of(json_object_get(status, "connector")), i;

	json_array_foreach(tasks, i, task)
	{
		size_t rank = rank_of(task);

		worst = rank < worst ? rank : worst;
	}
	if (json_array_size(tasks) == 0 && worst == STATES - 1)
		return 1;
	return worst;
}

/* The statuses of what it owns. */
static json_t *
statuses_of(struct worker *w, const char *name)
{
	const struct configs *all = journal_configs(worker_journal(w));
	json_t *out = json_array();

	for (size_t i = 0; i < configs_count(all); i++) {
		const char *owner = flow_of(&configs_at(all, i)->config);

		if (owner != NULL && strcmp(owner, name) == 0)
			(void)json_array_append_new(out,
			    view_status(w, configs_at(all, i), VIEW_AS_IT_IS));
	}
	return out;
}

static const char *
state_of(const json_t *statuses)
{
	size_t worst = STATES - 1, i;
	const json_t *one;

	json_array_foreach(statuses, i, one)
	{
		size_t rank = rank_of_connector(one);

		worst = rank < worst ? rank : worst;
	}
	return states[worst];
}

/* ---- upgrades ---------------------------------------------------------- */

static json_t *
upgrade_entry(struct worker *w, struct ps_arena *a, const json_t *doc,
    const json_t *entry)
{
	const char *name = js_opt_str(entry, "name");
	const char *cause = js_opt_str(entry, "cause");
	int64_t since = js_opt_int(entry, "since_ms", 0);

	if (name != NULL && upgrade_holds(doc, name))
		cause =
		    fitness_of(w, a, name, json_object_get(entry, "was")).fault;
	return json_pack("{s:o, s:I, s:o, s:o, s:o}", "name", js_str(name),
	    "from", (json_int_t)js_opt_int(entry, "from", 0), "state",
	    js_str(js_opt_str(entry, "state")), "since",
	    js_str(since == 0 ? NULL : wall_iso(a, (struct wall_ms){ since })),
	    "cause", js_str(cause));
}

json_t *
flow_view_upgrade(struct worker *w, struct ps_arena *a, const json_t *doc)
{
	json_t *out = json_copy((json_t *)(uintptr_t)doc);
	json_t *list = json_array();
	const json_t *entry;
	size_t i;

	json_array_foreach(json_object_get(doc, "pipelines"), i, entry)
	{
		(void)json_array_append_new(list,
		    upgrade_entry(w, a, doc, entry));
	}
	(void)json_object_set_new(out, "pipelines", list);
	return out;
}

/* Where it stands among those of its template, while they are upgraded. */
static void
add_upgrade(struct worker *w, struct ps_arena *a, const char *name,
    const json_t *doc, json_t *out)
{
	const json_t *upgrade = documents_find(worker_documents(w),
	    DOCUMENT_UPGRADE, js_opt_str(doc, "template"));
	const json_t *entry;
	json_t *shown;
	size_t i;

	if (!upgrade_is_active(upgrade))
		return;
	json_array_foreach(json_object_get(upgrade, "pipelines"), i, entry)
	{
		const char *which = js_opt_str(entry, "name");

		if (which == NULL || strcmp(which, name) != 0)
			continue;
		shown = upgrade_entry(w, a, upgrade, entry);
		(void)json_object_set(shown, "version",
		    json_object_get(upgrade, "version"));
		(void)json_object_set_new(out, "upgrade", shown);
	}
}

/* ---- statuses ---------------------------------------------------------- */

json_t *
flow_view_status(struct worker *w, struct ps_arena *a, const char *name,
    const json_t *doc)
{
	json_t *statuses = statuses_of(w, name);
	json_t *out = json_pack("{s:s, s:s, s:o}", "name", name, "state",
	    state_of(statuses), "connectors", statuses);

	add_upgrade(w, a, name, doc, out);
	return out;
}

/* ---- pipelines --------------------------------------------------------- */

json_t *
flow_view_line(struct worker *w, const char *name, const json_t *doc)
{
	json_t *statuses = statuses_of(w, name), *line;

	line = json_pack("{s:s, s:O, s:O, s:s, s:I}", "name", name, "template",
	    json_object_get(doc, "template"), "version",
	    json_object_get(doc, "version"), "state", state_of(statuses),
	    "connectors", (json_int_t)json_array_size(statuses));
	json_decref(statuses);
	return line;
}

unsigned
flow_view_rank(struct worker *w, const char *name)
{
	const struct configs *all = journal_configs(worker_journal(w));
	unsigned worst = VIEW_RANK_WELL;

	for (size_t i = 0; i < configs_count(all); i++) {
		const char *owner = flow_of(&configs_at(all, i)->config);
		unsigned rank;

		if (owner == NULL || strcmp(owner, name) != 0)
			continue;
		rank = view_rank(w, configs_at(all, i));
		worst = rank < worst ? rank : worst;
	}
	return worst;
}

static const char *
drift_text(const struct flow_change *c)
{
	switch (c->action) {
	case FLOW_CREATE:
		return "was deleted";
	case FLOW_RECONFIGURE:
		return "was changed";
	case FLOW_DELETE:
		return "is none of the template's";
	case FLOW_NOTHING:
		break;
	}
	return NULL;
}

/* What was changed past the pipeline. */
static void
add_parts(struct worker *w, struct ps_arena *a, const char *name,
    const json_t *doc, json_t *out)
{
	json_t *errors = json_array(), *drift = json_array();
	json_t *connectors = json_array();
	struct flow_wish wish = { name, doc, FLOW_ADOPT };
	struct flow_plan p = { 0 };

	if (flow_plan(w, a, &wish, &p, errors) != 0)
		(void)json_array_extend(drift, errors);
	for (size_t i = 0; i < p.count; i++) {
		const struct flow_change *c = &p.changes[i];
		const char *text = drift_text(c);

		if (c->present != NULL)
			(void)json_array_append_new(connectors,
			    js_str(c->connector));
		if (text != NULL)
			(void)json_array_append_new(drift,
			    js_str(ps_printf(a, "connector %s %s", c->connector,
				text)));
	}
	(void)json_object_set_new(out, "connectors", connectors);
	(void)json_object_set_new(out, "drift", drift);
	json_decref(errors);
}

json_t *
flow_view(struct worker *w, struct ps_arena *a, const char *name,
    const json_t *doc)
{
	json_t *out = flow_view_line(w, name, doc);
	const json_t *newest = documents_template(worker_documents(w),
	    js_opt_str(doc, "template"), 0);

	(void)json_object_set_new(out, "newest_version",
	    json_integer(js_opt_int(newest, "version", 0)));
	(void)json_object_set_new(out, "parameters",
	    json_deep_copy(json_object_get(doc, "parameters")));
	add_parts(w, a, name, doc, out);
	return out;
}
