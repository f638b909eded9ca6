#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/template_impl.h"

#define PATTERN_MAX   200
#define REPEATS_MAX   1000
#define MATCHED_MAX   4096
#define ANCHORS_BYTES 8

/* How many single characters the pattern is once its repeats are written
 * out, as regcomp() does: X+ is XX*, X{2,9} nine X, also of groups. */
struct cost {
	long sums[PATTERN_MAX + 1]; /* of each group that is open */
	size_t depth;
	long last; /* what a repeat that follows repeats */
	bool refers_back;
};

static long
bounded(long n)
{
	return n > REPEATS_MAX ? REPEATS_MAX + 1 : n;
}

static void
add(struct cost *c, long last)
{
	c->sums[c->depth] = bounded(c->sums[c->depth] + last);
	c->last = last;
}

static void
repeat(struct cost *c, long times)
{
	long more = c->last * (times < 1 ? 0 : times - 1);

	c->sums[c->depth] = bounded(c->sums[c->depth] + more);
	c->last = bounded(c->last + more);
}

/* Behind a bracket expression whose [ was read. */
static const char *
skip_bracket(const char *p)
{
	p += *p == '^';
	p += *p == ']';
	for (; *p != '\0' && *p != ']'; p++)
		if (*p == '[' && (p[1] == ':' || p[1] == '.' || p[1] == '=')) {
			const char end[] = { p[1], ']', '\0' };
			const char *at = strstr(p + 2, end);

			p = at == NULL ? p : at + 1;
		}
	return *p == '\0' ? p : p + 1;
}

/* Behind the bounds whose { was read. */
static const char *
take_bounds(struct cost *c, const char *p)
{
	const char *comma = p + strcspn(p, ",}");
	long low = bounded(strtol(p, NULL, 10));
	long high = low;

	if (*comma == ',')
		high = bounded(strtol(comma + 1, NULL, 10));
	/* {3,} is three and a star. */
	repeat(c, high < low ? low + 1 : high);
	p += strcspn(p, "}");
	return *p == '\0' ? p : p + 1;
}

static void
open_group(struct cost *c)
{
	c->sums[++c->depth] = 0;
	c->last = 0;
}

static void
close_group(struct cost *c)
{
	if (c->depth > 0) {
		c->depth--;
		add(c, c->sums[c->depth + 1]);
	}
}

static const char *
take_escape(struct cost *c, const char *p)
{
	c->refers_back = c->refers_back || (*p >= '1' && *p <= '9');
	add(c, 1);
	return *p == '\0' ? p : p + 1;
}

static const char *
take_one(struct cost *c, const char *p)
{
	switch (*p++) {
	case '\\':
		return take_escape(c, p);
	case '[':
		add(c, 1);
		return skip_bracket(p);
	case '{':
		return take_bounds(c, p);
	case '+':
		repeat(c, 2);
		return p;
	case '(':
		open_group(c);
		return p;
	case ')':
		close_group(c);
		return p;
	case '*':
	case '?':
	case '|':
		return p;
	default:
		add(c, 1);
		return p;
	}
}

/* What would take the matcher more memory or time than a pattern is worth:
 * references back, and repeats of repeats. */
static const char *
too_costly(const char *pattern)
{
	struct cost c = { .depth = 0 };

	if (strlen(pattern) > PATTERN_MAX)
		return "it is longer than 200 bytes";
	while (*pattern != '\0')
		pattern = take_one(&c, pattern);
	while (c.depth > 0)
		close_group(&c);
	if (c.refers_back)
		return "it refers back to a group";
	return c.sums[0] > REPEATS_MAX ? "it repeats more than 1000 times"
				       : NULL;
}

static int
compile(const char *pattern, regex_t *out)
{
	char text[PATTERN_MAX + ANCHORS_BYTES];

	(void)snprintf(text, sizeof text, "^(%s)$", pattern);
	return regcomp(out, text, REG_EXTENDED | REG_NOSUB);
}

const char *
template_pattern_fault(const char *pattern)
{
	const char *why = too_costly(pattern);
	regex_t re;

	if (why != NULL)
		return why;
	if (compile(pattern, &re) != 0)
		return "it is no regular expression";
	regfree(&re);
	return NULL;
}

bool
template_pattern_matches(const char *pattern, const char *text)
{
	regex_t re;
	bool found;

	if (strlen(text) > MATCHED_MAX || too_costly(pattern) != NULL ||
	    compile(pattern, &re) != 0)
		return false;
	found = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	return found;
}
