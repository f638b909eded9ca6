#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/js.h"
#include "base/text.h"
#include "config/redact.h"
#include "config/template_impl.h"

#define ARENA_BYTES 1024
#define SHOWN_MAX   100

/* A text as its type has it, in the arena; NULL: it is none. */
typedef const char *text_fn(struct ps_arena *a, const char *text);

static const char *
any_text(struct ps_arena *a, const char *text)
{
	(void)a;
	return text;
}

static const char *
int_text(struct ps_arena *a, const char *text)
{
	int64_t n;

	if (text_int64(text, INT64_MIN, INT64_MAX, &n) != 0)
		return NULL;
	return ps_printf(a, "%lld", (long long)n);
}

static const char *
bool_text(struct ps_arena *a, const char *text)
{
	bool is;

	(void)a;
	if (text_bool(text, &is) != 0)
		return NULL;
	return is ? "true" : "false";
}

static const struct type {
	const char *name, *expected;
	text_fn *text;
	bool is_list, needs_enum;
} types[] = {
	{ "string", "a text", any_text, false, false },
	{ "int", "a whole number", int_text, false, false },
	{ "boolean", "true or false", bool_text, false, false },
	{ "enum", "one of enum", any_text, false, true },
	{ "list", "a list of texts", any_text, true, false },
};

static const struct type *
type_of(const json_t *def)
{
	const char *name = js_opt_str(def, "type");

	for (size_t i = 0; name != NULL && i < sizeof types / sizeof *types;
	     i++)
		if (strcmp(types[i].name, name) == 0)
			return &types[i];
	return NULL;
}

bool
template_is_reference(const char *text)
{
	size_t len = strlen(text);

	return len > 4 && text_starts(text, "${") && text[len - 1] == '}' &&
	       strchr(text, '}') == text + len - 1 &&
	       strchr(text, ':') != NULL && text[2] != ':' &&
	       !text_starts(text, "${param:");
}

/* ---- values ------------------------------------------------------------ */

static bool
is_listed(const json_t *def, const char *text)
{
	const json_t *list = json_object_get(def, "enum"), *item;
	size_t i;

	if (list == NULL)
		return true;
	json_array_foreach(list, i, item)
	{
		const char *one = json_string_value(item);

		if (one != NULL && strcmp(one, text) == 0)
			return true;
	}
	return false;
}

/* One text of a value: the checked text, or NULL and a fault. */
static json_t *
checked(const char *name, const json_t *def, const char *text, json_t *errors)
{
	struct ps_arena *a = arena_new(ARENA_BYTES);
	const struct type *t = type_of(def);
	bool secret = json_is_true(json_object_get(def, "secret"));
	const char *shown = secret ? REDACT_MASK : text;
	const char *pattern = js_opt_str(def, "pattern");
	const char *put = t->text(a, text);
	json_t *out = NULL;

	if (secret && !template_is_reference(text))
		template_fault(errors,
		    "parameter %s: a secret is given as a reference, like "
		    "${file:/etc/penstock/db.properties:password}, never in "
		    "clear",
		    name);
	else if (put == NULL)
		template_fault(errors, "parameter %s: %.*s is not %s", name,
		    SHOWN_MAX, shown, t->expected);
	else if (!is_listed(def, put))
		template_fault(errors, "parameter %s: %.*s is not one of %s",
		    name, SHOWN_MAX, shown,
		    js_dump(a, json_object_get(def, "enum")));
	else if (pattern != NULL && !template_is_reference(put) &&
		 !template_pattern_matches(pattern, put))
		template_fault(errors,
		    "parameter %s: %.*s does not match its pattern %s", name,
		    SHOWN_MAX, shown, pattern);
	else
		out = json_string(put);
	arena_free(&a);
	return out;
}

/* A scalar's text in the arena; NULL: it is none. */
static const char *
scalar(struct ps_arena *a, const json_t *j)
{
	if (json_is_string(j))
		return json_string_value(j);
	if (json_is_integer(j) || json_is_boolean(j))
		return js_dump(a, j);
	return NULL;
}

static json_t *
list_value(struct ps_arena *a, const char *name, const json_t *def,
    const json_t *given, json_t *errors)
{
	json_t *out = json_array(), *one;
	size_t before = json_array_size(errors), count;
	const char *text = json_string_value(given);
	char **items;

	if (text != NULL) {
		items = text_list(a, text, &count);
	} else {
		count = json_array_size(given);
		items = ps_calloc(a, count + 1, sizeof *items);
		for (size_t i = 0; i < count; i++) {
			text = scalar(a, json_array_get(given, i));
			items[i] = text == NULL ? NULL : ps_strdup(a, text);
		}
	}
	for (size_t i = 0; i < count; i++) {
		if (items[i] == NULL || items[i][0] == '\0') {
			template_fault(errors,
			    "parameter %s: item %zu is not a text", name,
			    i + 1);
			continue;
		}
		one = checked(name, def, items[i], errors);
		if (one != NULL)
			(void)json_array_append_new(out, one);
	}
	if (json_array_size(errors) == before)
		return out;
	json_decref(out);
	return NULL;
}

static json_t *
objects_value(struct ps_arena *a, const char *name, const json_t *def,
    const json_t *given, json_t *errors)
{
	const json_t *fields = json_object_get(def, "items"), *one;
	size_t before = json_array_size(errors), i;
	json_t *out = json_array();

	if (!json_is_array(given))
		template_fault(errors,
		    "parameter %s: expected a list of objects", name);
	json_array_foreach(given, i, one)
	{
		if (!json_is_object(one))
			template_fault(errors,
			    "parameter %s: item %zu is not an object", name,
			    i + 1);
		else
			(void)json_array_append_new(out,
			    template_values(
				ps_printf(a, "%s[%zu].", name, i + 1), fields,
				one, errors));
	}
	if (json_array_size(errors) == before)
		return out;
	json_decref(out);
	return NULL;
}

/* As its type has it; NULL and a fault. */
static json_t *
value_of(const char *name, const json_t *def, const json_t *given,
    json_t *errors)
{
	struct ps_arena *a = arena_new(ARENA_BYTES);
	const struct type *t = type_of(def);
	bool as_list =
	    t->is_list && (json_is_array(given) || json_is_string(given));
	const char *text = scalar(a, given);
	json_t *out = NULL;

	if (json_object_get(def, "items") != NULL)
		out = objects_value(a, name, def, given, errors);
	else if (as_list)
		out = list_value(a, name, def, given, errors);
	else if (t->is_list || text == NULL)
		template_fault(errors, "parameter %s: expected %s", name,
		    t->expected);
	else
		out = checked(name, def, text, errors);
	arena_free(&a);
	return out;
}

json_t *
template_values(const char *prefix, const json_t *params, const json_t *given,
    json_t *errors)
{
	struct ps_arena *a = arena_new(ARENA_BYTES);
	json_t *out = json_object();
	const json_t *def, *value;
	const char *name;

	JS_EACH(given, name, value)
	{
		if (json_object_get(params, name) == NULL)
			template_fault(errors,
			    "parameter %s%s: the template has none of that "
			    "name",
			    prefix, name);
	}
	JS_EACH(params, name, def)
	{
		const char *full = ps_printf(a, "%s%s", prefix, name);

		value = json_object_get(given, name);
		if (value == NULL || json_is_null(value))
			value = json_object_get(def, "default");
		if (value != NULL && !json_is_null(value)) {
			json_t *v = value_of(full, def, value, errors);

			if (v != NULL)
				(void)json_object_set_new(out, name, v);
		} else if (json_is_true(json_object_get(def, "required"))) {
			template_fault(errors,
			    "parameter %s: a value is required", full);
		}
	}
	arena_free(&a);
	return out;
}

/* ---- definitions ------------------------------------------------------- */

static void
check_members(const char *name, const json_t *def, json_t *errors)
{
	static const char *const known[] = { "type", "default", "required",
		"pattern", "enum", "secret", "description", "items", NULL };
	static const char *const flags[] = { "required", "secret" };
	char where[SHOWN_MAX + 16];

	(void)snprintf(where, sizeof where, "parameter %.*s: ", SHOWN_MAX,
	    name);
	template_check_known(where, def, known, errors);
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
		const json_t *value = json_object_get(def, flags[i]);

		if (value != NULL && !json_is_boolean(value))
			template_fault(errors, "%s%s is true or false", where,
			    flags[i]);
	}
}

static void
check_pattern(const char *name, const json_t *def, json_t *errors)
{
	const json_t *j = json_object_get(def, "pattern");
	const char *pattern = json_string_value(j);
	const char *why = pattern == NULL ? "it is not a text"
					  : template_pattern_fault(pattern);

	if (j != NULL && why != NULL)
		template_fault(errors, "parameter %s: pattern%s%s: %s", name,
		    pattern == NULL ? "" : " ", pattern == NULL ? "" : pattern,
		    why);
}

static void
check_enum(const char *name, const json_t *def, const struct type *t,
    json_t *errors)
{
	const json_t *list = json_object_get(def, "enum"), *item;
	bool fine = json_array_size(list) > 0;
	size_t i;

	json_array_foreach(list, i, item) fine = fine && json_is_string(item);
	if ((list != NULL || t->needs_enum) && !fine)
		template_fault(errors,
		    "parameter %s: enum: a list of texts is expected", name);
}

/* Each member is a parameter of its own, but no list. */
static void
check_items(const char *name, const json_t *def, const struct type *t,
    json_t *errors)
{
	static const char *const others[] = { "pattern", "enum", "secret" };
	const json_t *items = json_object_get(def, "items"), *field;
	struct ps_arena *a;
	const char *member;

	if (items == NULL)
		return;
	if (!t->is_list || json_object_size(items) == 0) {
		template_fault(errors,
		    "parameter %s: items: members of a list's objects are "
		    "expected",
		    name);
		return;
	}
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (json_object_get(def, others[i]) != NULL)
			template_fault(errors,
			    "parameter %s: %s: it belongs to a member of items",
			    name, others[i]);
	a = arena_new(ARENA_BYTES);
	JS_EACH(items, member, field)
	{
		const char *full = ps_printf(a, "%s.%s", name, member);
		const struct type *own = type_of(field);

		if (!template_is_name(member))
			template_fault(errors,
			    "parameter %s: letters, digits, '.', '_' and '-' "
			    "are expected",
			    full);
		if (own != NULL && own->is_list)
			template_fault(errors,
			    "parameter %s: no list is expected in an item",
			    full);
		else
			template_check_param(full, field, errors);
	}
	arena_free(&a);
}

void
template_check_param(const char *name, const json_t *def, json_t *errors)
{
	size_t before = json_array_size(errors);
	const struct type *t = type_of(def);
	const json_t *absent = json_object_get(def, "default");

	if (t == NULL) {
		template_fault(errors,
		    "parameter %s: type: one of string, int, boolean, list, "
		    "enum is expected",
		    name);
		return;
	}
	check_members(name, def, errors);
	check_pattern(name, def, errors);
	check_enum(name, def, t, errors);
	check_items(name, def, t, errors);
	if (absent != NULL && !json_is_null(absent) &&
	    json_array_size(errors) == before)
		json_decref(value_of(name, def, absent, errors));
}
