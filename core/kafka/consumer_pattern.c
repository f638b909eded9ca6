#include <ctype.h>
#include <regex.h>
#include <string.h>

#include "base/arena.h"
#include "config/posix_cost.h"
#include "kafka/consumer_impl.h"

enum { CHUNK = 4096, REPEATS_MAX = 1000 };

static const char not_supported[] =
    "look-around, possessive quantifiers, sets in sets and escapes other than "
    "\\d, \\w, \\s and of signs are not supported";

/* What POSIX writes otherwise. */
static const struct {
	char java;
	const char *outside, *inside; /* of brackets; NULL: refused */
} classes[] = {
	{ 'd', "[0-9]", "0-9" },
	{ 'D', "[^0-9]", NULL },
	{ 'w', "[A-Za-z0-9_]", "A-Za-z0-9_" },
	{ 'W', "[^A-Za-z0-9_]", NULL },
	{ 's', "[ \t]", " \t" },
};

struct rewrite {
	const char *s; /* what is left to read */
	char *out;
	bool broken;
};

static void
put(struct rewrite *r, const char *text)
{
	size_t len = strlen(text);

	memcpy(r->out, text, len);
	r->out += len;
}

static bool
put_class(struct rewrite *r, char c, bool inside)
{
	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
		const char *text =
		    inside ? classes[i].inside : classes[i].outside;

		if (classes[i].java != c)
			continue;
		r->broken |= text == NULL;
		if (text != NULL)
			put(r, text);
		return true;
	}
	return false;
}

/* Behind a backslash, outside of brackets. */
static void
rewrite_escape(struct rewrite *r)
{
	char c = *r->s;

	if (c != '\0')
		r->s++;
	if (put_class(r, c, false))
		return;
	r->broken |= c == '\0' || isalnum((unsigned char)c);
	*r->out++ = '\\';
	*r->out++ = c;
}

/* A character of a bracket expression that is no more than itself. */
static void
put_member(struct rewrite *r, char c)
{
	const char named[] = { '[', '.', c, '.', ']', '\0' };

	if (c != '\0' && strchr("-]^\\[", c) != NULL)
		put(r, named);
	else
		*r->out++ = c;
}

/* One or an end of a range. false: it was a class, or none. */
static bool
take_member(struct rewrite *r)
{
	char c = *r->s++;

	/* unions and intersections */
	r->broken |= c == '[' || c == '&';
	if (c != '\\') {
		put_member(r, c);
		return true;
	}
	c = *r->s;
	r->s += c != '\0';
	if (put_class(r, c, true))
		return false;
	r->broken |= c == '\0' || isalnum((unsigned char)c);
	put_member(r, c);
	return !r->broken;
}

/* A hyphen is one of a range only behind a member that ends none, and not
 * before the end. */
static void
rewrite_bracket(struct rewrite *r)
{
	if (*r->s == '^')
		*r->out++ = *r->s++;
	do {
		if (*r->s == '\0')
			return;
		if (!take_member(r) || *r->s != '-' || r->s[1] == ']' ||
		    r->s[1] == '\0')
			continue;
		*r->out++ = *r->s++;
		r->broken |= !take_member(r);
	} while (*r->s != ']');
	*r->out++ = *r->s++;
}

/* Behind a quantifier: lazy is as good as greedy where all must match. */
static void
rewrite_quantifier(struct rewrite *r)
{
	if (*r->s == '?')
		r->s++;
	else if (*r->s == '+')
		r->broken = true;
}

static void
rewrite_group(struct rewrite *r)
{
	if (*r->s != '?')
		return;
	if (r->s[1] == ':')
		r->s += 2;
	else
		r->broken = true;
}

static void
rewrite_one(struct rewrite *r)
{
	char c = *r->s++;

	if (c == '\\') {
		rewrite_escape(r);
		return;
	}
	*r->out++ = c;
	if (c == '[')
		rewrite_bracket(r);
	else if (c == '(')
		rewrite_group(r);
	else if (strchr("*+?}", c) != NULL)
		rewrite_quantifier(r);
}

static const char *
why_not_compiled(struct ps_arena *a, const char *pattern)
{
	char text[256];
	regex_t re;
	int why = regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB);

	if (why == 0) {
		regfree(&re);
		return NULL;
	}
	(void)regerror(why, &re, text, sizeof text);
	return ps_strdup(a, text);
}

/* `len` of it is as it was written: a list of topics may be long. */
static const char *
too_costly(struct ps_arena *a, const char *pattern, size_t len)
{
	struct posix_cost c = posix_cost(pattern);

	if (c.is_too_deep)
		return ps_printf(a, "its groups are nested deeper than %d",
		    POSIX_DEPTH_MAX);
	if (c.characters > (long)len + REPEATS_MAX)
		return ps_printf(a,
		    "with its repeats written out it is more than %d "
		    "characters longer",
		    REPEATS_MAX);
	return NULL;
}

char *
consumer_pattern(struct ps_arena *a, const char *regex, struct ps_error *err)
{
	size_t len = strlen(regex);
	char *text = ps_alloc(a, 16 * len + 8);
	const char *why;
	struct rewrite r = { regex, text, false };

	put(&r, "^(");
	while (*r.s != '\0')
		rewrite_one(&r);
	put(&r, ")$");
	*r.out = '\0';
	why = r.broken || len == 0 ? not_supported : too_costly(a, text, len);
	if (why == NULL)
		why = why_not_compiled(a, text);
	if (why == NULL)
		return text;
	(void)ps_fail(err, PS_E_CONFIG,
	    "Invalid value %.200s for configuration topics.regex: %s", regex,
	    why);
	return NULL;
}

int
consumer_check_pattern(const char *regex, struct ps_error *err)
{
	struct ps_arena *a = arena_new(CHUNK);
	const char *pattern = consumer_pattern(a, regex, err);

	arena_free(&a);
	return pattern == NULL ? -1 : 0;
}
