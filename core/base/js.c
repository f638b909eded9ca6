#include "base/js.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/xalloc.h"

#define DEPTH_MAX   64u
#define PRINT_FLAGS (JSON_COMPACT | JSON_ENCODE_ANY | JSON_PRESERVE_ORDER)

/* Deepest nesting, by brackets outside strings. */
static size_t
depth_of(const char *text, size_t len)
{
	size_t depth = 0, deepest = 0;
	bool quoted = false;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == '{' || c == '['))
			depth++;
		else if (!quoted && (c == '}' || c == ']') && depth > 0)
			depth--;
		if (depth > deepest)
			deepest = depth;
	}
	return deepest;
}

json_t *
js_parse(const char *text, size_t len, const char *what, struct ps_error *err)
{
	json_error_t where;
	json_t *j;

	if (depth_of(text, len) > DEPTH_MAX) {
		(void)ps_fail(err, PS_E_DATA, "%s: nested deeper than %u", what,
		    DEPTH_MAX);
		return NULL;
	}
	j = json_loadb(text, len, JSON_DECODE_ANY, &where);
	if (j == NULL)
		(void)ps_fail(err, PS_E_DATA, "%s: line %d column %d: %s", what,
		    where.line, where.column, where.text);
	return j;
}

char *
js_dump(struct ps_arena *a, const json_t *j)
{
	size_t len = json_dumpb(j, NULL, 0, PRINT_FLAGS);
	char *out = ps_alloc(a, len + 1);

	(void)json_dumpb(j, out, len, PRINT_FLAGS);
	out[len] = '\0';
	return out;
}

static int
append(const char *text, size_t len, void *b)
{
	return buf_append(b, text, len);
}

int
js_append(struct buf *b, const json_t *j)
{
	return json_dump_callback(j, append, b, PRINT_FLAGS);
}

/* "a string", "a number", … */
static const char *
kind_of(const json_t *j)
{
	if (j == NULL)
		return "missing";
	switch (json_typeof(j)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
	case JSON_REAL:
		return "a number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "a boolean";
	case JSON_NULL:
		break;
	}
	return "null";
}

int
js_get_str(const json_t *obj, const char *name, const char **out,
    struct ps_error *err)
{
	const json_t *j = json_object_get(obj, name);

	if (!json_is_string(j))
		return ps_fail(err, PS_E_DATA,
		    "member %s is %s, expected a string", name, kind_of(j));
	*out = json_string_value(j);
	return 0;
}

int
js_get_int(const json_t *obj, const char *name, int64_t *out,
    struct ps_error *err)
{
	const json_t *j = json_object_get(obj, name);

	if (!json_is_integer(j))
		return ps_fail(err, PS_E_DATA,
		    "member %s is %s, expected an integer", name, kind_of(j));
	*out = json_integer_value(j);
	return 0;
}

static bool
is_known(const char *name, const char *const *known)
{
	while (*known != NULL)
		if (strcmp(*known++, name) == 0)
			return true;
	return false;
}

int
js_check_members(const json_t *obj, const char *const *known,
    struct ps_error *err)
{
	json_t *inner;
	const char *name;

	if (!json_is_object(obj))
		return ps_fail(err, PS_E_DATA, "expected a JSON object");
	json_object_foreach((json_t *)(uintptr_t)obj, name, inner)
	{
		if (!is_known(name, known))
			return ps_fail(err, PS_E_DATA,
			    "%.100s: there is no such member", name);
	}
	return 0;
}

const char *
js_opt_str(const json_t *obj, const char *name)
{
	return json_string_value(json_object_get(obj, name));
}

int64_t
js_opt_int(const json_t *obj, const char *name, int64_t absent)
{
	const json_t *j = json_object_get(obj, name);

	return json_is_integer(j) ? json_integer_value(j) : absent;
}

static int
to_setting(struct ps_arena *a, const char *key, const json_t *j,
    struct ps_setting *out, struct ps_error *err)
{
	char number[TEXT_DOUBLE];

	out->key = ps_strdup(a, key);
	switch (json_typeof(j)) {
	case JSON_NULL:
		out->value = NULL;
		return 0;
	case JSON_STRING:
		out->value = ps_strdup(a, json_string_value(j));
		return 0;
	case JSON_TRUE:
	case JSON_FALSE:
		out->value = json_is_true(j) ? "true" : "false";
		return 0;
	case JSON_INTEGER:
		out->value =
		    ps_printf(a, "%lld", (long long)json_integer_value(j));
		return 0;
	case JSON_REAL:
		text_of_double(number, json_real_value(j));
		out->value = ps_strdup(a, number);
		return 0;
	case JSON_OBJECT:
	case JSON_ARRAY:
		break;
	}
	return ps_fail(err, PS_E_DATA, "member %s is %s, expected a string",
	    key, kind_of(j));
}

static int
by_key(const void *x, const void *y)
{
	const struct ps_setting *a = x, *b = y;

	return strcmp(a->key, b->key);
}

int
js_to_config(struct ps_arena *a, const json_t *obj, struct ps_config *out,
    struct ps_error *err)
{
	size_t count = json_object_size(obj), n = 0;
	struct ps_setting *settings;
	const char *key;
	const json_t *j;

	*out = (struct ps_config){ 0 };
	if (!json_is_object(obj))
		return ps_fail(err, PS_E_DATA, "%s, expected an object",
		    kind_of(obj));
	settings = ps_alloc(a, (count + 1) * sizeof *settings);
	JS_EACH(obj, key, j)
	{
		if (to_setting(a, key, j, &settings[n++], err) != 0)
			return -1;
	}
	if (n > 1)
		qsort(settings, n, sizeof *settings, by_key);
	*out = (struct ps_config){ settings, n };
	return 0;
}

json_t *
js_str(const char *s)
{
	size_t len, room;
	char *clean;
	json_t *j;

	if (s == NULL)
		return json_null();
	len = strlen(s);
	j = json_stringn(s, len);
	if (j != NULL)
		return j;
	/* JSON is UTF-8: other bytes are shown, not sent. */
	room = 4 * len + 1;
	clean = xmalloc(room);
	len = text_escape(clean, room, s, len);
	j = json_stringn(clean, len);
	free(clean);
	return j;
}

json_t *
js_from_config(const struct ps_config *c)
{
	json_t *obj = json_object();

	for (size_t i = 0; i < c->count; i++) {
		const struct ps_setting *s = &c->settings[i];

		(void)json_object_set_new_nocheck(obj, s->key,
		    js_str(s->value));
	}
	return obj;
}
