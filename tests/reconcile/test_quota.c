#include "reconcile/quota.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "base/arena.h"

static struct ps_arena *a;
static struct metric_registry *metrics;
static struct configs *configs;
static struct quota q;
static struct ps_error err;
static int64_t offset;

static void
on_event(void *ctx, const struct configs_event *e)
{
	(void)ctx;
	(void)e;
}

static void
apply(struct store_pair record)
{
	configs_apply(configs, &record, offset++, CONFIGS_LIVE);
}

static struct ps_config
config(const char *tasks_max)
{
	struct ps_setting *s = ps_calloc(a, 2, sizeof *s);

	s[0] = (struct ps_setting){ "connector.class", "C" };
	s[1] = (struct ps_setting){ "tasks.max", tasks_max };
	return (struct ps_config){ s, tasks_max == NULL ? 1 : 2 };
}

static void
put(const char *name, const char *tasks_max)
{
	struct ps_config c = config(tasks_max);

	apply(configs_put_connector(a, name, &c));
}

/* Three connectors and seven tasks are allowed; there are two, and four. */
static void
setup(void)
{
	static struct ps_setting settings[] = {
		{ "quota.config.max.bytes", "40" },
		{ "quota.connectors.max", "3" },
		{ "quota.tasks.max", "7" },
	};
	static struct options o = { .all = { settings, 3 } };

	a = arena_new(4096);
	metrics = metric_new(100);
	quota_begin(metrics);
	configs = configs_new(on_event, NULL);
	q = (struct quota){ &o, configs, metrics };
	put("a", "3");
	put("b", NULL);
}

static void
teardown(void)
{
	configs_free(&configs);
	metric_free(&metrics);
	arena_free(&a);
}

TestSuite(quota, .init = setup, .fini = teardown, .timeout = 20);

static int
check(const struct quota_change *changes, size_t count,
    const struct quota_size *pending)
{
	struct quota_size growth = quota_growth(&q, changes, count);

	err = (struct ps_error){ 0 };
	return quota_check_growth(&q, pending, &growth, &err);
}

static int
check_one(const char *name, const char *tasks_max)
{
	struct ps_config c = config(tasks_max);
	struct quota_change change = quota_change(&q, name, &c);
	struct quota_size none = { 0, 0 };

	return check(&change, 1, &none);
}

static void
expect_refused(const char *quota, double times)
{
	struct buf b;
	char line[128];

	buf_init(&b, 65536);
	cr_assert(eq(int, metric_print(metrics, &b), 0));
	(void)snprintf(line, sizeof line,
	    "penstock_quota_refused_total{quota=\"%s\"} %g\n", quota, times);
	cr_assert(ne(ptr, strstr(buf_str(&b), line), NULL), "%s", buf_str(&b));
	buf_fini(&b);
}

static const struct {
	const char *name, *tasks_max;
	bool fits;
} changes[] = {
	{ "c", "3", true }, { "c", "4", false }, { "a", "6", true },
	{ "a", "7", false }, { "a", "1", true },
	{ "b", "${file:x:y}", true }, /* who makes tasks takes it for 1 too */
};

Test(quota, what_is_asked_beside_what_is_there_has_to_fit)
{
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
		cr_assert(
		    eq(int, check_one(changes[i].name, changes[i].tasks_max),
			changes[i].fits ? 0 : -1));
	expect_refused("tasks", 2);
}

Test(quota, the_refusal_names_quota_value_and_what_was_asked)
{
	put("c", NULL);
	cr_assert(eq(int, check_one("d", NULL), -1));
	cr_assert(eq(int, err.code, PS_E_CONFIG));
	cr_assert(eq(str, err.text,
	    "The cluster has 3 connectors and is asked for 1 more: the quota "
	    "quota.connectors.max is 3"));
	cr_assert(eq(int, check_one("c", "4"), -1));
	cr_assert(eq(str, err.text,
	    "The cluster's connectors may have 5 tasks by their tasks.max and "
	    "are asked for 3 more: the quota quota.tasks.max is 7"));
	expect_refused("connectors", 1);
	expect_refused("tasks", 1);
	expect_refused("config", 0);
}

Test(quota, what_is_too_much_already_may_change_but_not_grow)
{
	put("c", "20");
	put("d", NULL);
	cr_assert(eq(int, check_one("c", "20"), 0));
	cr_assert(eq(int, check_one("c", "19"), 0));
	cr_assert(eq(int, check_one("c", "21"), -1));
	cr_assert(eq(int, check_one("e", NULL), -1));
}

Test(quota, what_goes_makes_room_for_what_comes_with_it)
{
	struct ps_config c = config("3");
	struct quota_change both[] = { quota_change(&q, "c", &c),
		quota_change(&q, "d", &c), quota_change(&q, "a", NULL) };
	struct quota_size none = { 0, 0 };

	cr_assert(eq(int, check(both, 2, &none), -1));
	cr_assert(eq(int, check(both, 3, &none), 0));
}

Test(quota, what_is_being_written_counts_until_it_is_read_and_once)
{
	struct ps_config c = config("3");
	struct quota_change written = quota_change(&q, "c", &c);
	struct quota_change next = quota_change(&q, "d", &c);
	struct quota_size pending = quota_growth(&q, &written, 1);

	cr_assert(eq(i64, pending.connectors, 1));
	cr_assert(eq(i64, pending.tasks, 3));
	cr_assert(eq(int, check(&next, 1, &pending), -1));
	put("c", "3");
	pending = quota_growth(&q, &written, 1);
	cr_assert(eq(i64, pending.connectors, 0));
	cr_assert(eq(i64, pending.tasks, 0));
}

Test(quota, a_configuration_has_a_size)
{
	struct ps_config c = config("12345"); /* 30 bytes */
	struct ps_config large = config("1234567890123456");

	err = (struct ps_error){ 0 };
	cr_assert(eq(int, quota_check_config(&q, "x", &c, &err), 0));
	cr_assert(eq(int, quota_check_config(&q, "x", &large, &err), -1));
	cr_assert(eq(str, err.text,
	    "The configuration of connector x has 41 bytes: the quota "
	    "quota.config.max.bytes is 40"));
	expect_refused("config", 1);
}

Test(quota, a_configuration_that_is_too_large_already_may_change_but_not_grow)
{
	struct ps_config less = config("1234567890123456");
	struct ps_config more = config("123456789012345678");

	put("x", "12345678901234567"); /* 42 bytes */
	cr_assert(eq(int, quota_check_config(&q, "x", &less, &err), 0));
	put("x", "1234567890123456");
	cr_assert(eq(int, quota_check_config(&q, "x", &less, &err), 0));
	cr_assert(eq(int, quota_check_config(&q, "x", &more, &err), -1));
	cr_assert(eq(int, quota_check_config(&q, "a", &less, &err), -1));
}

static void
commit(const char *name, size_t count)
{
	struct ps_config maps[16];
	struct store_pairs pairs;

	for (size_t i = 0; i < count; i++)
		maps[i] = config(NULL);
	pairs = configs_put_tasks(a, name, maps, count);
	for (size_t i = 0; i < pairs.count; i++)
		apply(pairs.items[i]);
	apply(configs_put_commit(a, name, count));
}

Test(quota, task_configs_that_no_request_made_room_for_have_to_fit)
{
	err = (struct ps_error){ 0 };
	commit("a", 3);
	commit("b", 2);
	cr_assert(eq(int, quota_check_tasks(&q, "b", 4, &err), 0));
	cr_assert(eq(int, quota_check_tasks(&q, "b", 5, &err), -1));
	cr_assert(eq(int, err.code, PS_E_RETRY));
	cr_assert(eq(str, err.text,
	    "Connector b has made 5 tasks, 3 more than it has, and the "
	    "cluster has 5: the quota quota.tasks.max is 7"));
	commit("a", 9);
	err = (struct ps_error){ 0 };
	cr_assert(eq(int, quota_check_tasks(&q, "b", 2, &err), 0));
	cr_assert(eq(int, quota_check_tasks(&q, "a", 8, &err), 0));
	cr_assert(eq(int, quota_check_tasks(&q, "b", 3, &err), -1));
}

Test(quota, without_one_there_is_no_limit)
{
	static struct options o = { .all = { NULL, 0 } };

	q.options = &o;
	cr_assert(eq(int, check_one("c", "2000000000"), 0));
	cr_assert(eq(int, quota_check_tasks(&q, "b", SIZE_MAX, &err), 0));
}
