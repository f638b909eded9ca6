#include "rest/plan_view.h"

#include <string.h>

#include "base/arena.h"
#include "base/js.h"
#include "base/text.h"
#include "rest/plan_places.h"
#include "rest/view.h"
#include "worker/worker.h"

static json_t *
shown(const json_t *config, const char *key)
{
	json_t *value = json_object_get(config, key);

	return value == NULL ? json_null() : json_incref(value);
}

/* {"<key>": {"from", "to"}}, secrets masked on both sides. */
static json_t *
settings_of(const struct flow_change *c)
{
	json_t *from = c->present == NULL ? json_object()
					  : view_config(&c->present->config);
	json_t *to = view_config(&c->config), *out = json_object();
	const char *key;

	for (size_t i = 0; i < c->config.count; i++) {
		const char *now, *was;

		key = c->config.settings[i].key;
		now = c->config.settings[i].value;
		was = c->present == NULL
			  ? NULL
			  : ps_config_get(&c->present->config, key);
		if (was == NULL || strcmp(was, now) != 0)
			(void)json_object_set_new(out, key,
			    json_pack("{s:o, s:o}", "from", shown(from, key),
				"to", shown(to, key)));
	}
	for (size_t i = 0; c->present != NULL && i < c->present->config.count;
	     i++) {
		key = c->present->config.settings[i].key;
		if (ps_config_get(&c->config, key) == NULL)
			(void)json_object_set_new(out, key,
			    json_pack("{s:o, s:n}", "from", shown(from, key),
				"to"));
	}
	json_decref(from);
	json_decref(to);
	return out;
}

static void
add_names(json_t *to, const char *prefix, const char *list)
{
	struct ps_arena *a = arena_new(512);
	size_t count;
	char **items = text_list(a, list == NULL ? "" : list, &count);

	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(to,
		    js_str(ps_printf(a, "%s%s", prefix, items[i])));
	arena_free(&a);
}

static bool
changes(const struct flow_change *c)
{
	return c->action == FLOW_CREATE || c->action == FLOW_RECONFIGURE;
}

static void
add_writes(json_t *to, const struct flow_change *c)
{
	const char *prefix = ps_config_get(&c->config, "topic.prefix");

	add_names(to, "", ps_config_get(&c->config, "topic"));
	add_names(to, "",
	    ps_config_get(&c->config, "errors.deadletterqueue.topic.name"));
	if (prefix != NULL)
		add_names(to, prefix,
		    ps_config_get(&c->config, "table.whitelist"));
}

static json_t *
only_once(const json_t *names)
{
	json_t *seen = json_object(), *out = json_array();
	const json_t *name;
	size_t i;

	json_array_foreach(names, i, name)
	{
		const char *text = json_string_value(name);

		if (text == NULL || json_object_get(seen, text) != NULL)
			continue;
		(void)json_object_set_new(seen, text, json_true());
		(void)json_array_append(out, (json_t *)(uintptr_t)name);
	}
	json_decref(seen);
	return out;
}

json_t *
plan_view_topics(const struct flow_plan *p)
{
	json_t *all = json_array(), *unique;

	for (size_t i = 0; i < p->count; i++)
		if (changes(&p->changes[i]))
			add_writes(all, &p->changes[i]);
	unique = only_once(all);
	json_decref(all);
	return unique;
}

/* Those of `names` that are missing. */
static json_t *
new_ones(const json_t *names, const json_t *missing)
{
	json_t *out = json_array();
	const json_t *name, *one;
	size_t i, k;

	json_array_foreach(names, i, name)
	{
		json_array_foreach(missing, k, one)
		{
			if (json_equal(name, one) != 0)
				(void)json_array_append(out,
				    (json_t *)(uintptr_t)name);
		}
	}
	return out;
}

/* As far as the settings say. */
static json_t *
topics_of(const struct flow_change *c, const json_t *missing)
{
	json_t *reads = json_array(), *writes = json_array(), *creates;

	add_names(reads, "", ps_config_get(&c->config, "topics"));
	add_writes(writes, c);
	creates = missing == NULL && changes(c)
		      ? json_null()
		      : new_ones(writes, changes(c) ? missing : NULL);
	return json_pack("{s:o, s:o, s:o}", "reads", reads, "writes", writes,
	    "creates", creates);
}

static json_t *
change_view(struct worker *w, const struct flow_change *c,
    const json_t *missing)
{
	return json_pack("{s:s, s:s, s:b, s:s, s:o, s:o}", "connector",
	    c->connector, "action", flow_action_name(c->action), "restarts",
	    c->action == FLOW_RECONFIGURE, "offsets", plan_places(w, c),
	    "settings", changes(c) ? settings_of(c) : json_object(), "topics",
	    topics_of(c, missing));
}

json_t *
plan_view(struct worker *w, const struct flow_plan *p, const json_t *missing)
{
	json_t *list = json_array();

	for (size_t i = 0; i < p->count; i++)
		(void)json_array_append_new(list,
		    change_view(w, &p->changes[i], missing));
	return json_pack("{s:s, s:s, s:I, s:s, s:b, s:s, s:o}", "name",
	    p->pipeline, "template", p->template, "version",
	    (json_int_t)p->version, "plan", p->id, "empty", flow_is_empty(p),
	    "pipeline",
	    !p->stores       ? "nothing"
	    : p->doc == NULL ? "delete"
	    : p->is_new      ? "create"
			     : "update",
	    "changes", list);
}
