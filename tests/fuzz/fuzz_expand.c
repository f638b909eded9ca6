/* What answers with the reference itself must give the text back. */
#include <assert.h>

#include "base/arena.h"
#include "config/expand.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
ask(void *ctx, struct ps_arena *a, const char *alias, const char *path,
    const char *key, const char **value, struct ps_error *err)
{
	const char *text = ctx;

	(void)err;
	assert(strchr(alias, ':') == NULL && strchr(path, ':') == NULL);
	if (path[0] == '\0')
		return 0;
	*value = ps_printf(a, "${%s:%s:%s}", alias, path, key);
	assert(strstr(text, *value) != NULL);
	return 1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ps_arena *a = arena_new(4096);
	char *text = ps_strndup(a, (const char *)data, size);
	struct ps_error err = { 0 };
	const char *same = expand_text(a, text, ask, text, &err);

	assert(same != NULL && strcmp(same, text) == 0);
	arena_free(&a);
	return 0;
}
