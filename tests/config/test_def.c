#include "config/def.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/js.h"
#include "base/text.h"
#include "config/common.h"
#include "config/map.h"

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

static struct ps_arena *a;
static struct def_set *s;

static void
add(const struct key_table *t)
{
	def_set_add(s, t->keys, t->count, NULL, NULL);
}

static void
setup(void)
{
	a = arena_new(16384);
	s = def_set_new(a);
}

static void
teardown(void)
{
	arena_free(&a);
}

TestSuite(def, .init = setup, .fini = teardown);

static struct def_result *
validate(struct ps_setting *settings, size_t count)
{
	struct ps_config c = config_sorted(settings, count);

	return def_validate(a, s, &c);
}

/* The errors of a key, one per line. */
static char *
errors_of(struct def_result *r, const char *name)
{
	struct def_value *v = def_result_find(r, name);

	cr_assert_not_null(v, "%s", name);
	return text_join(a, v->errors, v->error_count, "\n");
}

/* What Kafka Connect 4.1 said about the same values. */
Test(def, errors_are_those_of_connect)
{
	struct ps_setting given[] = {
		{ "transforms", "a,a" },
		{ "predicates", " a , b ," },
		{ "exactly.once.support", "x" },
		{ "transaction.boundary", "y" },
		{ "transaction.boundary.interval.ms", "-3" },
		{ "tasks.max", "0" },
		{ "errors.tolerance", "" },
		{ "offsets.storage.topic", "" },
		{ "errors.log.enable", "maybe" },
		{ "errors.retry.timeout", "9999999999999999999" },
	};
	static const struct {
		const char *key, *error;
	} rows[] = {
		{ "name", "Missing required configuration \"name\" which has "
			  "no default value." },
		{ "connector.class",
		    "Missing required configuration \"connector.class\" "
		    "which has no default value." },
		{ "errors.retry.timeout",
		    "Invalid value 9999999999999999999 for configuration "
		    "errors.retry.timeout: Not a number of type LONG" },
		{ "offsets.storage.topic",
		    "Invalid value  for configuration offsets.storage.topic: "
		    "String must be non-empty" },
		{ "tasks.max", "Invalid value 0 for configuration tasks.max: "
			       "Value must be at least 1" },
		{ "transforms", "Invalid value [a, a] for configuration "
				"transforms: Duplicate alias provided." },
		{ "predicates", "" },
		{ "transaction.boundary",
		    "Invalid value y for configuration transaction.boundary: "
		    "String must be one of (case insensitive): INTERVAL, "
		    "POLL, CONNECTOR" },
		{ "exactly.once.support",
		    "Invalid value x for configuration exactly.once.support: "
		    "String must be one of (case insensitive): REQUIRED, "
		    "REQUESTED" },
		{ "transaction.boundary.interval.ms",
		    "Invalid value -3 for configuration "
		    "transaction.boundary.interval.ms: Value must be at "
		    "least 0" },
		{ "errors.tolerance",
		    "Invalid value  for configuration errors.tolerance: "
		    "String must be one of: none, all" },
		{ "errors.log.enable",
		    "Invalid value maybe for configuration "
		    "errors.log.enable: Expected value to be either true or "
		    "false" },
		{ "errors.log.include.messages", "" },
	};
	struct def_result *r;

	add(&common_connector_keys);
	add(&common_source_keys);
	r = validate(given, COUNT(given));
	for (size_t i = 0; i < COUNT(rows); i++)
		cr_assert(
		    eq(str, errors_of(r, rows[i].key), (char *)rows[i].error));
	cr_assert(eq(sz, def_error_count(r), 11));
	cr_assert_null(def_result_find(r, "errors.log.enable")->value);
	cr_assert_str_eq(def_result_find(r, "predicates")->value, "a,b,");
	cr_assert_str_eq(def_result_find(r, "topic.creation.groups")->value,
	    "");
}

Test(def, what_does_not_parse_is_also_held_against_the_rules_as_null)
{
	struct ps_setting given[] = { { "tasks.max", "x" },
		{ "transaction.boundary.interval.ms", "x" } };
	struct def_result *r;

	add(&common_connector_keys);
	add(&common_source_keys);
	r = validate(given, 2);
	cr_assert(eq(str, errors_of(r, "tasks.max"),
	    "Invalid value x for configuration tasks.max: Not a number of "
	    "type INT\nInvalid value null for configuration tasks.max: Value "
	    "must be non-null"));
	/* where null is the default there is nothing more to say */
	cr_assert(eq(sz,
	    def_result_find(r, "transaction.boundary.interval.ms")->error_count,
	    1));
}

Test(def, names_may_not_be_empty_nor_hold_control_characters)
{
	static const struct {
		const char *name, *error;
	} rows[] = {
		{ " a\x01\x7f\xc2\x85"
		  "b ",
		    "Invalid value a\x01\x7f\xc2\x85"
		    "b for configuration "
		    "name: String may not contain control sequences but had "
		    "the following ASCII chars: 1, 127, 133" },
		{ "", "Invalid value  for configuration name: String may not "
		      "be empty" },
		{ "  ", "Invalid value  for configuration name: String may "
			"not be empty" },
		{ "Bestellungen für €/100 %", "" },
	};

	add(&common_connector_keys);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ps_setting given = { "name", rows[i].name };

		cr_assert(eq(str, errors_of(validate(&given, 1), "name"),
		    (char *)rows[i].error));
	}
}

Test(def, regular_expressions_must_compile)
{
	struct ps_setting given[] = { { "topics.regex", "[a" },
		{ "topic.creation.g.include", "a.*,(b" },
		{ "topic.creation.g.exclude", "a.*,b|c" } };
	struct def_result *r;

	add(&common_sink_keys);
	common_add_topic_group(s, "g");
	r = validate(given, 3);
	cr_assert(text_starts(errors_of(r, "topics.regex"),
	    "Invalid value [a for configuration topics.regex: Invalid regex: "
	    "missing terminating ]"));
	cr_assert(text_starts(errors_of(r, "topic.creation.g.include"),
	    "Invalid value [a.*, (b] for configuration "
	    "topic.creation.g.include: Syntax error in regular expression: "
	    "missing closing parenthesis"));
	cr_assert(eq(str, errors_of(r, "topic.creation.g.exclude"), ""));
}

Test(def, sets_in_sets_would_mean_something_else_than_in_java)
{
	static const struct {
		const char *regex;
		bool good;
	} rows[] = { { "[a-z&&[^b]]*", false }, { "[a[b]]", false },
		{ "[[:alpha:]]", false }, { "[a&&b]", false },
		{ "x[^]&&y]", false }, { "[\\Q[\\E&&]", false },
		{ "(a|[]b[c]])", false }, { "[a&b]&&", true },
		{ "[\\[a]", true }, { "\\[a&&[b]", true },
		{ "\\Q[a&&[b]]\\E", true }, { "[\\Q[&&\\E]", true },
		{ "[]a^]+[^]x]", true }, { "[&]&&[&]", true } };
	struct ps_setting given = { "topics.regex", NULL };

	add(&common_sink_keys);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *found;

		given.value = rows[i].regex;
		found = errors_of(validate(&given, 1), "topics.regex");
		cr_assert(eq(int, *found == '\0', rows[i].good), "%s: %s",
		    rows[i].regex, found);
	}
}

Test(def, counts_of_topics_are_positive_or_the_brokers)
{
	struct ps_setting given[] = { { "topic.creation.g.partitions", "0" },
		{ "topic.creation.g.replication.factor", "-2" },
		{ "topic.creation.h.partitions", "-1" },
		{ "topic.creation.h.replication.factor", "3" } };
	struct def_result *r;

	common_add_topic_group(s, "g");
	common_add_topic_group(s, "h");
	r = validate(given, 4);
	cr_assert(eq(str, errors_of(r, "topic.creation.g.partitions"),
	    "Invalid value 0 for configuration topic.creation.g.partitions: "
	    "Number of partitions must be positive, or -1 to use the "
	    "broker's default"));
	cr_assert(eq(str, errors_of(r, "topic.creation.g.replication.factor"),
	    "Invalid value -2 for configuration "
	    "topic.creation.g.replication.factor: Replication factor must be "
	    "positive and not larger than the number of brokers in the Kafka "
	    "cluster, or -1 to use the broker's default"));
	cr_assert(eq(sz, def_error_count(r), 2));
}

static const char *const colours[] = { "red", "blue", NULL };
static const struct ps_key odd_keys[] = {
	{ .name = "short", .type = PS_KEY_SHORT, .default_value = "1" },
	{ .name = "double",
	    .type = PS_KEY_DOUBLE,
	    .default_value = "0.5",
	    .flags = PS_HAS_MIN | PS_HAS_MAX,
	    .min = 0,
	    .max = 1 },
	{ .name = "fields",
	    .type = PS_KEY_LIST,
	    .flags = PS_REQUIRED | PS_NOT_EMPTY },
	{ .name = "colours",
	    .type = PS_KEY_LIST,
	    .default_value = "red",
	    .choices = colours,
	    .flags = PS_UNIQUE },
	{ .name = "secret",
	    .type = PS_KEY_PASSWORD,
	    .flags = PS_NOT_EMPTY,
	    .default_value = "swordfish",
	    .group = "G",
	    .order = 2 },
	{ .name = "class", .type = PS_KEY_CLASS },
	{ .name = "old",
	    .type = PS_KEY_STRING,
	    .default_value = "off",
	    .flags = PS_UNSUPPORTED },
	{ .name = "older",
	    .type = PS_KEY_STRING,
	    .flags = PS_UNSUPPORTED,
	    .doc = "Use port." },
	{ .name = "gone",
	    .type = PS_KEY_STRING,
	    .flags = PS_REMOVED,
	    .doc = "use port" },
	{ .name = "port",
	    .type = PS_KEY_INT,
	    .default_value = "1",
	    .flags = PS_HAS_MAX,
	    .max = 65535 },
};

static char *
one_error(const char *key, const char *value)
{
	struct ps_setting given = { key, value };

	return errors_of(validate(&given, 1), key);
}

Test(def, each_type_and_rule_has_its_text)
{
	static const struct {
		const char *key, *value, *error;
	} rows[] = {
		{ "short", "32768",
		    "Invalid value 32768 for configuration "
		    "short: Not a number of type SHORT" },
		{ "short", " -5 ", "" },
		{ "double", "x",
		    "Invalid value x for configuration double: "
		    "Not a number of type DOUBLE\nInvalid value "
		    "null for configuration double: Value must "
		    "be non-null" },
		{ "double", "1.1",
		    "Invalid value 1.1 for configuration "
		    "double: Value must be no more than 1" },
		{ "double", "1e-3", "" },
		{ "fields", "",
		    "Invalid value [] for configuration fields: "
		    "Empty list" },
		{ "fields", "a", "" },
		{ "colours", "red,green",
		    "Invalid value [red, green] for configuration colours: "
		    "String must be one of: red, blue" },
		{ "colours", "red,blue,red",
		    "Configuration 'colours' values must not be "
		    "duplicated." },
		{ "secret", "",
		    "Invalid value [hidden] for configuration "
		    "secret: String must be non-empty" },
		{ "class", " org.example.C ", "" },
		{ "old", "off", "" },
		{ "old", "on",
		    "Invalid value on for configuration old: "
		    "penstock supports only the default of this "
		    "key, 'off'" },
		{ "older", "on",
		    "Invalid value on for configuration older: "
		    "penstock does not support this key, leave "
		    "it out: Use port" },
		{ "gone", "",
		    "Invalid value  for configuration gone: there is no such "
		    "key any more, use port" },
		{ "port", "65536",
		    "Invalid value 65536 for configuration "
		    "port: Value must be no more than 65535" },
	};

	def_set_add(s, odd_keys, COUNT(odd_keys), NULL, NULL);
	for (size_t i = 0; i < COUNT(rows); i++)
		cr_assert(eq(str, one_error(rows[i].key, rows[i].value),
		    (char *)rows[i].error));
}

Test(def, a_key_that_is_no_more_is_seen_only_when_it_is_set)
{
	def_set_add(s, odd_keys, COUNT(odd_keys), NULL, NULL);
	cr_assert(eq(ptr, def_result_find(validate(NULL, 0), "gone"), NULL));
	cr_assert(eq(int, *one_error("gone", "x"), (int)'I'));
}

Test(def, a_missing_list_that_may_not_be_empty_has_two_errors)
{
	def_set_embed(s, odd_keys, COUNT(odd_keys), "transforms.u.", "T", 2);
	cr_assert(eq(str, errors_of(validate(NULL, 0), "transforms.u.fields"),
	    "Missing required configuration \"transforms.u.fields\" which "
	    "has no default value.\nInvalid value null for configuration "
	    "fields: Empty list"));
}

Test(def, null_is_an_error_of_its_own)
{
	struct ps_setting given[] = { { "tasks.max", NULL },
		{ "unknown", NULL }, { "other", "x" } };
	struct def_result *r;

	add(&common_connector_keys);
	r = validate(given, 3);
	cr_assert(eq(str, errors_of(r, "tasks.max"),
	    "Invalid value null for configuration tasks.max: Value must be "
	    "non-null\nNull value can not be supplied as the configuration "
	    "value."));
	cr_assert(eq(str, errors_of(r, "unknown"),
	    "Null value can not be supplied as the configuration value."));
	cr_assert_null(def_result_find(r, "unknown")->key);
	cr_assert_null(def_result_find(r, "other"));
}

Test(def, of_two_rows_with_one_name_the_first_stays)
{
	static const struct ps_key again = { .name = "tasks.max",
		.type = PS_KEY_STRING };

	add(&common_connector_keys);
	def_set_add(s, &again, 1, NULL, "Other");
	def_set_embed(s, &again, 1, "", "Other", 0);
	cr_assert(eq(sz, def_set_count(s), common_connector_keys.count));
	cr_assert(eq(int, def_set_find(s, "tasks.max")->type, PS_KEY_INT));
	cr_assert_null(def_set_find(s, "tasks.min"));
}

Test(def, a_prefix_and_a_group_hold_for_all_rows_of_a_table)
{
	const struct ps_key *k;

	def_set_add(s, odd_keys, 2, "value.converter.", "Converter");
	k = def_set_find(s, "value.converter.double");
	cr_assert_str_eq(k->group, "Converter");
	cr_assert(eq(str, one_error("value.converter.double", "2"),
	    "Invalid value 2 for configuration value.converter.double: Value "
	    "must be no more than 1"));
}

Test(def, another_default_may_be_shown)
{
	add(&common_connector_keys);
	def_set_default(s, "key.converter", "Json");
	def_set_default(s, "no such key", "x");
	cr_assert_str_eq(
	    def_result_find(validate(NULL, 0), "key.converter")->value, "Json");
	cr_assert_eq(def_set_arena(s), a);
}

Test(def, the_text_for_people_lists_every_error)
{
	struct ps_setting given[] = { { "name", "n" },
		{ "connector.class", "C" }, { "tasks.max", "0" } };
	struct def_result *r;

	add(&common_connector_keys);
	r = validate(given, 3);
	def_error(r, "tasks.max", "also %d", 7);
	def_error(r, "elsewhere", "this");
	cr_assert(eq(str, def_error_text(r),
	    "Connector configuration is invalid and contains the following 3 "
	    "error(s):\nthis\nInvalid value 0 for configuration tasks.max: "
	    "Value must be at least 1\nalso 7\nYou can also find the above "
	    "list of errors at the endpoint "
	    "`/connector-plugins/{connectorType}/config/validate`"));
}

Test(def, the_json_is_connects)
{
	static const char *const groups[] = { "Common", "G" };
	struct ps_setting given[] = { { "secret", "hunter22" },
		{ "nothing", NULL } };
	struct def_result *r;
	struct def_value *v;
	json_t *j;

	def_set_add(s, &odd_keys[4], 1, NULL, NULL);
	r = validate(given, 2);
	v = def_result_find(r, "secret");
	v->recommended = groups;
	v->recommended_count = 2;
	v->hidden = true;
	j = def_result_json(r, "org.example.C", groups, 2);
	cr_assert(eq(str, js_dump(a, j),
	    "{\"name\":\"org.example.C\",\"error_count\":1,"
	    "\"groups\":[\"Common\",\"G\"],\"configs\":["
	    "{\"definition\":null,\"value\":{\"name\":\"nothing\","
	    "\"value\":null,\"recommended_values\":[],\"errors\":[\"Null "
	    "value can not be supplied as the configuration value.\"],"
	    "\"visible\":true}},"
	    "{\"definition\":{\"name\":\"secret\",\"type\":\"PASSWORD\","
	    "\"required\":false,\"default_value\":\"[hidden]\","
	    "\"importance\":\"HIGH\",\"documentation\":null,\"group\":\"G\","
	    "\"order_in_group\":2,\"width\":\"NONE\","
	    "\"display_name\":\"secret\",\"dependents\":[],\"order\":2},"
	    "\"value\":{\"name\":\"secret\",\"value\":\"[hidden]\","
	    "\"recommended_values\":[\"Common\",\"G\"],\"errors\":[],"
	    "\"visible\":false}}]}"));
	json_decref(j);
}

Test(def, a_row_without_a_group_has_no_place)
{
	json_t *j = def_key_json(&odd_keys[2]);

	cr_assert(eq(str, js_dump(a, j),
	    "{\"name\":\"fields\",\"type\":\"LIST\",\"required\":true,"
	    "\"default_value\":null,\"importance\":\"HIGH\","
	    "\"documentation\":null,\"group\":null,\"order_in_group\":-1,"
	    "\"width\":\"NONE\",\"display_name\":\"fields\","
	    "\"dependents\":[],\"order\":-1}"));
	json_decref(j);
}

Test(def, what_is_refused_is_not_described_as_if_it_worked)
{
	static const char *const one[] = { "ALWAYS", NULL };
	static const char *const two[] = { "ALWAYS", "NEVER", NULL };
	static const struct {
		struct ps_key key;
		const char *text;
	} rows[] = {
		{ { .flags = PS_UNSUPPORTED, .doc = "Why." },
		    "Not supported: Why." },
		{ { .flags = PS_UNSUPPORTED }, "Not supported." },
		{ { .flags = PS_UNSUPPORTED, .default_value = "off" },
		    "Not supported but for 'off'." },
		{ { .choices = one, .doc = "Why." },
		    "Not supported but for 'ALWAYS': Why." },
		{ { .choices = two, .doc = "Why." }, "Why." },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ps_key key = rows[i].key;
		json_t *j;

		key.name = "k";
		j = def_key_json(&key);
		cr_expect_str_eq(js_opt_str(j, "documentation"), rows[i].text);
		json_decref(j);
	}
}

static char *
shown(struct ps_config c)
{
	char *text = ps_strdup(a, "");

	for (size_t i = 0; i < c.count; i++)
		text = ps_printf(a, "%s%s=%s;", text, c.settings[i].key,
		    c.settings[i].value);
	return text;
}

Test(def, an_instance_gets_defaults_and_trimmed_values)
{
	struct ps_setting given[] = { { "short", " 7 " }, { "own", " x " },
		{ "port", NULL } };
	struct ps_config c = config_sorted(given, 3);

	def_set_add(s, odd_keys, COUNT(odd_keys), NULL, NULL);
	cr_assert(eq(str, shown(def_complete(a, s, &c, NULL)),
	    "colours=red;double=0.5;old=off;own= x ;port=1;"
	    "secret=swordfish;short=7;"));
}

Test(def, an_instance_behind_a_prefix_sees_its_own_keys)
{
	struct ps_setting given[] = { { "transforms.t.double", "0.25" },
		{ "transforms.tt.double", "0.75" }, { "short", "7" } };
	struct ps_config c = config_sorted(given, 3);

	def_set_add(s, odd_keys, 2, "transforms.t.", NULL);
	def_set_add(s, odd_keys, 2, NULL, NULL);
	cr_assert(eq(str, shown(def_complete(a, s, &c, "transforms.t.")),
	    "double=0.25;short=1;"));
}

Test(def, asking_beyond_the_rows_is_a_bug, .signal = SIGABRT)
{
	(void)def_set_at(s, 0);
}
