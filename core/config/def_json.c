#include <string.h>

#include "base/arena.h"
#include "base/js.h"
#include "config/check.h"
#include "config/def.h"
#include "config/redact_url.h"

static void
set(json_t *obj, const char *name, json_t *value)
{
	(void)json_object_set_new(obj, name, value);
}

static json_t *
list_of(const char *const *items, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(list, js_str(items[i]));
	return list;
}

/* Passwords are not shown, nor those in URLs. */
static json_t *
shown(const struct ps_key *key, const char *value)
{
	struct ps_arena *a;
	json_t *out;

	if (value == NULL)
		return json_null();
	if (key != NULL && key->type == PS_KEY_PASSWORD)
		return js_str(REDACT_MASK);
	a = arena_new(strlen(value) + 1);
	out = js_str(redact_url(a, value));
	arena_free(&a);
	return out;
}

/* The one value that is accepted, or NULL: all or none are. */
static const char *
only_value(const struct ps_key *key)
{
	if ((key->flags & PS_UNSUPPORTED) != 0)
		return key->default_value;
	if (key->choices == NULL || key->choices[0] == NULL)
		return NULL;
	return key->choices[1] == NULL ? key->choices[0] : NULL;
}

/* What is refused is not described as if it worked. */
static json_t *
documentation(const struct ps_key *key)
{
	const char *only = only_value(key), *why = key->doc;
	struct ps_arena *a;
	json_t *out;

	if (only == NULL && (key->flags & PS_UNSUPPORTED) == 0)
		return js_str(key->doc);
	a = arena_new(256);
	why = why == NULL ? "." : ps_printf(a, ": %s", why);
	out = js_str(only == NULL ? ps_printf(a, "Not supported%s", why)
				  : ps_printf(a, "Not supported but for '%s'%s",
					only, why));
	arena_free(&a);
	return out;
}

json_t *
def_key_json(const struct ps_key *key)
{
	static const char *const importances[] = { [PS_HIGH] = "HIGH",
		[PS_MEDIUM] = "MEDIUM",
		[PS_LOW] = "LOW" };
	static const char *const widths[] = { [PS_W_NONE] = "NONE",
		[PS_W_SHORT] = "SHORT",
		[PS_W_MEDIUM] = "MEDIUM",
		[PS_W_LONG] = "LONG" };
	int order = key->group == NULL ? -1 : key->order;
	json_t *obj = json_object();

	set(obj, "name", js_str(key->name));
	set(obj, "type", js_str(check_type_name(key->type)));
	set(obj, "required", json_boolean((key->flags & PS_REQUIRED) != 0));
	set(obj, "default_value", shown(key, key->default_value));
	set(obj, "importance", js_str(importances[key->importance]));
	set(obj, "documentation", documentation(key));
	set(obj, "group", js_str(key->group));
	set(obj, "order_in_group", json_integer(order));
	set(obj, "width", js_str(widths[key->width]));
	set(obj, "display_name",
	    js_str(key->display == NULL ? key->name : key->display));
	set(obj, "dependents", json_array());
	/* Its name up to 4.1. */
	set(obj, "order", json_integer(order));
	return obj;
}

json_t *
def_value_json(const struct def_value *v)
{
	json_t *obj = json_object();

	set(obj, "name", js_str(v->name));
	set(obj, "value", shown(v->key, v->value));
	set(obj, "recommended_values",
	    list_of(v->recommended, v->recommended_count));
	set(obj, "errors", list_of(v->errors, v->error_count));
	set(obj, "visible", json_boolean(!v->hidden));
	return obj;
}

static void
append_configs(json_t *configs, const struct def_result *r, bool defined)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct def_value *v = &r->values[i];
		json_t *one;

		if ((v->key != NULL) != defined)
			continue;
		one = json_object();
		set(one, "definition",
		    defined ? def_key_json(v->key) : json_null());
		set(one, "value", def_value_json(v));
		(void)json_array_append_new(configs, one);
	}
}

json_t *
def_result_json(const struct def_result *r, const char *name,
    const char *const *groups, size_t group_count)
{
	json_t *obj = json_object(), *configs = json_array();

	append_configs(configs, r, false);
	append_configs(configs, r, true);
	set(obj, "name", js_str(name));
	set(obj, "error_count", json_integer((json_int_t)def_error_count(r)));
	set(obj, "groups", list_of(groups, group_count));
	set(obj, "configs", configs);
	return obj;
}
