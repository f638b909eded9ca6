#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <librdkafka/rdkafka.h>

#include "base/arena.h"
#include "tests/live/live.h"

#define LIMIT_MS 10000

/* What the last answer said. */
struct got {
	int answers, code, partitions, replicas;
	size_t count;
	int64_t offset, offsets[4];
	int codes[4];
	char policy[32], text[256];
};

static void
on_answer(void *ctx, const struct admin_answer *a)
{
	struct got *g = ctx;

	g->answers++;
	g->code = a->code;
	g->count = a->count;
	(void)snprintf(g->text, sizeof g->text, "%.200s", a->error.text);
	for (size_t i = 0; i < a->count && i < 4; i++) {
		g->codes[i] = a->items[i].code;
		g->offsets[i] = a->items[i].offset;
		g->partitions = a->items[0].partitions;
		g->replicas = a->items[0].replicas;
		(void)snprintf(g->policy, sizeof g->policy, "%s",
		    ps_config_str(&a->items[0].configs, "cleanup.policy"));
	}
}

static struct admin_call
call(struct got *g)
{
	*g = (struct got){ .answers = 0 };
	return (struct admin_call){ on_answer, g, LIMIT_MS };
}

static void
wait_answer(struct live *v, const struct got *g)
{
	for (int i = 0; i < 200 && g->answers == 0; i++)
		(void)admin_serve(v->admin, 100);
	cr_assert(eq(int, g->answers, 1));
}

/* A broker that does not lead or coordinate yet says so. */
static bool
is_early(const struct got *g)
{
	bool early = g->code != 0;

	for (size_t i = 0; i < g->count && i < 4; i++)
		early |= g->codes[i] != 0;
	return early;
}

#define PATIENTLY(order)                            \
	for (int tries = 0; tries < 100; tries++) { \
		order;                              \
		wait_answer(&v, &g);                \
		if (!is_early(&g))                  \
			break;                      \
		(void)usleep(100000);               \
	}

Test(admin, topics_are_made_described_and_deleted, .timeout = 30)
{
	struct live v;
	struct got g;
	char name[32];
	const char *names[2] = { name, "no-such-topic" };
	struct admin_new_topic again = { name, 3, 1, { NULL, 0 } };

	live_start(&v);
	live_topic(&v, name, sizeof name, 3);
	admin_create_topics(v.admin, &again, 1, call(&g));
	wait_answer(&v, &g);
	cr_expect(eq(int, g.codes[0], 0), "already there is fine");
	admin_describe_topics(v.admin, names, 2, call(&g));
	wait_answer(&v, &g);
	cr_assert(eq(sz, g.count, 2));
	cr_expect(eq(int, g.partitions, 3));
	cr_expect(eq(int, g.replicas, 1));
	cr_expect(eq(int, g.codes[1], RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART));
	admin_describe_configs(v.admin, names, 1, call(&g));
	wait_answer(&v, &g);
	cr_expect(eq(str, g.policy, "compact"));
	admin_delete_topics(v.admin, names, 1, call(&g));
	wait_answer(&v, &g);
	cr_expect(eq(int, g.codes[0], 0));
	live_stop(&v);
}

Test(admin, cluster_has_its_id, .timeout = 30)
{
	struct ps_arena *a;
	struct live v;
	struct got g;

	live_start(&v);
	a = arena_new(256);
	admin_probe(v.admin, call(&g));
	wait_answer(&v, &g);
	cr_expect(eq(int, g.code, 0));
	cr_expect(eq(sz, strlen(admin_cluster_id(v.admin, a)), 22));
	arena_free(&a);
	live_stop(&v);
}

Test(admin, group_offsets_are_set_read_and_deleted, .timeout = 30)
{
	struct live v;
	struct got g;
	char name[32], group[48];
	struct consumer_position p[2] = { { name, 0, 5, 0 },
		{ name, 1, 6, 0 } };
	const char *groups[1] = { group };

	live_start(&v);
	live_topic(&v, name, sizeof name, 2);
	(void)snprintf(group, sizeof group, "connect-%s", name);
	PATIENTLY(admin_alter_group_offsets(v.admin, group, p, 2, call(&g)));
	cr_expect(not(is_early(&g)), "%s", g.text);
	PATIENTLY(admin_delete_group_offsets(v.admin, group, p, 1, call(&g)));
	cr_expect(not(is_early(&g)), "%s", g.text);
	PATIENTLY(admin_group_offsets(v.admin, group, call(&g)));
	cr_assert(eq(sz, g.count, 1), "%d %s", g.code, g.text);
	cr_expect(eq(i64, g.offsets[0], 6));
	admin_delete_groups(v.admin, groups, 1, call(&g));
	wait_answer(&v, &g);
	cr_expect(eq(int, g.codes[0], 0));
	admin_delete_groups(v.admin, groups, 1, call(&g));
	wait_answer(&v, &g);
	cr_expect(eq(int, g.codes[0], RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND));
	live_stop(&v);
}

Test(admin, ends_of_partitions_are_listed, .timeout = 30)
{
	struct live v;
	struct got g;
	char name[32];
	struct consumer_position p[2] = { { name, 0, CONSUMER_END, 0 },
		{ name, 1, CONSUMER_BEGINNING, 0 } };

	live_start(&v);
	live_topic(&v, name, sizeof name, 2);
	PATIENTLY(admin_list_offsets(v.admin, p, 2, ADMIN_COMMITTED, call(&g)));
	cr_assert(eq(sz, g.count, 2));
	cr_expect(eq(i64, g.offsets[0], 0), "%d", g.codes[0]);
	cr_expect(eq(i64, g.offsets[1], 0));
	live_stop(&v);
}
