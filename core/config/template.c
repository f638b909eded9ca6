#include "config/template.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/js.h"
#include "base/text.h"
#include "config/expand.h"
#include "config/redact.h"
#include "config/redact_url.h"
#include "config/template_impl.h"

#define ARENA_BYTES    4096
#define NAME_MAX_BYTES 100
#define CONNECTORS_MAX 1000
#define FAULT_BYTES    1024
#define FAULTS_MAX     100
#define ITEM           "item"
#define PIPELINE       "pipeline"
#define GOLDEN         "golden"

void
template_fault(json_t *errors, const char *fmt, ...)
{
	char text[FAULT_BYTES];
	va_list ap;

	if (json_array_size(errors) >= FAULTS_MAX)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	(void)json_array_append_new(errors, js_str(text));
}

bool
template_is_name(const char *name)
{
	static const char may[] = "abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	size_t len = strlen(name);

	return len > 0 && len <= NAME_MAX_BYTES && strspn(name, may) == len;
}

void
template_check_known(const char *where, const json_t *obj,
    const char *const *known, json_t *errors)
{
	struct ps_arena *a = arena_new(ARENA_BYTES);
	const char *key;
	const json_t *value;

	JS_EACH(obj, key, value)
	{
		size_t i = 0;

		while (known[i] != NULL && strcmp(known[i], key) != 0)
			i++;
		if (known[i] == NULL && value != NULL)
			template_fault(errors,
			    "%s%s is not known, expected one of %s", where, key,
			    text_join(a, known, i, ", "));
	}
	arena_free(&a);
}

/* ---- references -------------------------------------------------------- */

/* Of one text of a template, while it is looked through. */
struct scope {
	const json_t *params; /* what is declared */
	const json_t *values; /* NULL: it is only checked */
	const char *pipeline;
	const json_t *item;   /* a text, or an object … */
	const json_t *fields; /* … with these members; NULL: a text */
	const char *where, *key;
	bool has_item, is_secret, unset;
	json_t *errors;
};

/* A list reads as its items, joined by commas. */
static const char *
text_of(struct ps_arena *a, const json_t *value)
{
	size_t count = json_array_size(value);
	const char **items;

	if (!json_is_array(value))
		return json_string_value(value);
	items = ps_calloc(a, count + 1, sizeof *items);
	for (size_t i = 0; i < count; i++)
		items[i] = json_string_value(json_array_get(value, i));
	return text_join(a, items, count, ",");
}

static void
check_secret(const struct scope *s, const char *name, const json_t *def)
{
	if (s->is_secret && !json_is_true(json_object_get(def, "secret")))
		template_fault(s->errors,
		    "%s: %s: parameter %s fills a secret, so it must be "
		    "declared secret",
		    s->where, s->key, name);
}

/* ${param:item:name} */
static void
check_member(const struct scope *s, const char *name)
{
	const json_t *def = json_object_get(s->fields, name);

	if (def == NULL)
		template_fault(s->errors,
		    "%s: %s: ${param:item:%s}: items have no such member",
		    s->where, s->key, name);
	else
		check_secret(s, name, def);
}

static void
check_reference(const struct scope *s, const char *name)
{
	const json_t *def = json_object_get(s->params, name);
	bool is_item = strcmp(name, ITEM) == 0 && s->has_item;
	bool own = strcmp(name, PIPELINE) == 0 || is_item;

	if ((is_item && s->fields != NULL) ||
	    json_object_get(def, "items") != NULL)
		template_fault(s->errors,
		    "%s: %s: ${param:%s} is made of objects: name a member, "
		    "${param:item:…}",
		    s->where, s->key, name);
	else if (def == NULL && !own)
		template_fault(s->errors,
		    "%s: %s: ${param:%s}: there is no such parameter", s->where,
		    s->key, name);
	else if (!own)
		check_secret(s, name, def);
}

/* Of an object, as far as there is a value. */
static const char *
member_of(struct scope *s, const char *name)
{
	const char *text = js_opt_str(s->item, name);

	s->unset = s->unset || text == NULL;
	return text == NULL ? "" : text;
}

/* An expand_fn. NOLINTBEGIN(readability-function-size) */
static int
ask(void *ctx, struct ps_arena *a, const char *alias, const char *path,
    const char *key, const char **value, struct ps_error *err)
{
	struct scope *s = ctx;
	const json_t *given;

	(void)err;
	if (strcmp(alias, "param") != 0 ||
	    (path[0] != '\0' && strcmp(path, ITEM) != 0))
		return 0;
	*value = "";
	if (s->values == NULL && path[0] != '\0') {
		check_member(s, key);
		return 1;
	}
	if (s->values == NULL) {
		check_reference(s, key);
		return 1;
	}
	if (path[0] != '\0') {
		*value = member_of(s, key);
		return 1;
	}
	given = json_object_get(s->values, key);
	if (strcmp(key, PIPELINE) == 0)
		*value = s->pipeline;
	else if (strcmp(key, ITEM) == 0 && s->has_item)
		*value = json_string_value(s->item);
	else if (given != NULL)
		*value = text_of(a, given);
	else
		s->unset = true;
	return 1;
}
/* NOLINTEND(readability-function-size) */

/* The text with its parameters put in, in the arena. */
static const char *
filled(struct ps_arena *a, struct scope *s, const char *key, const char *text)
{
	struct ps_error err = { 0 };
	const char *out;

	s->key = key;
	s->unset = false;
	s->is_secret = s->values == NULL && redact_is_secret_key(key);
	out = expand_text(a, text, ask, s, &err);
	if (out == NULL)
		template_fault(s->errors, "%s: %s: %s", s->where, key,
		    err.text);
	else if (!s->unset && strstr(out, "${param:") != NULL)
		template_fault(s->errors,
		    "%s: %s: ${param:…} does not work inside of another "
		    "reference",
		    s->where, key);
	return out == NULL ? "" : out;
}

/* A copy in which all texts are filled.
 * NOLINTNEXTLINE(misc-no-recursion): as deep as a parsed document */
static json_t *
filled_json(struct ps_arena *a, struct scope *s, const char *where,
    const json_t *from)
{
	const char *key;
	const json_t *value;
	json_t *out;
	size_t i;

	if (json_is_string(from))
		return js_str(filled(a, s, where, json_string_value(from)));
	if (json_is_array(from)) {
		out = json_array();
		json_array_foreach(from, i, value)
		{
			(void)json_array_append_new(out,
			    filled_json(a, s, where, value));
		}
		return out;
	}
	if (!json_is_object(from))
		return json_deep_copy(from);
	out = json_object();
	JS_EACH(from, key, value)
	{
		(void)json_object_set_new(out, key,
		    filled_json(a, s, where, value));
	}
	return out;
}

/* ---- checking a document ----------------------------------------------- */

/* A literal one; of a ${…} what it says is a secret, and not here. */
static bool
holds_secret(const char *key, const char *value)
{
	if (redact_url_finds(value))
		return true;
	return redact_is_secret_key(key) && value[0] != '\0' &&
	       !expand_has(value);
}

static void
check_settings(struct ps_arena *a, struct scope *s, const json_t *config)
{
	struct ps_config c;
	struct ps_error err = { 0 };

	if (!json_is_object(config) || js_to_config(a, config, &c, &err) != 0) {
		template_fault(s->errors, "%s: config: %s", s->where,
		    err.code == PS_OK ? "an object of texts is expected"
				      : err.text);
		return;
	}
	if (!ps_config_has(&c, "connector.class"))
		template_fault(s->errors, "%s: connector.class is missing",
		    s->where);
	for (size_t i = 0; i < c.count; i++) {
		const char *key = c.settings[i].key;
		const char *value = c.settings[i].value;

		if (value == NULL)
			continue;
		(void)filled(a, s, key, value);
		if (holds_secret(key, value))
			template_fault(s->errors,
			    "%s: %s: a template holds no secrets: refer to "
			    "one, or to a secret parameter",
			    s->where, key);
	}
}

/* The list that a connector is made for each of; NULL: none. */
static const char *
for_each(const json_t *doc, const json_t *connector)
{
	const char *own = js_opt_str(connector, "for_each");

	return own != NULL ? own : js_opt_str(doc, "for_each");
}

static void
check_list(struct scope *s, const char *list)
{
	const char *type = js_opt_str(json_object_get(s->params, list), "type");

	if (type == NULL || strcmp(type, "list") != 0)
		template_fault(s->errors,
		    "%s: for_each: %s is no parameter of type list", s->where,
		    list);
}

static void
check_connector(const json_t *doc, size_t i, struct scope *s)
{
	const json_t *c = json_array_get(json_object_get(doc, "connectors"), i);
	struct ps_arena *a = arena_new(ARENA_BYTES);
	const char *list = for_each(doc, c), *name = js_opt_str(c, "name");

	s->where = ps_printf(a, "connector %zu", i + 1);
	s->has_item = list != NULL;
	s->fields =
	    list == NULL
		? NULL
		: json_object_get(json_object_get(s->params, list), "items");
	if (name == NULL || name[0] == '\0')
		template_fault(s->errors, "%s: name is missing", s->where);
	else
		(void)filled(a, s, "name", name);
	if (name != NULL && list != NULL &&
	    strstr(name, "${param:item}") == NULL &&
	    strstr(name, "${param:item:") == NULL)
		template_fault(s->errors,
		    "%s: name: %s must tell the items of %s apart by "
		    "${param:item}",
		    s->where, name, list);
	if (list != NULL)
		check_list(s, list);
	check_settings(a, s, json_object_get(c, "config"));
	template_check_golden(s->where, json_object_get(c, GOLDEN), s->errors);
	json_decref(filled_json(a, s, GOLDEN, json_object_get(c, GOLDEN)));
	arena_free(&a);
}

static void
check_params(const json_t *params, json_t *errors)
{
	const char *name;
	const json_t *def;

	if (params != NULL && !json_is_object(params)) {
		template_fault(errors, "parameters: an object is expected");
		return;
	}
	JS_EACH(params, name, def)
	{
		if (!template_is_name(name) || strcmp(name, ITEM) == 0 ||
		    strcmp(name, PIPELINE) == 0)
			template_fault(errors,
			    "parameter %s: letters, digits, '.', '_' and '-' "
			    "are expected, and not item or pipeline",
			    name);
		template_check_param(name, def, errors);
	}
}

static void
check_head(const json_t *doc, json_t *errors)
{
	static const char *const known[] = { "name", "version", "description",
		"parameters", "for_each", "connectors", NULL };
	const json_t *version = json_object_get(doc, "version");
	const char *name = js_opt_str(doc, "name");

	template_check_known("", doc, known, errors);
	if (name == NULL || !template_is_name(name))
		template_fault(errors,
		    "name: %s: letters, digits, '.', '_' and '-' are expected",
		    name == NULL ? "it is missing" : name);
	if (version != NULL &&
	    (!json_is_integer(version) || json_integer_value(version) < 1))
		template_fault(errors,
		    "version: a whole number of at least 1 is expected");
}

void
template_check(const json_t *doc, json_t *errors)
{
	const json_t *list = json_object_get(doc, "connectors");
	struct scope s = { .params = json_object_get(doc, "parameters"),
		.pipeline = "",
		.errors = errors };

	if (!json_is_object(doc)) {
		template_fault(errors, "the template is not an object");
		return;
	}
	check_head(doc, errors);
	check_params(s.params, errors);
	if (json_array_size(list) == 0)
		template_fault(errors,
		    "connectors: a list of at least one is expected");
	for (size_t i = 0; i < json_array_size(list); i++)
		check_connector(doc, i, &s);
}

/* ---- instances --------------------------------------------------------- */

static json_t *
filled_config(struct ps_arena *a, struct scope *s, const json_t *config)
{
	struct ps_error err = { 0 };
	json_t *out = json_object();
	struct ps_config c;

	if (js_to_config(a, config, &c, &err) != 0)
		template_fault(s->errors, "%s: %s", s->where, err.text);
	for (size_t i = 0; i < c.count; i++) {
		const char *value = c.settings[i].value;

		if (value == NULL)
			continue;
		value = filled(a, s, c.settings[i].key, value);
		if (!s->unset)
			(void)json_object_set_new(out, c.settings[i].key,
			    js_str(value));
	}
	return out;
}

static bool
has_name(const json_t *list, const char *name)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		const char *other = js_opt_str(one, "name");

		if (other != NULL && strcmp(other, name) == 0)
			return true;
	}
	return false;
}

static json_t *
instance_of(struct ps_arena *a, struct scope *s, const char *name,
    const json_t *c)
{
	const json_t *golden = json_object_get(c, GOLDEN);
	json_t *out = json_pack("{s:o, s:o}", "name", js_str(name), "config",
	    filled_config(a, s, json_object_get(c, "config")));

	if (json_array_size(golden) > 0)
		(void)json_object_set_new(out, GOLDEN,
		    filled_json(a, s, GOLDEN, golden));
	return out;
}

static void
add_connector(struct scope *s, const json_t *c, json_t *out)
{
	struct ps_arena *a = arena_new(ARENA_BYTES);
	const char *name;

	s->where = js_opt_str(c, "name");
	name = filled(a, s, "name", s->where);
	s->where = name;
	if (name[0] == '\0' || s->unset)
		template_fault(s->errors, "connector %s: its name is empty",
		    js_opt_str(c, "name"));
	else if (has_name(out, name))
		template_fault(s->errors,
		    "connector %s would be made twice: names must differ",
		    name);
	else if (json_array_size(out) >= CONNECTORS_MAX)
		template_fault(s->errors,
		    "connector %s: more than %d of one pipeline", name,
		    CONNECTORS_MAX);
	else
		(void)json_array_append_new(out, instance_of(a, s, name, c));
	arena_free(&a);
}

/* All items of one connector, or just the one. */
static void
add_all(const json_t *doc, const json_t *c, struct scope *s, json_t *out)
{
	const char *list = for_each(doc, c);
	const json_t *item;
	size_t i;

	s->has_item = list != NULL;
	if (list == NULL)
		add_connector(s, c, out);
	json_array_foreach(json_object_get(s->values, list), i, item)
	{
		s->item = item;
		add_connector(s, c, out);
	}
}

json_t *
template_instantiate(const json_t *doc, const char *pipeline,
    const json_t *values, json_t *errors)
{
	const json_t *params = json_object_get(doc, "parameters"), *c;
	size_t before = json_array_size(errors), i;
	json_t *all = template_values("", params, values, errors),
	       *out = json_array();
	struct scope s = { .params = params,
		.values = all,
		.pipeline = pipeline,
		.errors = errors };

	if (json_array_size(errors) == before)
		json_array_foreach(json_object_get(doc, "connectors"), i, c)
		    add_all(doc, c, &s, out);
	json_decref(all);
	return out;
}
