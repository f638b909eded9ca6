#include "task/topic_groups.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"

#define DEFAULT                                                  \
	{ "topic.creation.default.cleanup.policy", "compact" },  \
	    { "topic.creation.default.partitions", "2" },        \
	{                                                        \
		"topic.creation.default.replication.factor", "3" \
	}
#define CONFIG(rows)                             \
	{                                        \
		rows, sizeof rows / sizeof *rows \
	}

static struct ps_arena *a;
static struct topic_groups *g;
static struct ps_error err;

static void
setup(void)
{
	a = arena_new(4096);
	g = NULL;
	ps_error_clear(&err);
}

static void
teardown(void)
{
	topic_groups_free(&g);
	arena_free(&a);
}

TestSuite(topic_groups, .init = setup, .fini = teardown);

Test(topic_groups, without_a_default_the_broker_decides)
{
	static const struct ps_setting rows[] = { { "topic.creation.groups",
	    "wide" } };
	struct ps_config c = CONFIG(rows);

	cr_assert(eq(int, topic_groups_new(a, &c, &g, &err), 0));
	cr_expect(g == NULL);
}

Test(topic_groups, the_first_group_that_takes_a_topic_makes_it)
{
	static const struct ps_setting rows[] = {
		DEFAULT,
		{ "topic.creation.groups", "logs, wide,default" },
		{ "topic.creation.logs.exclude", "logs-raw,.*-tmp" },
		{ "topic.creation.logs.include", "logs-.*" },
		{ "topic.creation.logs.partitions", "1" },
		{ "topic.creation.wide.include", "log.*,(a|b)" },
		{ "topic.creation.wide.partitions", "12" },
		{ "topic.creation.wide.replication.factor", "1" },
	};
	static const struct {
		const char *topic;
		int partitions, replicas;
	} cases[] = {
		{ "logs-web", 1, 3 }, /* replicas as in the default group */
		{ "logs-raw", 12, 1 },
		{ "logs-x-tmp", 12, 1 },
		{ "a", 12, 1 },
		{ "ab", 2, 3 }, /* the whole name has to match */
		{ "my-logs-web", 2, 3 },
		{ "", 2, 3 },
	};
	struct ps_config c = CONFIG(rows);

	cr_assert(eq(int, topic_groups_new(a, &c, &g, &err), 0), "%s",
	    err.text);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct admin_new_topic t =
		    topic_groups_match(g, a, cases[i].topic);

		cr_expect(eq(str, (char *)t.name, (char *)cases[i].topic));
		cr_expect(eq(int, t.partitions, cases[i].partitions), "%s",
		    cases[i].topic);
		cr_expect(eq(int, t.replicas, cases[i].replicas), "%s",
		    cases[i].topic);
	}
}

Test(topic_groups, other_keys_of_a_group_are_the_topics_configuration)
{
	static const struct ps_setting rows[] = {
		DEFAULT,
		{ "topic.creation.groups", "brief" },
		{ "topic.creation.brief.include", "b.*" },
		{ "topic.creation.brief.retention.ms", "1000" },
	};
	struct ps_config c = CONFIG(rows);
	struct admin_new_topic brief, other;

	cr_assert(eq(int, topic_groups_new(a, &c, &g, &err), 0));
	brief = topic_groups_match(g, a, "b1");
	other = topic_groups_match(g, a, "x");
	cr_assert(eq(sz, brief.configs.count, 1));
	cr_expect(eq(str, (char *)ps_config_str(&brief.configs, "retention.ms"),
	    "1000"));
	cr_assert(eq(sz, other.configs.count, 1));
	cr_expect(
	    eq(str, (char *)ps_config_str(&other.configs, "cleanup.policy"),
		"compact"));
}

Test(topic_groups, what_is_no_number_is_the_brokers_choice)
{
	static const struct ps_setting rows[] = {
		{ "topic.creation.default.partitions", "many" },
		{ "topic.creation.default.replication.factor", "-1" },
	};
	struct ps_config c = CONFIG(rows);
	struct admin_new_topic t;

	cr_assert(eq(int, topic_groups_new(a, &c, &g, &err), 0));
	t = topic_groups_match(g, a, "t");
	cr_expect(eq(int, t.partitions, -1));
	cr_expect(eq(int, t.replicas, -1));
}

Test(topic_groups, an_expression_that_does_not_compile_is_named)
{
	static const char *const keys[] = { "topic.creation.g.include",
		"topic.creation.g.exclude" };

	for (size_t i = 0; i < 2; i++) {
		const struct ps_setting rows[] = { DEFAULT, { keys[i], "a(" },
			{ "topic.creation.groups", "g" } };
		struct ps_config c = CONFIG(rows);

		ps_error_clear(&err);
		cr_assert(eq(int, topic_groups_new(a, &c, &g, &err), -1));
		cr_expect(eq(int, err.code, PS_E_CONFIG));
		cr_expect(strstr(err.text, "a(") != NULL, "%s", err.text);
		cr_expect(strstr(err.text, keys[i] + 17) != NULL, "%s",
		    err.text);
		cr_expect(g == NULL);
	}
}

Test(topic_groups, more_groups_than_there_is_room_for_are_refused)
{
	char names[1024] = "";
	const struct ps_setting rows[] = { DEFAULT,
		{ "topic.creation.groups", names } };
	struct ps_config c = CONFIG(rows);

	for (int i = 0; i < 64; i++)
		(void)snprintf(names + strlen(names),
		    sizeof names - strlen(names), "g%d,", i);
	cr_assert(eq(int, topic_groups_new(a, &c, &g, &err), -1));
	cr_expect(strstr(err.text, "more than 63 groups") != NULL, "%s",
	    err.text);
}
