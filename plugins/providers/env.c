#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "providers.h"

struct env {
	const struct ps_host *host;
	pcre2_code *allowed;
	pcre2_match_data *match;
};

static void
destroy(void *state)
{
	struct env *e = (struct env *)state;

	pcre2_match_data_free(e->match);
	pcre2_code_free(e->allowed);
	free(e);
}

static void *
create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	const char *pattern = ps_config_str(c, "allowlist.pattern");
	struct env *e = (struct env *)calloc(1, sizeof *e);
	PCRE2_UCHAR why[256];
	PCRE2_SIZE where;
	int code;

	(void)self;
	assert(e != NULL);
	e->host = h;
	e->allowed =
	    pcre2_compile((PCRE2_SPTR)(pattern[0] == '\0' ? ".*" : pattern),
		PCRE2_ZERO_TERMINATED,
		PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED, &code, &where,
		NULL);
	if (e->allowed == NULL) {
		(void)pcre2_get_error_message(code, why, sizeof why);
		(void)ps_fail(err, PS_E_CONFIG,
		    "allowlist.pattern=%s is not a regular expression: %s at "
		    "character %zu",
		    pattern, (const char *)why, where);
		destroy(e);
		return NULL;
	}
	e->match = pcre2_match_data_create_from_pattern(e->allowed, NULL);
	assert(e->match != NULL);
	return e;
}

static int
get(void *state, struct ps_arena *a, const char *path, const char *key,
    const char **value, struct ps_error *err)
{
	struct env *e = (struct env *)state;
	const char *found = getenv(key);

	if (path[0] != '\0')
		return ps_fail(err, PS_E_CONFIG,
		    "Path is not supported for EnvVarConfigProvider, invalid "
		    "value '%s'",
		    path);
	if (found == NULL ||
	    pcre2_match(e->allowed, (PCRE2_SPTR)key, PCRE2_ZERO_TERMINATED, 0,
		0, e->match, NULL) <= 0)
		return 0;
	*value = ps_strdup(a, found);
	return 1;
}

const struct ps_provider_ops env_ops = {
	.create = create,
	.get = get,
	.destroy = destroy,
};
