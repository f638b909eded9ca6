#include "http/headers.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <string.h>

#include "config/map.h"

struct seen {
	char text[1024];
};

static void
see(void *ctx, enum header_action action, const char *name, const char *value)
{
	struct seen *s = ctx;
	size_t len = strlen(s->text);

	(void)snprintf(s->text + len, sizeof s->text - len, "%s%s: %s|",
	    action == HEADER_ADD ? "+" : "", name, value);
}

/* What an answer to a request with that Origin gets. */
static void
ask(struct ps_setting *settings, size_t count, const char *origin,
    bool preflight, struct seen *seen)
{
	struct ps_config c = config_sorted(settings, count);
	struct ps_error err = { 0 };
	struct headers *h = headers_new(&c, &err);
	struct exchange x = { .a = arena_new(256),
		.origin = origin,
		.preflight = preflight };

	cr_assert(h != NULL, "%s", err.text);
	headers_each(h, &x, see, seen);
	arena_free(&x.a);
	headers_free(&h);
}

#define ORIGINS "access.control.allow.origin"
#define METHODS "access.control.allow.methods"
#define RULES   "response.http.headers.config"

static const struct cors_case {
	char origins[64], methods[32], origin[32];
	int preflight;
	char want[200];
} cors_cases[] = {
	{ "", "", "http://a", 0, "" },
	{ "http://a", "", "", 0, "Vary: Origin|" },
	{ "http://a, http://b", "", "http://B", 0,
	    "Vary: Origin|Access-Control-Allow-Origin: http://B|" },
	{ "http://a", "", "http://c", 1, "Vary: Origin|" },
	{ "*", "", "http://c", 0,
	    "Vary: Origin|Access-Control-Allow-Origin: http://c|" },
	{ "http://a", "", "http://a", 1,
	    "Vary: Origin|Access-Control-Allow-Origin: http://a|"
	    "Access-Control-Allow-Methods: GET,POST,HEAD|"
	    "Access-Control-Allow-Headers: Content-Type|"
	    "Access-Control-Max-Age: 60|" },
	{ "http://a", "PUT", "http://a", 1,
	    "Vary: Origin|Access-Control-Allow-Origin: http://a|"
	    "Access-Control-Allow-Methods: PUT|"
	    "Access-Control-Allow-Headers: Content-Type|"
	    "Access-Control-Max-Age: 60|" },
};

ParameterizedTestParameters(headers, origins_get_what_they_may)
{
	return cr_make_param_array(const struct cors_case, cors_cases,
	    sizeof cors_cases / sizeof *cors_cases);
}

ParameterizedTest(const struct cors_case *c, headers, origins_get_what_they_may)
{
	struct ps_setting settings[] = { { METHODS, c->methods },
		{ ORIGINS, c->origins } };
	struct seen seen = { "" };

	ask(settings, 2, c->origin[0] == '\0' ? NULL : c->origin,
	    c->preflight != 0, &seen);
	cr_assert(eq(str, seen.text, (char *)(uintptr_t)c->want));
}

Test(headers, rules_set_and_add_and_may_hold_commas)
{
	struct ps_setting settings[] = { { RULES,
	    "set X-A: 1, \"add X-B: 2, 3\" ,SET x-c:4:5" } };
	struct seen seen = { "" };

	ask(settings, 1, NULL, false, &seen);
	cr_assert(eq(str, seen.text, "X-A: 1|+X-B: 2, 3|x-c: 4:5|"));
}

Test(headers, a_date_is_so_far_from_now)
{
	struct ps_setting settings[] = { { RULES, "setDate Expires: 0" } };
	struct seen seen = { "" };

	ask(settings, 1, NULL, false, &seen);
	cr_assert(eq(int, strncmp(seen.text, "Expires: ", 9), 0));
	cr_assert(strstr(seen.text, " GMT|") != NULL);
}

static const struct bad_rule {
	char rule[40], why[40];
} bad_rules[] = {
	{ "drop X-A: 1", "no such action" },
	{ "set X-A", "no colon" },
	{ "set X A: 1", "no name of a header" },
	{ "set : 1", "no name of a header" },
	{ "setDate Expires: soon", "no number of milliseconds" },
};

ParameterizedTestParameters(headers, a_bad_rule_is_named)
{
	return cr_make_param_array(const struct bad_rule, bad_rules,
	    sizeof bad_rules / sizeof *bad_rules);
}

ParameterizedTest(const struct bad_rule *b, headers, a_bad_rule_is_named)
{
	struct ps_setting settings[] = { { RULES, b->rule } };
	struct ps_config c = config_sorted(settings, 1);
	struct ps_error err = { 0 };

	cr_assert(headers_new(&c, &err) == NULL);
	cr_assert(strstr(err.text, b->rule) != NULL, "%s", err.text);
	cr_assert(strstr(err.text, b->why) != NULL, "%s", err.text);
}
