/*
 * Paths and bodies of REST requests. A path that is decoded, encoded and
 * decoded again is the same; a body that is read, printed and read again is
 * the same, and so is the configuration in it.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/js.h"
#include "base/text.h"
#include "config/map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_path(struct ps_arena *a, const char *path, size_t len)
{
	const char *name = text_url_decode(a, path, len), *again;

	if (name == NULL)
		return;
	again = text_url_encode(a, name);
	again = text_url_decode(a, again, strlen(again));
	assert(again != NULL && strcmp(name, again) == 0);
}

static void
check_config(struct ps_arena *a, const json_t *body)
{
	struct ps_error err = { .code = PS_OK };
	struct ps_config c, d;
	json_t *again;

	if (js_to_config(a, body, &c, &err) != 0) {
		assert(err.code != PS_OK);
		return;
	}
	again = js_from_config(&c);
	assert(js_to_config(a, again, &d, &err) == 0);
	assert(c.count == d.count);
	for (size_t i = 0; i < c.count; i++)
		assert(strcmp(c.settings[i].key, d.settings[i].key) == 0);
	json_decref(again);
}

static void
check_body(struct ps_arena *a, const uint8_t *data, size_t size)
{
	struct ps_error err = { .code = PS_OK };
	json_t *body = js_parse((const char *)data, size, "request body", &err),
	       *again;
	const char *text;

	assert((body == NULL) == (err.code != PS_OK));
	if (body == NULL)
		return;
	text = js_dump(a, body);
	again = js_parse(text, strlen(text), "request body", &err);
	assert(again != NULL && json_equal(body, again));
	if (json_is_object(body))
		check_config(a, body);
	json_decref(again);
	json_decref(body);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ps_arena *a = arena_new(4096);
	const uint8_t *end = size == 0 ? NULL : memchr(data, '\n', size);
	size_t path = end == NULL ? size : (size_t)(end - data);
	char *copy = malloc(path + 1);

	memcpy(copy, data, path);
	check_path(a, copy, path);
	if (end != NULL)
		check_body(a, end + 1, size - path - 1);
	free(copy);
	arena_free(&a);
	return 0;
}
