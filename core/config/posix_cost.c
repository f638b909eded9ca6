#include "config/posix_cost.h"

#include <stdlib.h>
#include <string.h>

struct cost {
	long sums[POSIX_DEPTH_MAX + 1]; /* of each group that is open */
	size_t depth;
	long last; /* what a repeat that follows repeats */
	struct posix_cost found;
};

static long
bounded(long n)
{
	return n > POSIX_COST_MAX ? POSIX_COST_MAX : n;
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
	if (c->depth == POSIX_DEPTH_MAX) {
		c->found.is_too_deep = true;
		return;
	}
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
	if (*p >= '1' && *p <= '9')
		c->found.refers_back = true;
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

struct posix_cost
posix_cost(const char *pattern)
{
	struct cost c = { .depth = 0 };

	while (*pattern != '\0' && !c.found.is_too_deep)
		pattern = take_one(&c, pattern);
	while (c.depth > 0)
		close_group(&c);
	c.found.characters = c.sums[0];
	return c.found;
}
