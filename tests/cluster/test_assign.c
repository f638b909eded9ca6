#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "base/arena.h"
#include "cluster/assign.h"

#define SESSION_MS 10000
#define DELAY_MS   500
#define CONNECTORS 6
#define WORKERS    4

static const struct clock_ms begin = { 1000000 };

/* A cluster as its leader knows it; what it writes is read at once. */
struct cluster {
	struct ps_arena *a;
	struct table *table;
	struct peers *peers;
	struct members *members;
	struct clock_ms now;
	int64_t epoch, claimed, beats;
	size_t moves, written;
	struct clock_ms again;
};

static struct cluster all;

static void
set_up(void)
{
	all = (struct cluster){ .a = arena_new(1 << 16),
		.table = table_new(),
		.peers = peers_new(SESSION_MS),
		.members = members_new(),
		.now = begin,
		.epoch = 1 };
	peers_begin(all.peers, begin);
}

static void
tear_down(void)
{
	table_free(&all.table);
	peers_free(&all.peers);
	members_free(&all.members);
	arena_free(&all.a);
}

TestSuite(assign, .init = set_up, .fini = tear_down, .timeout = 60);

static const char *
id_of(int worker)
{
	static const char *const ids[] = { "a:1", "b:1", "c:1", "d:1", "e:1" };

	return ids[worker];
}

static struct who
who_of(int worker)
{
	return (struct who){ id_of(worker), 1 };
}

/* It says that it lives, and that nothing of what it lost runs any more. */
static void
beat(int worker, unsigned flags)
{
	struct beat_answer answers[CONNECTORS * 2];
	struct beat b = { .who = who_of(worker),
		.number = ++all.beats,
		.host = id_of(worker),
		.born_ms = 1,
		.since = worker,
		.flags = flags,
		.answers = answers };

	for (size_t i = 0; i < table_count(all.table); i++) {
		const struct entry *e = table_at(all.table, i);

		answers[b.answer_count++] =
		    (struct beat_answer){ .connector = e->name,
			    .epoch = e->is.epoch };
	}
	peers_beat(all.peers, &b, all.now);
}

/* Capacity, labels and plugins are as given. */
static void
join_as(int worker, struct member_info info)
{
	info.who = who_of(worker);
	info.host = id_of(worker);
	info.born_ms = 1;
	info.url = "http://x";
	members_put(all.members, &info);
	beat(worker, 0);
}

static void
join(int worker, const char *labels, double capacity)
{
	join_as(worker,
	    (struct member_info){ .capacity = capacity, .labels = labels });
}

static void
join_equals(int count)
{
	for (int i = 0; i < count; i++)
		join(i, i % 2 == 0 ? "zone=a" : "zone=b", 1);
}

static void
want(const char *name, size_t tasks, const char *placement)
{
	table_want(all.table, name,
	    &(struct wanted){ .exists = true,
		.generation = 1,
		.task_count = tasks,
		.placement = placement });
}

static void
want_some(void)
{
	static const char *const names[CONNECTORS] = { "ant", "bee", "cat",
		"dog", "eel", "fox" };

	for (size_t i = 0; i < CONNECTORS; i++)
		want(names[i], 1 + i * 2, NULL);
}

/* One plan, written and read. */
static size_t
plan(void)
{
	struct assign_input in = { .table = all.table,
		.peers = all.peers,
		.members = all.members,
		.now = all.now,
		.epoch = all.epoch,
		.claimed = all.claimed,
		.delay_ms = DELAY_MS };
	struct assign_result r = assign_plan(all.a, &in);

	for (size_t i = 0; i < r.count; i++)
		table_assign(all.table, r.records[i].connector,
		    r.records[i].assignment);
	all.epoch += (int64_t)r.count;
	all.moves += r.moves;
	all.written += r.count;
	all.again = r.again;
	return r.count;
}

/* Until nothing is to be written; who owes answers at once. */
static void
settle(int workers, const unsigned *flags)
{
	enum { ROUNDS = 10 };
	int rounds = 0;

	all.moves = all.written = 0;
	while (plan() > 0) {
		for (int i = 0; i < workers; i++)
			beat(i, flags == NULL ? 0 : flags[i]);
		cr_assert(lt(int, ++rounds, ROUNDS), "it goes on and on");
	}
}

/* Tasks of a connector (NULL: of all) that a worker has; -1: nobody. */
static int
count_of(const char *name, int worker)
{
	int count = 0;

	for (size_t i = 0; i < table_count(all.table); i++) {
		const struct entry *e = table_at(all.table, i);

		if (name != NULL && strcmp(name, e->name) != 0)
			continue;
		for (int t = 0; t < (int)entry_task_count(e); t++) {
			const struct who *owner = entry_owner(e, t);
			struct who who = who_of(worker < 0 ? 0 : worker);

			count += worker < 0
				     ? owner == NULL
				     : owner != NULL && who_is(owner, &who);
		}
	}
	return count;
}

/* It is silent, judged, and its lease over. */
static void
lose(int worker)
{
	struct who who = who_of(worker);

	all.now = clock_after(all.now, SESSION_MS);
	for (int i = 0; i < WORKERS; i++)
		if (i != worker)
			beat(i, 0);
	peers_verdict(all.peers, &who);
	peers_notice(all.peers, all.now);
}

/* ---- spreading --------------------------------------------------------- */

static void
beat_without_answers(int worker)
{
	peers_beat(all.peers,
	    &(struct beat){ .who = who_of(worker),
		.number = ++all.beats,
		.host = id_of(worker),
		.born_ms = 1,
		.since = worker },
	    all.now);
}

/* The tombstone was compacted away before the new leader read: the debtor,
 * which has read it, answers nothing. */
Test(assign, what_is_gone_and_owed_is_written_again_by_the_next_leader)
{
	join_equals(1);
	want("ant", 1, NULL);
	cr_assert(eq(sz, plan(), 1));
	table_want(all.table, "ant", &(struct wanted){ .generation = -1 });
	beat_without_answers(0);
	cr_assert(eq(sz, plan(), 1), "what was owned is owed");
	beat_without_answers(0);
	cr_assert(eq(sz, plan(), 0), "this leader waits for the answer");
	all.claimed = all.epoch++;
	cr_assert(eq(sz, plan(), 1), "the next one asks again");
	cr_assert(eq(sz, plan(), 0), "once");
	beat(0, 0);
	cr_assert(eq(sz, plan(), 1));
	cr_assert(eq(sz, table_count(all.table), 0), "answered, and gone");
}

Test(assign, all_is_placed_and_spread_among_equals)
{
	join_equals(WORKERS);
	want_some();
	settle(WORKERS, NULL);
	cr_expect(eq(int, count_of(NULL, -1), 0));
	for (int i = 0; i < WORKERS; i++)
		cr_expect(eq(int, count_of(NULL, i), 36 / WORKERS), "%d", i);
	cr_expect(eq(sz, all.moves, 0));
	settle(WORKERS, NULL);
	cr_expect(eq(sz, all.written, 0), "nothing is new, nothing written");
}

Test(assign, a_worker_that_joins_takes_its_share_and_no_more_moves)
{
	join_equals(3);
	want_some();
	settle(3, NULL);
	join(3, "zone=b", 1);
	settle(4, NULL);
	cr_expect(eq(int, count_of(NULL, 3), 9));
	/* Its share of tasks, and of connectors' own processes. */
	cr_expect(le(sz, all.moves, 9 + 2));
}

/* New task configs end a task where it is: it can go as well as come back. */
Test(assign, what_has_ended_goes_elsewhere_and_what_runs_never_stops)
{
	join_equals(2);
	want("ant", 1, NULL);
	want("bee", 1, NULL);
	want("cat", 1, NULL);
	want("dog", 1, NULL);
	settle(2, NULL);
	cr_assert(eq(int, count_of("ant", 0) + count_of("cat", 0), 2));
	table_want(all.table, "bee", &(struct wanted){ .generation = -1 });
	table_want(all.table, "dog", &(struct wanted){ .generation = -1 });
	table_want(all.table, "cat",
	    &(struct wanted){ .exists = true,
		.generation = 2,
		.task_count = 1 });
	settle(2, NULL);
	cr_expect(eq(int, count_of("ant", 0), 1));
	cr_expect(eq(int, count_of("cat", 1), 1));
	cr_expect(eq(sz, all.moves, 1), "one of their own processes");
}

Test(assign, what_is_owed_starts_nowhere_before_it_has_ended)
{
	join_equals(1);
	want("ant", 2, NULL);
	settle(1, NULL);
	join(1, NULL, 1);
	(void)plan();
	cr_expect(eq(int, count_of("ant", 1), 0));
	cr_expect(eq(int, count_of("ant", -1), 1));
	(void)plan();
	cr_expect(eq(int, count_of("ant", -1), 1), "nobody has answered");
	beat(0, 0);
	(void)plan();
	cr_expect(eq(int, count_of("ant", 1), 1));
}

/* ---- placement, capacity, drains --------------------------------------- */

Test(assign, tasks_are_only_where_labels_fit)
{
	join_equals(WORKERS);
	want("ant", 8, "zone=a");
	want("bee", 8, "zone!=a");
	want("cat", 8, "zone=nowhere");
	settle(WORKERS, NULL);
	for (int i = 0; i < WORKERS; i++) {
		cr_expect(eq(int, count_of("ant", i), i % 2 == 0 ? 4 : 0));
		cr_expect(eq(int, count_of("bee", i), i % 2 == 0 ? 0 : 4));
	}
	cr_expect(eq(int, count_of("cat", -1), 8), "nobody fits");
	want("ant", 8, "zone=b");
	settle(WORKERS, NULL);
	cr_expect(eq(int, count_of("ant", 1) + count_of("ant", 3), 8));
}

Test(assign, a_connector_is_where_its_plugin_is)
{
	static const char class_name[] = "org.example.Ant";
	static const unsigned drained[WORKERS] = { [2] = BEAT_DRAINING };

	for (int i = 0; i < WORKERS; i++)
		join_as(i,
		    (struct member_info){
			.plugins = i == 2 ? "Bee,org.example.Ant" : "Bee" });
	table_want(all.table, "ant",
	    &(struct wanted){ .exists = true,
		.generation = 1,
		.task_count = 8,
		.class_name = class_name });
	want("bee", 8, NULL);
	settle(WORKERS, NULL);
	cr_expect(eq(int, count_of("ant", 2), 8));
	cr_expect(eq(int, count_of("bee", 2), 2), "in its own group");
	/* It is drained: others would only fail. */
	beat(2, BEAT_DRAINING);
	settle(WORKERS, drained);
	cr_expect(eq(int, count_of("ant", -1), 8));
	cr_expect(eq(int, count_of("bee", 2), 0));
}

Test(assign, a_connector_whose_plugin_nobody_has_is_anywhere)
{
	for (int i = 0; i < WORKERS; i++)
		join_as(i, (struct member_info){ .labels = i == 0 ? "zone=a"
								  : "zone=b",
			       .plugins = i == 0 ? "Bee,AntHill" : "Bee" });
	table_want(all.table, "ant",
	    &(struct wanted){ .exists = true,
		.generation = 1,
		.task_count = 8,
		.class_name = "Ant" });
	/* Where it may not be it counts for nothing. */
	table_want(all.table, "hill",
	    &(struct wanted){ .exists = true,
		.generation = 1,
		.task_count = 6,
		.placement = "zone=b",
		.class_name = "AntHill" });
	settle(WORKERS, NULL);
	cr_expect(eq(int, count_of("ant", -1), 0));
	cr_expect(eq(int, count_of("hill", -1), 0));
	cr_expect(eq(int, count_of("hill", 0), 0));
}

Test(assign, twice_the_capacity_is_twice_the_tasks)
{
	join(0, NULL, 2);
	join(1, NULL, 1);
	want("ant", 9, NULL);
	settle(2, NULL);
	cr_expect(eq(int, count_of("ant", 0), 6));
	cr_expect(eq(int, count_of("ant", 1), 3));
}

Test(assign, who_drains_or_leaves_keeps_nothing)
{
	static const unsigned kinds[] = { BEAT_DRAINING, BEAT_LEAVING };

	for (size_t k = 0; k < 2; k++) {
		unsigned flags[WORKERS] = { 0, kinds[k], 0, 0 };

		tear_down();
		set_up();
		join_equals(WORKERS);
		want_some();
		settle(WORKERS, NULL);
		beat(1, kinds[k]);
		settle(WORKERS, flags);
		cr_expect(eq(int, count_of(NULL, 1), 0));
		cr_expect(eq(int, count_of(NULL, -1), 0));
		/* Its nine tasks, and its connectors' own processes. */
		cr_expect(le(sz, all.moves, 9 + 2));
	}
}

/* ---- who ended --------------------------------------------------------- */

Test(assign, work_of_one_that_ended_waits_for_its_return)
{
	join_equals(WORKERS);
	want_some();
	settle(WORKERS, NULL);
	lose(2);
	settle(WORKERS, NULL);
	cr_expect(eq(int, count_of(NULL, 2), 9), "it may come back");
	cr_expect(eq(i64, clock_since(all.now, all.again), DELAY_MS));
	all.now = clock_after(all.now, DELAY_MS);
	settle(WORKERS, NULL);
	for (int i = 0; i < WORKERS; i++)
		cr_expect(eq(int, count_of(NULL, i), i == 2 ? 0 : 12), "%d", i);
	cr_expect(eq(sz, all.moves, 0), "nothing of the others'");
}

Test(assign, who_said_goodbye_is_not_waited_for)
{
	join_equals(WORKERS);
	want_some();
	settle(WORKERS, NULL);
	beat(2, BEAT_LEAVING | BEAT_GONE);
	peers_notice(all.peers, all.now);
	settle(2, NULL);
	for (int i = 0; i < WORKERS; i++)
		cr_expect(eq(int, count_of(NULL, i), i == 2 ? 0 : 12), "%d", i);
	cr_expect(eq(i64, all.again.ms, 0));
}

Test(assign, who_is_silent_keeps_its_work_and_gets_no_more)
{
	join_equals(3);
	want_some();
	settle(3, NULL);
	/* One that only this leader has heard of, long ago. */
	join(3, NULL, 1);
	all.now = clock_after(all.now, SESSION_MS);
	peers_get(all.peers, &(struct who){ id_of(3), 1 })->accused = all.now;
	peers_get(all.peers, &(struct who){ id_of(0), 1 })->accused = all.now;
	settle(0, NULL);
	cr_expect(eq(sz, all.written, 0));
	cr_expect(eq(int, count_of(NULL, 0), 12));
	/* It was only late. */
	all.now = clock_after(all.now, 1);
	beat(3, 0);
	beat(0, 0);
	settle(WORKERS, NULL);
	cr_expect(eq(int, count_of(NULL, 3), 9));
}

/* ---- by chance --------------------------------------------------------- */

/* Changes from a seed, with what each worker is at the end. */
static void
change(uint64_t *random, unsigned *flags)
{
	static const char *const placements[] = { NULL, NULL, "zone=a",
		"zone=nowhere" };
	static const char *const names[] = { "ant", "bee", "cat" };
	uint64_t x = *random =
	    *random * 6364136223846793005U + 1442695040888963407U;
	size_t what = x >> 33;

	if (what % 3 == 0) {
		int worker = (int)(what / 3 % WORKERS);

		flags[worker] ^= BEAT_DRAINING;
		beat(worker, flags[worker]);
	} else {
		want(names[what / 3 % 3], what / 9 % 7,
		    placements[what / 63 % 4]);
	}
}

/* The same table again, of which the records are compared. */
static void
expect_same_again(uint64_t seed)
{
	struct assign_input in = { .table = all.table,
		.peers = all.peers,
		.members = all.members,
		.now = all.now,
		.epoch = all.epoch };
	struct assign_result a = assign_plan(all.a, &in);
	struct assign_result b = assign_plan(all.a, &in);

	cr_assert(eq(sz, a.count, b.count), "seed %lu", seed);
	for (size_t i = 0; i < a.count; i++) {
		const struct assignment *x = a.records[i].assignment;
		const struct assignment *y = b.records[i].assignment;

		cr_assert(x->connector.id == y->connector.id);
		for (size_t t = 0; t < x->task_count; t++)
			cr_assert(x->tasks[t].id == y->tasks[t].id, "seed %lu",
			    seed);
	}
}

static void
expect_placed(uint64_t seed, const unsigned *flags)
{
	for (size_t i = 0; i < table_count(all.table); i++) {
		const struct entry *e = table_at(all.table, i);
		int fit = 0, tasks = (int)entry_task_count(e);

		for (int w = 0; w < WORKERS; w++) {
			int has = count_of(e->name, w);
			bool fits = flags[w] == 0 &&
				    members_fit(e->wanted.placement,
					w % 2 == 0 ? "zone=a" : "zone=b");

			fit += fits;
			cr_assert(fits || has == 0, "seed %lu: %s", seed,
			    e->name);
		}
		cr_assert(eq(int, count_of(e->name, -1), fit ? 0 : tasks),
		    "seed %lu: %s", seed, e->name);
	}
}

Test(assign, after_any_changes_all_is_where_it_may_be)
{
	for (uint64_t seed = 1; seed <= 500; seed++) {
		unsigned flags[WORKERS] = { 0 };
		uint64_t random = seed;

		tear_down();
		set_up();
		join_equals(WORKERS);
		for (int i = 0; i < 12; i++) {
			change(&random, flags);
			expect_same_again(seed);
			settle(WORKERS, flags);
			expect_placed(seed, flags);
		}
	}
}
