#include "http/headers.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/text.h"

#define KEY         "response.http.headers.config"
#define ARENA_BYTES 1024
#define RULES_MAX   64
#define DATE_BYTES  64

enum rule_flags {
	RULE_ADD = 1 << 0,
	RULE_DATE = 1 << 1, /* the value is milliseconds from now */
};

static const struct {
	const char *name;
	unsigned flags;
} actions[] = {
	{ "set", 0 },
	{ "add", RULE_ADD },
	{ "setDate", RULE_DATE },
	{ "addDate", RULE_ADD | RULE_DATE },
};

struct headers {
	struct ps_arena *a;
	struct ps_list origins;
	const char *methods;
	struct rule {
		unsigned flags;
		const char *name, *value;
		int64_t after_ms;
	} rules[RULES_MAX];
	size_t rule_count;
};

/* ---- rules ------------------------------------------------------------- */

static int
bad_rule(const char *rule, const char *why, struct ps_error *err)
{
	return ps_fail(err, PS_E_CONFIG,
	    "Invalid value %s for configuration " KEY
	    ": %s, expected '[set|add|setDate|addDate] NAME: VALUE'",
	    rule, why);
}

/* `<action> <name>:<value>` */
static int
parse_rule(struct headers *h, char *text, struct ps_error *err)
{
	struct rule *r = &h->rules[h->rule_count];
	size_t action = strcspn(text, " \t"), i = 0;
	char *name = text + action, *colon = strchr(name, ':');

	if (h->rule_count == RULES_MAX)
		return bad_rule(text, "more than 64 rules", err);
	while (i < sizeof actions / sizeof *actions &&
	       (strlen(actions[i].name) != action ||
		   strncasecmp(actions[i].name, text, action) != 0))
		i++;
	if (i == sizeof actions / sizeof *actions)
		return bad_rule(text, "no such action", err);
	if (colon == NULL)
		return bad_rule(text, "no colon", err);
	r->flags = actions[i].flags;
	r->name =
	    text_trim(h->a, ps_strndup(h->a, name, (size_t)(colon - name)));
	r->value = text_trim(h->a, colon + 1);
	if (r->name[0] == '\0' ||
	    strpbrk(r->name, " \t()<>@,;\\\"/[]?={}") != NULL)
		return bad_rule(text, "no name of a header", err);
	if ((r->flags & RULE_DATE) != 0 &&
	    text_int64(r->value, INT64_MIN / 2, INT64_MAX / 2, &r->after_ms) !=
		0)
		return bad_rule(text, "no number of milliseconds", err);
	h->rule_count++;
	return 0;
}

/* The next rule of the list, without its quotes; moves on. */
static char *
next_rule(struct headers *h, const char **at)
{
	const char *p = *at + strspn(*at, ", \t");
	size_t len;
	char *rule;

	if (*p == '\0')
		return NULL;
	if (*p == '"') {
		len = strcspn(++p, "\"");
		rule = ps_strndup(h->a, p, len);
		*at = p + len + (p[len] == '"' ? 1 : 0);
		return rule;
	}
	len = strcspn(p, ",");
	*at = p + len;
	return text_trim(h->a, ps_strndup(h->a, p, len));
}

static int
parse_rules(struct headers *h, const char *text, struct ps_error *err)
{
	char *rule;

	while ((rule = next_rule(h, &text)) != NULL)
		if (parse_rule(h, rule, err) != 0)
			return -1;
	return 0;
}

/* ---- answers ----------------------------------------------------------- */

static const char *
date_in(struct exchange *x, int64_t after_ms)
{
	time_t at = (time_t)((wall_now().ms + after_ms) / 1000);
	char text[DATE_BYTES];
	struct tm tm;

	if (gmtime_r(&at, &tm) == NULL)
		return "Thu, 01 Jan 1970 00:00:00 GMT";
	(void)strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	return ps_strdup(x->a, text);
}

static bool
is_allowed(const struct headers *h, const char *origin)
{
	for (size_t i = 0; i < h->origins.count; i++)
		if (strcmp(h->origins.items[i], "*") == 0 ||
		    strcasecmp(h->origins.items[i], origin) == 0)
			return true;
	return false;
}

static void
each_cors(const struct headers *h, struct exchange *x, header_fn *fn, void *ctx)
{
	if (h->origins.count == 0)
		return;
	fn(ctx, HEADER_SET, "Vary", "Origin");
	if (x->origin == NULL || !is_allowed(h, x->origin))
		return;
	fn(ctx, HEADER_SET, "Access-Control-Allow-Origin", x->origin);
	if (!x->preflight)
		return;
	fn(ctx, HEADER_SET, "Access-Control-Allow-Methods", h->methods);
	fn(ctx, HEADER_SET, "Access-Control-Allow-Headers", "Content-Type");
	fn(ctx, HEADER_SET, "Access-Control-Max-Age", "60");
}

void
headers_each(const struct headers *h, struct exchange *x, header_fn *fn,
    void *ctx)
{
	each_cors(h, x, fn, ctx);
	for (size_t i = 0; i < h->rule_count; i++) {
		const struct rule *r = &h->rules[i];

		fn(ctx, (r->flags & RULE_ADD) != 0 ? HEADER_ADD : HEADER_SET,
		    r->name,
		    (r->flags & RULE_DATE) != 0 ? date_in(x, r->after_ms)
						: r->value);
	}
}

/* ---- life -------------------------------------------------------------- */

static const char *
text_of(struct headers *h, const struct ps_config *c, const char *key,
    const char *usual)
{
	const char *text = ps_config_str(c, key);

	return ps_strdup(h->a, text[0] == '\0' ? usual : text);
}

struct headers *
headers_new(const struct ps_config *c, struct ps_error *err)
{
	struct ps_arena *a = arena_new(ARENA_BYTES);
	struct headers *h = ps_calloc(a, 1, sizeof *h);

	h->a = a;
	h->origins = ps_config_list(c, "access.control.allow.origin", a);
	h->methods =
	    text_of(h, c, "access.control.allow.methods", "GET,POST,HEAD");
	if (parse_rules(h, text_of(h, c, KEY, ""), err) == 0)
		return h;
	arena_free(&a);
	return NULL;
}

void
headers_free(struct headers **hp)
{
	struct ps_arena *a;

	if (*hp == NULL)
		return;
	a = (*hp)->a;
	*hp = NULL;
	arena_free(&a);
}
