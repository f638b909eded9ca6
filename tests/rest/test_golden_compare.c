#include "rest/golden_compare.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/arena.h"
#include "base/js.h"

static json_t *
parsed(const char *text)
{
	struct ps_error err = { 0 };
	json_t *j = js_parse(text, strlen(text), "test", &err);

	cr_assert(j != NULL, "%s: %s", text, err.text);
	return j;
}

#define FOUND(result)                                                        \
	"{\"outcome\":\"kept\",\"error\":null,\"steps\":[{\"name\":\"one\"," \
	"\"class\":\"C1\",\"before\":{\"value\":{\"a\":1,\"b\":[1]}},"       \
	"\"after\":{\"value\":{\"a\":2,\"b\":[1]}}},{\"name\":\"two\","      \
	"\"class\":\"C2\",\"before\":{\"value\":{\"a\":2,\"b\":[1]}},"       \
	"\"after\":{\"value\":{\"a\":2,\"b\":[1,2]}}}],\"result\":" result "}"
#define CAME \
	FOUND("{\"value\":{\"a\":2,\"b\":[1,2]},\"key\":null,\"headers\":[]}")
#define FAILED                                                          \
	"{\"outcome\":\"failed\",\"error\":{\"message\":\"no field\"}," \
	"\"steps\":[{\"name\":\"one\",\"class\":\"C1\"}],\"result\":null}"

Test(golden_compare, the_step_and_the_difference_are_named)
{
	static const struct {
		const char *golden, *found, *said;
	} rows[] = {
		{ "{\"result\":{\"value\":{\"a\":2,\"b\":[1,2]}}}", CAME, "" },
		{ "{\"result\":{\"value\":{\"a\":1,\"b\":[1,2]}}}", CAME,
		    "step one (C1): value.a is 2, recorded is 1" },
		{ "{\"result\":{\"value\":{\"a\":2,\"b\":[1,3]}}}", CAME,
		    "step two (C2): value.b[1] is 2, recorded is 3" },
		{ "{\"result\":{\"value\":{\"a\":2,\"b\":[1]}}}", CAME,
		    "step two (C2): value.b[1] is 2, recorded is absent" },
		{ "{\"result\":{\"value\":{\"a\":2,\"b\":[1,2],\"c\":0}}}",
		    CAME,
		    "no step changes it: value.c is absent, recorded is 0" },
		{ "{\"result\":{\"value\":{\"a\":2,\"b\":[1,2]},"
		  "\"key\":\"k\"}}",
		    CAME,
		    "no step changes it: key is null, recorded is \"k\"" },
		/* in a value null is not nothing */
		{ "{\"result\":{\"key\":null,\"headers\":null,\"value\":"
		  "{\"a\":2,\"b\":[1,2],\"c\":null}}}",
		    CAME,
		    "no step changes it: value.c is absent, recorded is null" },
		{ "{\"outcome\":\"dropped\"}", CAME,
		    "step two (C2): it is kept, recorded is dropped" },
		{ "{\"result\":{}}", FAILED,
		    "step one (C1): it is failed, recorded is kept: no "
		    "field" },
		{ "{\"outcome\":\"failed\"}", FAILED, "" },
	};
	struct ps_arena *a = arena_new(1024);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		json_t *golden = parsed(rows[i].golden);
		json_t *found = parsed(rows[i].found);
		const char *said = golden_compare(a, golden, found);

		cr_assert(eq(str, (char *)(said == NULL ? "" : said),
		    (char *)rows[i].said));
		json_decref(golden);
		json_decref(found);
	}
	arena_free(&a);
}
