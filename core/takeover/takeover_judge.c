#include <string.h>

#include "base/js.h"
#include "base/text.h"
#include "config/expand.h"
#include "takeover/takeover_impl.h"

#define LIMIT_MS 90000

/* One connector, while it is judged. */
struct judged {
	struct takeover *t;
	const struct configs_connector *c;
	json_t *parts, *problems, *overrides, *providers;
};

static void
problem(struct judged *j, const char *key, const char *text)
{
	(void)json_array_append_new(j->problems,
	    json_pack("{s:o, s:o}", "key", js_str(key), "problem",
		js_str(text)));
}

/* ---- classes ----------------------------------------------------------- */

/* {…, found} and what is nearest; true: there is such a class. */
static bool
look_up(struct takeover *t, json_t *part, const char *class, const char *type)
{
	const json_t *ours = inventory_find_of(t->inventory, class, type);
	const char *nearest = ours != NULL ? NULL
					   : inventory_nearest_of(t->inventory,
						 t->a, class, type);

	(void)json_object_set_new(part, "found", json_boolean(ours != NULL));
	if (nearest != NULL)
		(void)json_object_set_new(part, "nearest", js_str(nearest));
	return ours != NULL;
}

static const char *
missing_text(struct takeover *t, const json_t *part)
{
	const char *class = js_opt_str(part, "class");
	const char *nearest = js_opt_str(part, "nearest");

	return ps_printf(t->a, "there is no class %s here%s%s", class,
	    nearest == NULL ? "" : ", the nearest is ",
	    nearest == NULL ? "" : nearest);
}

static void
add_part(struct judged *j, const char *key, const char *class, const char *type,
    const char *of)
{
	json_t *part = json_pack("{s:s, s:o, s:s}", "key", key, "class",
	    js_str(class), "of", of);

	if (!look_up(j->t, part, class, type))
		problem(j, key, missing_text(j->t, part));
	(void)json_array_append_new(j->parts, part);
}

/* The connector's own, else the worker's. */
static void
add_converter(struct judged *j, const char *key, const char *type)
{
	const char *own = ps_config_get(&j->c->config, key);
	const char *theirs = ps_config_get(&j->t->o->all, key);

	if (own != NULL)
		add_part(j, key, own, type, "connector");
	else if (theirs != NULL)
		add_part(j, key, theirs, type, "worker");
}

static void
add_aliases(struct judged *j, const char *list, const char *type)
{
	struct ps_list aliases = ps_config_list(&j->c->config, list, j->t->a);

	for (size_t i = 0; i < aliases.count; i++) {
		const char *key =
		    ps_printf(j->t->a, "%s.%s.type", list, aliases.items[i]);
		const char *class = ps_config_get(&j->c->config, key);

		if (class != NULL)
			add_part(j, key, class, type, "connector");
	}
}

static void
add_parts(struct judged *j)
{
	const char *class = ps_config_get(&j->c->config, "connector.class");

	if (class == NULL)
		problem(j, "connector.class", "it is missing");
	else
		add_part(j, "connector.class", class, "connector", "connector");
	add_converter(j, "key.converter", "converter");
	add_converter(j, "value.converter", "converter");
	add_converter(j, "header.converter", "header_converter");
	add_aliases(j, "transforms", "transformation");
	add_aliases(j, "predicates", "predicate");
}

/* ---- providers --------------------------------------------------------- */

json_t *
takeover_providers(struct takeover *t)
{
	struct ps_list aliases =
	    ps_config_list(&t->o->all, "config.providers", t->a);
	json_t *out = json_array();

	for (size_t i = 0; i < aliases.count; i++) {
		const char *class = ps_config_str(&t->o->all,
		    ps_printf(t->a, "config.providers.%s.class",
			aliases.items[i]));
		json_t *one = json_pack("{s:s, s:o}", "name", aliases.items[i],
		    "class", js_str(class));

		if (!look_up(t, one, class, "configprovider"))
			takeover_problem(t, "config.providers.%s.class: %s",
			    aliases.items[i], missing_text(t, one));
		(void)json_array_append_new(out, one);
	}
	return out;
}

static bool
has_text(const json_t *list, const char *text)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		if (strcmp(json_string_value(one), text) == 0)
			return true;
	}
	return false;
}

/* An expand_fn that asks nothing and notes who would be asked.
 * NOLINTBEGIN(readability-function-size) */
static int
note_provider(void *ctx, struct ps_arena *a, const char *alias,
    const char *path, const char *key, const char **value, struct ps_error *err)
{
	struct judged *j = ctx;
	const char *class = ps_config_get(&j->t->o->all,
	    ps_printf(a, "config.providers.%s.class", alias));

	(void)path;
	(void)key;
	(void)value;
	(void)err;
	if (has_text(j->providers, alias))
		return 0;
	(void)json_array_append_new(j->providers, js_str(alias));
	if (class != NULL &&
	    inventory_find_of(j->t->inventory, class, "configprovider") == NULL)
		problem(j, ps_printf(a, "${%s:", alias),
		    ps_printf(a, "its provider is no class of ours: %s",
			class));
	return 0;
}
/* NOLINTEND(readability-function-size) */

static void
add_providers(struct judged *j)
{
	const struct ps_config *c = &j->c->config;
	struct ps_error err = { 0 };

	for (size_t i = 0; i < c->count; i++)
		if (c->settings[i].value != NULL)
			(void)expand_text(j->t->a, c->settings[i].value,
			    note_provider, j, &err);
}

/* ---- validation -------------------------------------------------------- */

struct answer_of {
	struct takeover *t;
	json_t *result;
};

static void
on_validated(void *ctx, const json_t *result, const struct ps_error *err)
{
	struct answer_of *a = ctx;

	a->t->waiting--;
	if (result != NULL)
		a->result = json_deep_copy(result);
	else
		a->t->err = *err;
}

/* A class that is not there has been named already. */
static bool
is_named(const struct judged *j, const char *key)
{
	const json_t *one;
	size_t i;

	json_array_foreach(j->problems, i, one)
	{
		if (strcmp(js_opt_str(one, "key"), key) == 0)
			return true;
	}
	return false;
}

static void
take_errors(struct judged *j, const json_t *result)
{
	const json_t *rows = json_object_get(result, "configs"), *row, *text;
	size_t i, k;

	json_array_foreach(rows, i, row)
	{
		const json_t *value = json_object_get(row, "value");
		const json_t *errors = json_object_get(value, "errors");
		const char *key = js_opt_str(value, "name");

		if (key == NULL || is_named(j, key))
			continue;
		json_array_foreach(errors, k, text)
		{
			problem(j, key, json_string_value(text));
		}
	}
}

/* By the plugins, in a process of their own, as PUT …/validate would. */
static void
validate(struct judged *j)
{
	struct errand_spec spec = { MSG_CONNECTOR, j->c->name, &j->c->config };
	struct errand *e = errand_new(&j->t->errands, &spec);
	struct answer_of a = { .t = j->t };
	struct ps_error err = { 0 };

	j->t->waiting = 1;
	errand_ask(e, "validate",
	    json_pack("{s:o}", "config", js_from_config(&j->c->config)),
	    LIMIT_MS, on_validated, &a);
	if (takeover_wait(j->t, 2 * LIMIT_MS, &err) != 0)
		problem(j, "", err.text);
	errand_free(&e);
	take_errors(j, a.result);
	json_decref(a.result);
}

/* ---- client settings --------------------------------------------------- */

static const char *const overrides[] = { "producer.override.",
	"consumer.override.", "admin.override." };

static void
add_overrides(struct judged *j)
{
	const struct ps_config *c = &j->c->config;

	for (size_t i = 0; i < c->count; i++)
		for (size_t k = 0; k < sizeof overrides / sizeof *overrides;
		     k++)
			if (text_starts(c->settings[i].key, overrides[k]))
				(void)json_array_append_new(j->overrides,
				    json_pack("{s:s, s:b}", "key",
					c->settings[i].key, "runs",
					!is_named(j, c->settings[i].key)));
}

/* ---- positions and states ---------------------------------------------- */

static void
add_position(void *ctx, const struct offsets_entry *e)
{
	struct ps_error err = { 0 };
	json_t *partition =
	    js_parse(e->partition, strlen(e->partition), "partition", &err);
	json_t *offset = js_parse(e->offset, strlen(e->offset), "offset", &err);

	(void)json_array_append_new(ctx,
	    json_pack("{s:o, s:o}", "partition",
		partition == NULL ? json_null() : partition, "offset",
		offset == NULL ? json_null() : offset));
}

static json_t *
offsets_of(struct judged *j, const char *type)
{
	const struct ps_config *c = &j->c->config;
	const char *group = ps_config_get(c, "consumer.override.group.id");
	struct ps_error err = { 0 };
	bool sink = strcmp(type, "sink") == 0 || ps_config_has(c, "topics") ||
		    ps_config_has(c, "topics.regex");
	json_t *list;

	if (!sink) {
		list = json_array();
		offsets_each(j->t->offsets, j->c->name, add_position, list);
		return list;
	}
	if (group == NULL)
		group = ps_printf(j->t->a, "connect-%s", j->c->name);
	list = takeover_group_offsets(j->t, group, &err);
	if (list != NULL)
		return list;
	problem(j, "",
	    ps_printf(j->t->a, "offsets of group %s: %s", group, err.text));
	return json_array();
}

static void
add_state(const struct judged *j, json_t *out)
{
	const struct status *st =
	    statuses_connector(j->t->statuses, j->c->name);

	(void)json_object_set_new(out, "target_state",
	    js_str(target_state_name(j->c->target)));
	(void)json_object_set_new(out, "tasks",
	    json_integer((json_int_t)j->c->task_count));
	(void)json_object_set_new(out, "state",
	    st == NULL ? json_null() : js_str(st->state));
}

json_t *
takeover_judge(struct takeover *t, const struct configs_connector *c)
{
	struct judged j = { t, c, json_array(), json_array(), json_array(),
		json_array() };
	const char *class = ps_config_str(&c->config, "connector.class");
	const char *type = inventory_connector_type(t->inventory, class);
	json_t *out = json_pack("{s:s, s:s}", "name", c->name, "type", type);
	json_t *positions;

	add_parts(&j);
	add_providers(&j);
	if (strcmp(type, "unknown") != 0)
		validate(&j);
	add_overrides(&j);
	positions = offsets_of(&j, type);
	(void)json_object_set_new(out, "runs",
	    json_boolean(json_array_size(j.problems) == 0));
	add_state(&j, out);
	(void)json_object_set_new(out, "offsets", positions);
	(void)json_object_set_new(out, "parts", j.parts);
	(void)json_object_set_new(out, "overrides", j.overrides);
	(void)json_object_set_new(out, "providers", j.providers);
	(void)json_object_set_new(out, "problems", j.problems);
	return out;
}
