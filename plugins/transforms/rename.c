#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>

#include "rename.h"

struct rename {
	pcre2_code *regex;
	pcre2_match_data *match;
	char *replacement;
	uint32_t groups;
};

struct rename *
rename_new(const char *regex, const char *replacement, const char *key,
    struct ps_error *err)
{
	struct rename *t = (struct rename *)calloc(1, sizeof *t);
	PCRE2_UCHAR why[256];
	PCRE2_SIZE where;
	int code;

	assert(t != NULL);
	t->replacement = strdup(replacement);
	assert(t->replacement != NULL);
	t->regex = pcre2_compile((PCRE2_SPTR)regex, PCRE2_ZERO_TERMINATED,
	    PCRE2_UTF, &code, &where, NULL);
	if (t->regex == NULL) {
		(void)pcre2_get_error_message(code, why, sizeof why);
		(void)ps_fail(err, PS_E_CONFIG,
		    "Invalid value %s for configuration %s: Invalid regex: "
		    "%s at character %zu",
		    regex, key, (const char *)why, where);
		rename_free(&t);
		return NULL;
	}
	(void)pcre2_pattern_info(t->regex, PCRE2_INFO_CAPTURECOUNT, &t->groups);
	t->match = pcre2_match_data_create_from_pattern(t->regex, NULL);
	assert(t->match != NULL);
	return t;
}

void
rename_free(struct rename **rp)
{
	struct rename *t = *rp;

	if (t == NULL)
		return;
	pcre2_match_data_free(t->match);
	pcre2_code_free(t->regex);
	free(t->replacement);
	free(t);
	*rp = NULL;
}

static int
add(struct name *n, const char *s, size_t len, struct ps_error *err)
{
	if (len > RENAME_MAX - n->len)
		return ps_fail(err, PS_E_DATA,
		    "the new topic name is longer than %d", RENAME_MAX);
	memcpy(n->s + n->len, s, len);
	n->len += len;
	return 0;
}

static int
add_group(struct rename *t, const char *text, uint32_t group, struct name *n,
    struct ps_error *err)
{
	const PCRE2_SIZE *at =
	    pcre2_get_ovector_pointer(t->match) + 2 * (size_t)group;

	if (group > t->groups)
		return ps_fail(err, PS_E_DATA, "No group %u", group);
	if (at[0] == PCRE2_UNSET)
		return 0;
	return add(n, text + at[0], at[1] - at[0], err);
}

/* ${name} */
static int
add_named(struct rename *t, const char *text, const char **p, struct name *n,
    struct ps_error *err)
{
	const char *end = strchr(*p, '}');
	char name[64];
	int group;

	if (end == NULL || end == *p + 1 || end - *p > (ptrdiff_t)sizeof name)
		return ps_fail(err, PS_E_DATA,
		    "named capturing group is missing trailing '}'");
	memcpy(name, *p + 1, (size_t)(end - *p - 1));
	name[end - *p - 1] = '\0';
	if (isdigit((unsigned char)name[0]))
		return ps_fail(err, PS_E_DATA,
		    "capturing group name {%s} starts with digit character",
		    name);
	group = pcre2_substring_number_from_name(t->regex, (PCRE2_SPTR)name);
	if (group < 0)
		return ps_fail(err, PS_E_DATA, "No group with name {%s}", name);
	*p = end + 1;
	return add_group(t, text, (uint32_t)group, n, err);
}

/* $1: as many digits as still name a group, as in Java */
static int
add_reference(struct rename *t, const char *text, const char **p,
    struct name *n, struct ps_error *err)
{
	uint32_t group;

	if (**p == '{')
		return add_named(t, text, p, n, err);
	if (!isdigit((unsigned char)**p))
		return ps_fail(err, PS_E_DATA, "Illegal group reference");
	group = (uint32_t)(*(*p)++ - '0');
	while (isdigit((unsigned char)**p) &&
	       group * 10 + (uint32_t)(**p - '0') <= t->groups)
		group = group * 10 + (uint32_t)(*(*p)++ - '0');
	return add_group(t, text, group, n, err);
}

static int
build_name(struct rename *t, const char *text, struct name *n,
    struct ps_error *err)
{
	const char *p = t->replacement;
	int rc = 0;

	while (*p != '\0' && rc == 0) {
		if (*p == '$') {
			p++;
			rc = add_reference(t, text, &p, n, err);
			continue;
		}
		if (*p == '\\' && *++p == '\0')
			return ps_fail(err, PS_E_DATA,
			    "character to be escaped is missing");
		rc = add(n, p++, 1, err);
	}
	return rc;
}

/* Java first asks whether all of it matches, then replaces what it finds
 * first, which may be less: "x|xy" matches xy as a whole and is x in it. */
int
rename_apply(struct rename *t, const char *s, size_t len, struct name *out,
    struct ps_error *err)
{
	const PCRE2_SIZE *at = pcre2_get_ovector_pointer(t->match);

	out->len = 0;
	if (pcre2_match(t->regex, (PCRE2_SPTR)s, len, 0,
		PCRE2_ANCHORED | PCRE2_ENDANCHORED, t->match, NULL) <= 0)
		return 0;
	if (pcre2_match(t->regex, (PCRE2_SPTR)s, len, 0, 0, t->match, NULL) <=
	    0)
		return 0;
	if (add(out, s, at[0], err) < 0 || build_name(t, s, out, err) < 0 ||
	    add(out, s + at[1], len - at[1], err) < 0)
		return -1;
	out->s[out->len] = '\0';
	return 1;
}
