#include <stdlib.h>
#include <string.h>

#include "base/js.h"
#include "base/text.h"
#include "base/version.h"
#include "config/common.h"
#include "config/def.h"
#include "rest/ask.h"
#include "rest/handlers.h"
#include "worker/worker.h"

/* ---- the list ---------------------------------------------------------- */

/* Connect's order. */
static const struct {
	const char *type;
	bool connector;
} kinds[] = {
	{ "sink", true },
	{ "source", true },
	{ "transformation", false },
	{ "predicate", false },
	{ "converter", false },
	{ "header_converter", false },
};

static int
by_class(const void *x, const void *y)
{
	const char *a = js_opt_str(*(json_t *const *)x, "class");
	const char *b = js_opt_str(*(json_t *const *)y, "class");

	return strcmp(a == NULL ? "" : a, b == NULL ? "" : b);
}

/* The plugins of a kind by their names, behind those that are there. */
static void
add_sorted(struct exchange *x, json_t *list, const json_t *plugins)
{
	size_t count = json_array_size(plugins), i;
	json_t **all = ps_calloc(x->a, count + 1, sizeof(void *)), *one;

	json_array_foreach(plugins, i, one) all[i] = one;
	if (count > 1)
		qsort(all, count, sizeof(void *), by_class);
	for (i = 0; i < count; i++)
		(void)json_array_append(list, all[i]);
}

static void
add_kind(json_t *list, const json_t *plugins, const char *type)
{
	const json_t *plugin;
	const char *text;
	json_t *info;
	size_t i;

	json_array_foreach(plugins, i, plugin)
	{
		text = js_opt_str(plugin, "type");
		if (text == NULL || strcmp(text, type) != 0)
			continue;
		info = json_object();
		(void)json_object_set(info, "class",
		    json_object_get(plugin, "class"));
		(void)json_object_set_new(info, "type", json_string(type));
		if (js_opt_str(plugin, "version") != NULL)
			(void)json_object_set(info, "version",
			    json_object_get(plugin, "version"));
		(void)json_array_append_new(list, info);
	}
}

static void
give_list(struct exchange *x, const struct answer *answer)
{
	const char *only = exchange_query(x, "connectorsOnly");
	bool all = only != NULL && strcasecmp(only, "false") == 0;
	json_t *list = json_array();

	(void)answer;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		json_t *some = json_array();

		if (all || kinds[i].connector)
			add_kind(some,
			    inventory_plugins(worker_inventory(x->worker)),
			    kinds[i].type);
		add_sorted(x, list, some);
		json_decref(some);
	}
	exchange_json(x, 200, list);
}

void
rest_plugins(struct exchange *x)
{
	struct request_spec spec = { .op = REQUEST_PLUGINS };

	ask_worker(x, &spec, give_list);
}

/* ---- keys -------------------------------------------------------------- */

static void
add_table(json_t *list, const struct key_table *t)
{
	const json_t *one;
	const char *name;
	size_t i;

	for (size_t k = 0; k < t->count; k++) {
		json_array_foreach(list, i, one)
		{
			name = js_opt_str(one, "name");
			if (name != NULL && strcmp(name, t->keys[k].name) == 0)
				break;
		}
		if (i == json_array_size(list))
			(void)json_array_append_new(list,
			    def_key_json(&t->keys[k]));
	}
}

static const struct {
	const char *type;
	const struct key_table *tables[4];
} frameworks[] = {
	{ "sink", { &common_connector_keys, &common_sink_keys,
		      &common_dead_letter_keys, NULL } },
	{ "source", { &common_connector_keys, &common_source_keys,
			&common_dead_letter_keys, NULL } },
};

/* The plugin's own keys, then the framework's that it does not define. */
static json_t *
keys_of(const json_t *plugin)
{
	const char *type = js_opt_str(plugin, "type");
	json_t *list = json_copy(json_object_get(plugin, "keys"));

	for (size_t i = 0; i < sizeof frameworks / sizeof *frameworks; i++)
		if (type != NULL && strcmp(frameworks[i].type, type) == 0)
			for (size_t t = 0; frameworks[i].tables[t] != NULL; t++)
				add_table(list, frameworks[i].tables[t]);
	return list;
}

static bool
is_same_class(const json_t *x, const json_t *y)
{
	return json_equal(json_object_get(x, "class"),
		   json_object_get(y, "class")) &&
	       json_equal(json_object_get(x, "type"),
		   json_object_get(y, "type"));
}

static const char *
version_of(const json_t *plugin)
{
	const char *text = js_opt_str(plugin, "version");

	return text == NULL ? "" : text;
}

/* The newest of its class in the range; NULL: none, `there` has them all. */
static const json_t *
of_version(struct exchange *x, const json_t *plugin,
    const struct version_range *range, const char **there)
{
	const json_t *one, *best = NULL;
	size_t i;

	*there = "";
	json_array_foreach(inventory_plugins(worker_inventory(x->worker)), i,
	    one)
	{
		if (!is_same_class(one, plugin))
			continue;
		*there = ps_printf(x->a, "%s%s%s", *there,
		    (*there)[0] == '\0' ? "" : ", ", version_of(one));
		if (version_range_takes(range, version_of(one)) &&
		    (best == NULL ||
			version_compare(version_of(one), version_of(best)) > 0))
			best = one;
	}
	return best;
}

static void
give_keys(struct exchange *x, const struct answer *answer)
{
	const json_t *plugin =
	    inventory_find(worker_inventory(x->worker), x->param[0]);
	const char *version = exchange_query(x, "version"), *class, *there;
	struct version_range range;
	struct ps_error err = { 0 };

	(void)answer;
	if (version_range_parse(x->a, version, &range, &err) != 0) {
		exchange_error(x, 400, "Invalid version specification: %s",
		    version);
		return;
	}
	if (plugin == NULL) {
		exchange_error(x, 404, "Unknown plugin %s.", x->param[0]);
		return;
	}
	class = js_opt_str(plugin, "class");
	plugin = of_version(x, plugin, &range, &there);
	if (plugin == NULL)
		exchange_error(x, 400,
		    "Plugin %s not found that matches the version range %s, "
		    "available versions: [%s]",
		    class, version_range_text(x->a, &range), there);
	else
		exchange_json(x, 200, keys_of(plugin));
}

void
rest_plugin_config(struct exchange *x)
{
	struct request_spec spec = { .op = REQUEST_PLUGINS };

	ask_worker(x, &spec, give_keys);
}

/* ---- validation -------------------------------------------------------- */

static void
give_result(struct exchange *x, const struct answer *answer)
{
	static const char *const members[] = { "name", "error_count", "groups",
		"configs" };
	json_t *body = json_object();

	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		(void)json_object_set(body, members[i],
		    json_object_get(answer->json, members[i]));
	exchange_json(x, 200, body);
}

/* The name without a trailing "Connector". */
static char *
stem(struct exchange *x, const char *name)
{
	static const char suffix[] = "Connector";
	size_t len = strlen(name);

	if (text_ends(name, suffix))
		len -= sizeof suffix - 1;
	return ps_strndup(x->a, name, len);
}

static bool
is_of_type(struct exchange *x, const struct ps_config *config)
{
	const char *class = ps_config_get(config, "connector.class");

	if (class == NULL || text_ends(stem(x, class), stem(x, x->param[0])))
		return true;
	exchange_error(x, 400,
	    "Included connector type %s does not match request type %s", class,
	    x->param[0]);
	return false;
}

void
rest_validate(struct exchange *x)
{
	struct ps_config config;
	struct ps_error err = { 0 };
	struct request_spec spec = { .op = REQUEST_VALIDATE,
		.config = &config };
	json_t *body = exchange_object(x);

	if (body == NULL)
		return;
	if (js_to_config(x->a, body, &config, &err) != 0) {
		exchange_error(x, 400, "%s", err.text);
	} else if (is_of_type(x, &config)) {
		spec.connector = ps_config_get(&config, "name");
		ask_worker(x, &spec, give_result);
	}
	json_decref(body);
}
