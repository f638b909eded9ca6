#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>

#include "transforms.h"

#define MAX_TOPIC 249 /* Kafka's */

struct router {
	const struct ps_class *class;
	pcre2_code *regex;
	pcre2_match_data *match;
	char *replacement;
	uint32_t groups;
};

static void
destroy(void *state)
{
	struct router *t = (struct router *)state;

	pcre2_match_data_free(t->match);
	pcre2_code_free(t->regex);
	free(t->replacement);
	free(t);
}

static void *
create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	const char *regex = ps_config_str(c, "regex");
	struct router *t = (struct router *)calloc(1, sizeof *t);
	PCRE2_UCHAR why[256];
	PCRE2_SIZE where;
	int code;

	(void)h;
	assert(t != NULL);
	t->class = self;
	t->replacement = strdup(ps_config_str(c, "replacement"));
	assert(t->replacement != NULL);
	t->regex = pcre2_compile((PCRE2_SPTR)regex, PCRE2_ZERO_TERMINATED,
	    PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED, &code, &where,
	    NULL);
	if (t->regex == NULL) {
		(void)pcre2_get_error_message(code, why, sizeof why);
		(void)ps_fail(err, PS_E_CONFIG,
		    "Invalid value %s for configuration regex: Invalid regex: "
		    "%s at character %zu",
		    regex, (const char *)why, where);
		destroy(t);
		return NULL;
	}
	(void)pcre2_pattern_info(t->regex, PCRE2_INFO_CAPTURECOUNT, &t->groups);
	t->match = pcre2_match_data_create_from_pattern(t->regex, NULL);
	assert(t->match != NULL);
	return t;
}

struct name {
	char s[MAX_TOPIC + 1];
	size_t len;
};

static int
add(struct name *n, const char *s, size_t len, struct ps_error *err)
{
	if (len > MAX_TOPIC - n->len)
		return ps_fail(err, PS_E_DATA,
		    "the new topic name is longer than %d", MAX_TOPIC);
	memcpy(n->s + n->len, s, len);
	n->len += len;
	return 0;
}

static int
add_group(struct router *t, const char *topic, uint32_t group, struct name *n,
    struct ps_error *err)
{
	const PCRE2_SIZE *at =
	    pcre2_get_ovector_pointer(t->match) + 2 * (size_t)group;

	if (group > t->groups)
		return ps_fail(err, PS_E_DATA, "No group %u", group);
	if (at[0] == PCRE2_UNSET)
		return 0;
	return add(n, topic + at[0], at[1] - at[0], err);
}

/* ${name} */
static int
add_named(struct router *t, const char *topic, const char **p, struct name *n,
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
	return add_group(t, topic, (uint32_t)group, n, err);
}

/* $1: as many digits as still name a group, as in Java */
static int
add_reference(struct router *t, const char *topic, const char **p,
    struct name *n, struct ps_error *err)
{
	uint32_t group;

	if (**p == '{')
		return add_named(t, topic, p, n, err);
	if (!isdigit((unsigned char)**p))
		return ps_fail(err, PS_E_DATA, "Illegal group reference");
	group = (uint32_t)(*(*p)++ - '0');
	while (isdigit((unsigned char)**p) &&
	       group * 10 + (uint32_t)(**p - '0') <= t->groups)
		group = group * 10 + (uint32_t)(*(*p)++ - '0');
	return add_group(t, topic, group, n, err);
}

static int
build_name(struct router *t, const char *topic, struct name *n,
    struct ps_error *err)
{
	const char *p = t->replacement;
	int rc = 0;

	while (*p != '\0' && rc == 0) {
		if (*p == '$') {
			p++;
			rc = add_reference(t, topic, &p, n, err);
			continue;
		}
		if (*p == '\\' && *++p == '\0')
			return ps_fail(err, PS_E_DATA,
			    "character to be escaped is missing");
		rc = add(n, p++, 1, err);
	}
	return rc;
}

/* Records of one batch mostly have one topic: `last` and `to` remember it. */
static void
apply(void *state, struct ps_batch *b, struct ps_record *const *records,
    size_t count)
{
	struct router *t = (struct router *)state;
	const char *last = NULL, *to = NULL;
	struct ps_error err;
	int matched;

	ps_error_clear(&err);
	for (size_t i = 0; i < count; i++) {
		struct ps_record *r = records[i];
		struct name n = { .len = 0 };

		if (last != NULL &&
		    (r->topic == last || strcmp(r->topic, last) == 0)) {
			r->topic = to;
			continue;
		}
		matched = pcre2_match(t->regex, (PCRE2_SPTR)r->topic,
		    PCRE2_ZERO_TERMINATED, 0, 0, t->match, NULL);
		if (matched > 0 && build_name(t, r->topic, &n, &err) < 0) {
			ps_record_fail(b, r, PS_STAGE_TRANSFORMATION,
			    t->class->aliases[0], &err);
			ps_error_clear(&err);
			continue;
		}
		last = r->topic;
		to = matched > 0 ? ps_strndup(b->arena, n.s, n.len) : last;
		r->topic = to;
	}
}

const struct ps_transform_ops regex_router_ops = { create, apply, destroy };

const struct ps_key regex_router_keys[REGEX_ROUTER_KEYS] = {
	{ .name = "regex",
	    .type = PS_KEY_STRING,
	    .importance = PS_HIGH,
	    .flags = PS_REQUIRED | PS_REGEX,
	    .doc = "Regular expression to use for matching." },
	{ .name = "replacement",
	    .type = PS_KEY_STRING,
	    .importance = PS_HIGH,
	    .flags = PS_REQUIRED,
	    .doc = "Replacement string." },
};
