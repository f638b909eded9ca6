/*
 * regex: where a regular expression of Java's means something else to PCRE2.
 *
 * What only one of them knows mostly does not compile. Sets in sets compile
 * and are something else: [a-z&&[^b]] is a to z without b in Java, and in
 * PCRE2 one of a to z, & and [ and ^, with ] behind it. They are refused.
 */
#ifndef PENSTOCK_REGEX_H
#define PENSTOCK_REGEX_H

#include <stddef.h>
#include <string.h>

/* Behind what a backslash begins: one character, or all up to \E. */
static inline const char *
ps_regex_escaped(const char *p)
{
	const char *end;

	if (*p == 'Q') {
		end = strstr(p, "\\E");
		return end == NULL ? p + strlen(p) : end + 2;
	}
	return *p == '\0' ? p : p + 1;
}

/* Behind the set whose first character `p` is at, or NULL and `why`. */
static inline const char *
ps_regex_set(const char *p, const char **why)
{
	p += *p == '^';
	p += *p == ']'; /* the first one is a character */
	while (*p != '\0' && *p != ']') {
		if (*p == '\\') {
			p = ps_regex_escaped(p + 1);
			continue;
		}
		if (*p == '[')
			*why = "a [ in a set begins another set in Java, which "
			       "is not supported here: write \\[ for the "
			       "character";
		if (*p == '&' && p[1] == '&')
			*why = "&& in a set intersects sets in Java, which is "
			       "not supported here: write \\&\\& for the "
			       "characters";
		if (*why != NULL)
			return NULL;
		p++;
	}
	return *p == '\0' ? p : p + 1;
}

/* NULL: both read it alike, or it does not compile. */
static inline const char *
ps_regex_differs(const char *p)
{
	const char *why = NULL;

	while (p != NULL && *p != '\0') {
		if (*p == '\\')
			p = ps_regex_escaped(p + 1);
		else if (*p == '[')
			p = ps_regex_set(p + 1, &why);
		else
			p++;
	}
	return why;
}

#endif
