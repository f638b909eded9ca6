/*
 * Any bytes: no byte behind their end is read. Of a document that jansson
 * takes, a string member is what jansson says it is.
 */
#include <assert.h>
#include <jansson.h>
#include <stdlib.h>

#include <penstock/json.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
compare(const char *json, size_t size)
{
	json_t *doc = json_loadb(json, size, JSON_ALLOW_NUL, NULL);
	const json_t *want = json_object_get(doc, "a");
	struct ps_json got = ps_json_member(json, size, "a", 1);
	char *text;
	size_t n;

	if (json_is_object(doc) && want == NULL)
		assert(got.kind == PS_JSON_MISSING);
	if (json_is_string(want)) {
		assert(got.kind == PS_JSON_STRING);
		text = malloc(got.len + 1);
		n = ps_json_unescape(text, got.text, got.len);
		assert(n == json_string_length(want));
		assert(memcmp(text, json_string_value(want), n) == 0);
		free(text);
	}
	json_decref(doc);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *json = malloc(size + 1), *out = malloc(size + 1);

	memcpy(json, data, size);
	compare(json, size);
	(void)ps_json_find(json, size, "a.b.c");
	assert(ps_json_unescape(out, json, size) <= size);
	free(out);
	free(json);
	return 0;
}
