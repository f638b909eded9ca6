#include "config/common.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/js.h"
#include "config/check.h"

static struct ps_arena *a;

static void
setup(void)
{
	a = arena_new(16384);
}

static void
teardown(void)
{
	arena_free(&a);
}

TestSuite(common, .init = setup, .fini = teardown);

/* One row of tests/data/keys.txt, made by Vectors.java from Kafka's jars. */
struct expected {
	char *name, *type, *usual, *importance, *group, *order, *width, *shown;
};

static struct expected
cut(char *line)
{
	struct expected e;
	char **fields[] = { &e.name, &e.type, &e.usual, &e.importance, &e.group,
		&e.order, &e.width, &e.shown };

	for (size_t i = 0; i < 8; i++) {
		*fields[i] = line;
		line += strcspn(line, "\t\n");
		*line++ = '\0';
	}
	return e;
}

/* The file behind [section]. */
static FILE *
open_section(const char *section)
{
	FILE *f = fopen(TESTS "/data/keys.txt", "r");
	char line[512];

	cr_assert_not_null(f);
	while (fgets(line, sizeof line, f) != NULL)
		if (line[0] == '[' &&
		    strncmp(line + 1, section, strlen(section)) == 0)
			return f;
	cr_assert_null(f, "no section %s", section);
	return NULL;
}

static void
usual_is(const struct ps_key *k, const char *usual)
{
	if (strcmp(usual, "required") == 0) {
		cr_assert(k->flags & PS_REQUIRED, "%s", k->name);
	} else if (strcmp(usual, "null") == 0) {
		cr_assert_null(k->default_value, "%s", k->name);
	} else {
		cr_assert_not_null(k->default_value, "%s", k->name);
		cr_assert_str_eq(ps_printf(a, "'%s'", k->default_value), usual,
		    "%s", k->name);
	}
}

static void
is_as_in_kafka(const struct ps_key *k, const struct expected *e)
{
	json_t *j = def_key_json(k);

	cr_assert_str_eq(k->name, e->name);
	cr_assert_str_eq(js_opt_str(j, "type"), e->type, "%s", k->name);
	usual_is(k, e->usual);
	cr_assert_str_eq(js_opt_str(j, "importance"), e->importance);
	if (strcmp(e->group, "null") == 0)
		cr_assert_null(js_opt_str(j, "group"));
	else
		cr_assert_str_eq(js_opt_str(j, "group"), e->group);
	cr_assert_str_eq(ps_printf(a, "%d", (int)js_opt_int(j, "order", 99)),
	    e->order);
	cr_assert(eq(i64, js_opt_int(j, "order_in_group", 98),
	    js_opt_int(j, "order", 99)));
	cr_assert_str_eq(js_opt_str(j, "width"), e->width);
	cr_assert_str_eq(js_opt_str(j, "display_name"), e->shown);
	cr_assert(gt(sz, strlen(js_opt_str(j, "documentation")), 10));
	json_decref(j);
}

/* All rows of a section, in its order. */
static void
compare(const char *section, const struct key_table *const *tables)
{
	FILE *f = open_section(section);
	char line[512];

	for (; *tables != NULL; tables++)
		for (size_t i = 0; i < (*tables)->count; i++) {
			struct expected e;

			cr_assert_not_null(fgets(line, sizeof line, f));
			e = cut(line);
			is_as_in_kafka(&(*tables)->keys[i], &e);
		}
	cr_assert(fgets(line, sizeof line, f) == NULL || line[0] == '[');
	(void)fclose(f);
}

Test(common, connector_keys_are_those_of_kafka_in_order)
{
	const struct key_table *const sink[] = { &common_connector_keys,
		&common_sink_keys, &common_dead_letter_keys, NULL };
	const struct key_table *const source[] = { &common_connector_keys,
		&common_source_keys, NULL };

	compare("sink", sink);
	compare("source", source);
}

/* What 4.1 does not have, or has otherwise for a reason. */
static bool
is_ours(const char *name)
{
	static const char *const names[] = {
		"bootstrap.servers", /* required since 4.2 */
		"connector.client.config.override.allowlist", /* 4.2 */
		"listeners",                                  /* loopback */
		"scheduled.rebalance.max.delay.ms", /* restarts are cheap */
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* Each row of ours is in the section, whatever else is. */
static void
is_part_of(const struct key_table *t, const char *section)
{
	char line[512];

	for (size_t i = 0; i < t->count; i++) {
		FILE *f = open_section(section);
		struct expected e = { .name = "" };

		while (!is_ours(t->keys[i].name) &&
		       strcmp(e.name, t->keys[i].name) != 0) {
			cr_assert_not_null(fgets(line, sizeof line, f),
			    "no %s in %s", t->keys[i].name, section);
			e = cut(line);
		}
		if (!is_ours(t->keys[i].name))
			is_as_in_kafka(&t->keys[i], &e);
		(void)fclose(f);
	}
}

Test(common, worker_keys_are_those_of_kafka)
{
	is_part_of(&worker_common_keys, "distributed");
	is_part_of(&worker_distributed_keys, "distributed");
	is_part_of(&worker_standalone_keys, "standalone");
}

Test(common, every_default_passes_its_own_row)
{
	static const struct key_table *const tables[] = {
		&common_connector_keys, &common_sink_keys, &common_source_keys,
		&common_dead_letter_keys, &common_topic_group_keys,
		&common_transform_keys, &common_predicate_keys,
		&common_penstock_keys, &worker_common_keys,
		&worker_distributed_keys, &worker_standalone_keys,
		&worker_penstock_keys
	};

	for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
		for (size_t i = 0; i < tables[t]->count; i++) {
			const struct ps_key *k = &tables[t]->keys[i];
			struct check_value v;

			if (k->flags & PS_REQUIRED)
				continue;
			cr_assert_null(check_parse(a, k, k->default_value, &v));
			cr_assert_null(check_rules(a, k, k->name, &v), "%s",
			    k->name);
		}
}

Test(common, penstocks_own_keys_are_in_a_group_of_their_own)
{
	const struct key_table *t = &common_penstock_keys;

	for (size_t i = 0; i < t->count; i++) {
		cr_assert_str_eq(t->keys[i].group, "Penstock");
		cr_assert(eq(int, t->keys[i].order, (int)i + 1));
	}
}

static const struct ps_key plugin_rows[] = {
	{ .name = "replacement",
	    .type = PS_KEY_STRING,
	    .flags = PS_REQUIRED,
	    .importance = PS_HIGH,
	    .doc = "text",
	    .order = -1 },
	{ .name = "fields",
	    .type = PS_KEY_LIST,
	    .default_value = "",
	    .flags = PS_NOT_EMPTY,
	    .importance = PS_MEDIUM,
	    .doc = "text",
	    .order = -1 },
	{ .name = "aaa",
	    .type = PS_KEY_STRING,
	    .default_value = "",
	    .importance = PS_LOW,
	    .doc = "text",
	    .order = -1 },
	{ .name = "regex",
	    .type = PS_KEY_STRING,
	    .flags = PS_REQUIRED,
	    .importance = PS_HIGH,
	    .doc = "text",
	    .order = -1 },
};

Test(common, a_transforms_rows_are_one_sorted_list)
{
	static const struct {
		const char *name, *display;
	} rows[] = {
		{ "transforms.r.type", "Transformation type for r" },
		{ "transforms.r.plugin.version",
		    "Transformation version for r" },
		{ "transforms.r.regex", "regex" },
		{ "transforms.r.replacement", "replacement" },
		{ "transforms.r.fields", "fields" },
		{ "transforms.r.negate", "negate" },
		{ "transforms.r.predicate", "predicate" },
		{ "transforms.r.aaa", "aaa" },
	};
	struct def_set *s = def_set_new(a);

	common_add_transform(s, "r", &(struct key_table){ plugin_rows, 4 });
	cr_assert(eq(sz, def_set_count(s), 8));
	for (size_t i = 0; i < 8; i++) {
		const struct ps_key *k = def_set_at(s, i);

		cr_assert_str_eq(k->name, rows[i].name);
		cr_assert_str_eq(k->display, rows[i].display);
		cr_assert_str_eq(k->group, "Transforms: r");
		cr_assert(eq(int, k->order, (int)i));
	}
}

Test(common, a_predicates_rows_have_no_predicate)
{
	struct def_set *s = def_set_new(a);

	common_add_predicate(s, "p", &(struct key_table){ plugin_rows, 1 });
	cr_assert(eq(sz, def_set_count(s), 3));
	cr_assert_str_eq(def_set_at(s, 0)->name, "predicates.p.type");
	cr_assert_str_eq(def_set_at(s, 2)->name, "predicates.p.replacement");
	cr_assert_str_eq(def_set_at(s, 2)->group, "Predicates: p");
	common_add_predicate(s, "q", &(struct key_table){ NULL, 0 });
	cr_assert(eq(sz, def_set_count(s), 5));
}

Test(common, the_default_group_of_topics_must_be_given)
{
	struct def_set *s = def_set_new(a);
	const struct ps_key *k;

	common_add_topic_group(s, "default");
	common_add_topic_group(s, "big");
	k = def_set_find(s, "topic.creation.default.partitions");
	cr_assert(ne(u32, k->flags & PS_REQUIRED, 0));
	k = def_set_find(s, "topic.creation.big.partitions");
	cr_assert(zero(u32, k->flags & PS_REQUIRED));
	cr_assert_str_eq(k->group, "Topic Creation: big");
	cr_assert_str_eq(k->display, "Partition Count for Topics in big");
	k = def_set_find(s, "topic.creation.default.include");
	cr_assert_str_eq(k->default_value, ".*");
}
