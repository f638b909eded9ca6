/*
 * Any JSON as a template and as the values of its parameters: what has no
 * fault gives connectors whose names differ and whose settings are texts, and
 * gives the same again; the text of the document means the same document.
 */
#include <assert.h>
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static json_t *
made(const json_t *doc, const json_t *values)
{
	json_t *errors = json_array();
	json_t *out = template_instantiate(doc, "pipe", values, errors);

	if (json_array_size(errors) > 0) {
		json_decref(out);
		out = NULL;
	}
	json_decref(errors);
	return out;
}

static bool
is_sound(const json_t *doc)
{
	json_t *errors = json_array();
	bool sound;

	template_check(doc, errors);
	sound = json_array_size(errors) == 0;
	json_decref(errors);
	return sound;
}

static void
check_connectors(const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);
		const json_t *config = json_object_get(one, "config");
		const json_t *name = json_object_get(one, "name");
		const char *key;
		json_t *value;

		assert(json_is_string(name) && json_is_object(config));
		json_object_foreach((json_t *)(uintptr_t)config, key, value)
		    assert(json_is_string(value) && key != NULL);
	}
}

static void
check_doc(const json_t *doc, const json_t *values)
{
	char *text = json_dumps(doc, JSON_COMPACT);
	json_t *again = json_loads(text, 0, NULL), *x, *y;

	assert(again != NULL && is_sound(again));
	x = made(doc, values);
	y = made(again, values);
	assert((x == NULL) == (y == NULL));
	if (x != NULL) {
		assert(json_equal(x, y));
		check_connectors(x);
	}
	json_decref(x);
	json_decref(y);
	json_decref(again);
	free(text);
}

/* [document, values] */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *both = json_loadb((const char *)data, size, 0, NULL);
	const json_t *doc = json_array_get(both, 0);
	const json_t *values = json_array_get(both, 1);

	if (json_is_object(doc) && is_sound(doc))
		check_doc(doc, json_is_object(values) ? values : NULL);
	json_decref(both);
	return 0;
}
