#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "config/posix_cost.h"
#include "config/template_impl.h"

#define PATTERN_MAX   200
#define REPEATS_MAX   1000
#define MATCHED_MAX   4096
#define ANCHORS_BYTES 8

/* What would take the matcher more memory or time than a pattern is worth:
 * references back, and repeats of repeats. */
static const char *
too_costly(const char *pattern)
{
	struct posix_cost c;

	if (strlen(pattern) > PATTERN_MAX)
		return "it is longer than 200 bytes";
	c = posix_cost(pattern);
	if (c.refers_back)
		return "it refers back to a group";
	return c.characters > REPEATS_MAX ? "it repeats more than 1000 times"
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
