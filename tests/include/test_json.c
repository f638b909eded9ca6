#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>

#include <stdio.h>
#include <stdlib.h>

#include <penstock/json.h>

struct found {
	char json[64], path[16];
	enum ps_json_kind kind;
	char text[32];
};

ParameterizedTestParameters(json, a_field_is_found_by_its_path)
{
	static struct found table[] = {
		{ "{\"a\":1}", "a", PS_JSON_NUMBER, "1" },
		{ " { \"a\" : -1.5e3 , \"b\":2}", "a", PS_JSON_NUMBER,
		    "-1.5e3" },
		{ "{\"b\":[{\"a\":1}],\"a\":\"x\\\"y\"}", "a", PS_JSON_STRING,
		    "x\\\"y" },
		{ "{\"a\":1,\"a\":2}", "a", PS_JSON_NUMBER, "2" },
		{ "{\"a\":{\"b\":true}}", "a.b", PS_JSON_BOOLEAN, "true" },
		{ "{\"a\":null}", "a.b", PS_JSON_NULL, "null" },
		{ "{\"a\":1}", "a.b", PS_JSON_MISSING, "1" },
		{ "{\"a\":[1]}", "a", PS_JSON_OTHER, "[1]" },
		{ "{\"\\u0061\":1}", "a", PS_JSON_NUMBER, "1" },
		{ "{\"a\\n\":1}", "a", PS_JSON_MISSING, "" },
		{ "{}", "a", PS_JSON_MISSING, "" },
		{ "[]", "a", PS_JSON_MISSING, "" },
		{ "", "a", PS_JSON_MISSING, "" },
		{ "{\"a\":\"", "a", PS_JSON_STRING, "" },
		{ "{\"a\":\"\\", "a", PS_JSON_STRING, "\\" },
		{ "{\"a\":{\"b\":", "a.b", PS_JSON_MISSING, "" },
		{ "{\"a", "a", PS_JSON_MISSING, "" },
	};

	return cr_make_param_array(struct found, table,
	    sizeof table / sizeof *table);
}

ParameterizedTest(struct found *f, json, a_field_is_found_by_its_path)
{
	/* On the heap, so that a sanitizer sees a byte too many. */
	char *json = strdup(f->json), got[64];
	struct ps_json v = ps_json_find(json, strlen(json), f->path);

	cr_assert(eq(int, v.kind, f->kind), "%s", f->json);
	(void)snprintf(got, sizeof got, "%.*s", (int)v.len,
	    v.len == 0 ? "" : v.text);
	cr_assert(eq(str, got, f->text), "%s", f->json);
	free(json);
}

struct escaped {
	char text[40], says[24];
};

ParameterizedTestParameters(json, escapes_are_resolved)
{
	static struct escaped table[] = {
		{ "plain", "plain" },
		{ "\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t" },
		{ "\\u00e9\\u20AC", "é€" },
		{ "\\ud83d\\ude00!", "😀!" },
		{ "\\ud83d", "\xef\xbf\xbd" },
		{ "\\ude00", "\xef\xbf\xbd" },
		{ "\\ud83d\\u0041", "\xef\xbf\xbd"
				    "A" },
		{ "\\ud83d\\n", "\xef\xbf\xbd\n" },
		{ "\\u12", "u12" },
		{ "\\", "\\" },
	};

	return cr_make_param_array(struct escaped, table,
	    sizeof table / sizeof *table);
}

ParameterizedTest(struct escaped *e, json, escapes_are_resolved)
{
	size_t len = strlen(e->text);
	char *in = strdup(e->text), *out = malloc(len + 1);

	out[ps_json_unescape(out, in, len)] = '\0';
	cr_assert(eq(str, out, e->says));
	free(in);
	free(out);
}
