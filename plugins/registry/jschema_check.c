#include "jschema_check.h"

#include <jansson.h>
#include <string.h>

#define DEEPEST 32

static bool
is_closed(const json_t *j)
{
	return json_is_false(json_object_get(j, "additionalProperties")) &&
	       json_object_get(j, "patternProperties") == NULL;
}

/* Beside null; NULL: it is not that simple. */
static const json_t *
object_of(const json_t *j)
{
	const json_t *list = json_object_get(j, "oneOf"), *found = NULL;

	if (list == NULL)
		return json_object_get(j, "properties") == NULL ? NULL : j;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);

		if (json_object_get(one, "properties") == NULL)
			continue;
		if (found != NULL)
			return NULL;
		found = one;
	}
	return found;
}

static int
check_required(const json_t *j, const struct ps_schema *s, struct ps_error *err)
{
	const json_t *list = json_object_get(j, "required");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *name = json_string_value(json_array_get(list, i));

		if (name != NULL && ps_field_index(s, name, strlen(name)) < 0)
			return ps_fail(err, PS_E_DATA,
			    "the registered schema requires %s, and there is "
			    "no field %s",
			    name, name);
	}
	return 0;
}

static int
check(const json_t *given, const struct ps_schema *s, int depth,
    struct ps_error *err)
{
	const json_t *j = object_of(given), *properties, *of;

	if (j == NULL || s == NULL || s->type != PS_STRUCT || depth > DEEPEST)
		return 0;
	properties = json_object_get(j, "properties");
	if (check_required(j, s, err) < 0)
		return -1;
	for (size_t i = 0; i < s->field_count; i++) {
		const struct ps_field *f = &s->fields[i];

		of = json_object_get(properties, f->name);
		if (of == NULL && is_closed(j))
			return ps_fail(err, PS_E_DATA,
			    "a field %s, which the registered schema has no "
			    "place for",
			    f->name);
		if (of != NULL && check(of, f->schema, depth + 1, err) < 0)
			return ps_fail_in(err, "field %s", f->name);
	}
	return 0;
}

int
jschema_check(const char *text, const struct ps_schema *s, struct ps_error *err)
{
	json_t *j = json_loads(text, 0, NULL);
	int rc = check(j, s, 0, err);

	json_decref(j);
	return rc;
}
