#define PCRE2_CODE_UNIT_WIDTH 8
#include "task/topic_groups.h"

#include <pcre2.h>
#include <string.h>

#include "base/text.h"
#include "config/map.h"

enum { GROUPS_MAX = 64 };

struct group {
	const char *name;
	pcre2_code *include, *exclude; /* NULL: none */
	int partitions, replicas;
	struct ps_config configs;
};

struct topic_groups {
	struct group groups[GROUPS_MAX]; /* the last is the default */
	size_t count;
	pcre2_match_data *match;
};

/* A list of expressions, OR-ed, for the whole name. */
static int
compile(struct ps_arena *a, const struct ps_config *own, const char *key,
    pcre2_code **out, struct ps_error *err)
{
	struct ps_list list = ps_config_list(own, key, a);
	const char *text;
	PCRE2_SIZE at;
	int code;

	*out = NULL;
	if (list.count == 0)
		return 0;
	text =
	    ps_printf(a, "(?:%s)", text_join(a, list.items, list.count, "|"));
	*out = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
	    PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_UTF, &code, &at, NULL);
	if (*out == NULL)
		return ps_fail(err, PS_E_CONFIG,
		    "topic.creation: %s %s is no regular expression", key,
		    text);
	return 0;
}

static int
number(const struct ps_config *own, const char *key, int absent)
{
	int64_t value;

	if (text_int64(ps_config_str(own, key), -1, INT32_MAX, &value) != 0)
		return absent;
	return (int)value;
}

/* What is no key of the group itself is a configuration of the topic. */
static struct ps_config
topic_configs(struct ps_arena *a, const struct ps_config *own)
{
	static const char *const group_keys[] = { "include", "exclude",
		"replication.factor", "partitions" };
	struct ps_config c = *own;

	for (size_t i = 0; i < sizeof group_keys / sizeof *group_keys; i++)
		c = config_with(a, &c, group_keys[i], NULL);
	return c;
}

static int
add_group(struct topic_groups *g, struct ps_arena *a, const struct ps_config *c,
    const char *name, struct ps_error *err)
{
	struct group *group = &g->groups[g->count];
	struct ps_config own =
	    config_prefixed(a, c, ps_printf(a, "topic.creation.%s.", name));
	struct ps_config base =
	    config_prefixed(a, c, "topic.creation.default.");

	if (g->count == GROUPS_MAX)
		return ps_fail(err, PS_E_CONFIG,
		    "topic.creation.groups has more than %d groups",
		    GROUPS_MAX - 1);
	group->name = name;
	group->partitions =
	    number(&own, "partitions", number(&base, "partitions", -1));
	group->replicas = number(&own, "replication.factor",
	    number(&base, "replication.factor", -1));
	group->configs = topic_configs(a, &own);
	g->count++;
	if (compile(a, &own, "include", &group->include, err) != 0 ||
	    compile(a, &own, "exclude", &group->exclude, err) != 0)
		return -1;
	return 0;
}

int
topic_groups_new(struct ps_arena *a, const struct ps_config *c,
    struct topic_groups **out, struct ps_error *err)
{
	struct ps_list names = ps_config_list(c, "topic.creation.groups", a);
	struct topic_groups *g;
	int result = 0;

	*out = NULL;
	if (!ps_config_has(c, "topic.creation.default.replication.factor"))
		return 0;
	g = (struct topic_groups *)ps_calloc(a, 1, sizeof *g);
	g->match = pcre2_match_data_create(1, NULL);
	for (size_t i = 0; i < names.count && result == 0; i++)
		if (strcmp(names.items[i], "default") != 0)
			result = add_group(g, a, c, names.items[i], err);
	if (result == 0)
		result = add_group(g, a, c, "default", err);
	*out = g;
	if (result != 0)
		topic_groups_free(out);
	return result;
}

void
topic_groups_free(struct topic_groups **gp)
{
	struct topic_groups *g = *gp;

	if (g == NULL)
		return;
	for (size_t i = 0; i < g->count; i++) {
		pcre2_code_free(g->groups[i].include);
		pcre2_code_free(g->groups[i].exclude);
	}
	pcre2_match_data_free(g->match);
	*gp = NULL;
}

static bool
matches(const struct topic_groups *g, const pcre2_code *code, const char *s)
{
	return code != NULL && pcre2_match(code, (PCRE2_SPTR)s, strlen(s), 0, 0,
				   g->match, NULL) >= 0;
}

struct admin_new_topic
topic_groups_match(const struct topic_groups *g, struct ps_arena *a,
    const char *topic)
{
	const struct group *group = &g->groups[g->count - 1];

	for (size_t i = 0; i + 1 < g->count; i++)
		if (matches(g, g->groups[i].include, topic) &&
		    !matches(g, g->groups[i].exclude, topic)) {
			group = &g->groups[i];
			break;
		}
	return (struct admin_new_topic){ .name = ps_strdup(a, topic),
		.partitions = group->partitions,
		.replicas = group->replicas,
		.configs = group->configs };
}
