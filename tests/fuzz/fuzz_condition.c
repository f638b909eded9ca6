/*
 * Any text as a condition of Filter, and behind a NUL a JSON value that it is
 * asked of: what can be read holds or does not, each time alike, and blanks
 * around it change nothing. Its denial holds when it does not.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../../plugins/transforms/condition.h"
#include "base/arena.h"
#include "record/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* -1: it cannot be read. */
static int
answer(const char *text, const struct ps_value *v)
{
	const struct ps_config none = { NULL, 0 };
	static const struct ps_class class = { .name = "Filter" };
	struct common *t =
	    (struct common *)common_new(sizeof *t, NULL, &class, &none);
	struct ps_error err = { 0 };
	struct condition *c = condition_new(t, text, &err);
	bool missing = false, holds;
	int result = -1;

	if (c != NULL) {
		holds = condition_holds(c, NULL, v, &missing);
		assert(condition_holds(c, NULL, v, &missing) == holds);
		result = holds;
		condition_free(c);
	} else {
		assert(err.code == PS_E_CONFIG && err.text[0] != '\0');
	}
	common_free(t);
	return result;
}

/* `$[?(X)]` of an object is X. */
static void
deny(struct ps_arena *a, const char *text, const struct ps_value *v)
{
	char *same = ps_printf(a, "$[?(%s)]", text);
	char *not = ps_printf(a, "$[?(!(%s))]", text);
	int is = answer(same, v), is_not = answer(not, v);

	if (is >= 0 && is_not >= 0 && v->type == PS_MAP)
		assert(is != is_not);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = (const uint8_t *)memchr(data, 0, size);
	size_t len = end == NULL ? size : (size_t)(end - data);
	struct ps_arena *a = arena_new(4096);
	char *text = ps_strndup(a, (const char *)data, len);
	struct ps_value v = ps_null();
	struct ps_error err = { 0 };

	if (end != NULL && value_from_json(a, (const char *)end + 1,
			       size - len - 1, &v, &err) != 0)
		v = ps_null();
	if (answer(text, &v) >= 0)
		assert(answer(ps_printf(a, "%s \n", text), &v) ==
		       answer(text, &v));
	deny(a, text, &v);
	arena_free(&a);
	return 0;
}
