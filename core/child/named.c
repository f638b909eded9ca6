#include "child/named.h"

#include <stdbool.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

/* A slash that begins a path: not one within a URL's //host/more. */
static bool
is_begin(const char *value, const char *at)
{
	static const char scheme[] = "file://";
	const size_t len = sizeof scheme - 1;

	if (at[1] == '/')
		return false;
	if (at == value)
		return true;
	if (at[-1] == '/')
		return at - value >= (ptrdiff_t)len &&
		       strncmp(at - len, scheme, len) == 0;
	return strchr(NAMED_BEGINS, at[-1]) != NULL;
}

/* Of each beginning the part up to a separator, then all that follows: a
 * name may hold a separator itself. */
const char *
named_find(struct ps_arena *a, const char *value, size_t n)
{
	for (const char *at = value; (at = strchr(at, '/')) != NULL; at++) {
		size_t len;

		if (!is_begin(value, at))
			continue;
		len = strcspn(at, NAMED_ENDS);
		if (n-- == 0)
			return ps_strndup(a, at, len);
		if (at[len] != '\0' && n-- == 0)
			return ps_strdup(a, at);
	}
	return NULL;
}

bool
named_is_file_key(const char *key)
{
	static const char *const words[] = { "file", "filename", "path" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (text_ends(key, words[i]))
			return true;
	return false;
}
