#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "base/arena.h"
#include "base/mix.h"
#include "cluster/plan.h"

#define MEMBERS_MAX 12
#define GROUPS_MAX  25
#define SLOTS_MAX   40
#define ROUNDS      3000

/* A random cluster: who may run what, and where it is now. */
struct world {
	struct ps_arena *a;
	uint64_t random;
	size_t members, groups_count;
	struct plan_member member[MEMBERS_MAX];
	bool eligible[GROUPS_MAX][MEMBERS_MAX];
	int before[GROUPS_MAX][SLOTS_MAX], after[GROUPS_MAX][SLOTS_MAX];
	struct plan_group groups[GROUPS_MAX];
};

static size_t
draw(struct world *w, size_t n)
{
	return (size_t)(mix64(w->random += MIX_STEP) % n);
}

static void
plan(struct world *w)
{
	for (size_t i = 0; i < w->groups_count; i++) {
		w->groups[i].before = w->before[i];
		w->groups[i].after = w->after[i];
	}
	plan_spread(w->a, w->member, w->members, w->groups, w->groups_count);
}

/* `scattered`: each slot is somewhere or nowhere by chance. */
static void
fill(struct world *w, uint64_t seed, bool scattered)
{
	w->random = seed;
	w->members = 1 + draw(w, MEMBERS_MAX);
	w->groups_count = 1 + draw(w, GROUPS_MAX);
	for (size_t m = 0; m < w->members; m++)
		w->member[m] = (struct plan_member){ .capacity = 1,
			.load = (double)((seed + m * 7) % 9) / 4 };
	for (size_t i = 0; i < w->groups_count; i++) {
		w->groups[i] =
		    (struct plan_group){ .count = draw(w, SLOTS_MAX) };
		for (size_t s = 0; s < SLOTS_MAX; s++)
			w->before[i][s] = scattered
					      ? (int)draw(w, w->members + 1) - 1
					      : PLAN_NOBODY;
	}
}

/* Some may not run some; a group may have nobody. */
static void
restrict_some(struct world *w)
{
	for (size_t i = 0; i < w->groups_count; i++) {
		for (size_t m = 0; m < w->members; m++)
			w->eligible[i][m] = draw(w, 3) > 0;
		if (draw(w, 2) == 0)
			w->groups[i].eligible = w->eligible[i];
	}
}

static int
count_of(const struct world *w, size_t group, size_t member)
{
	int count = 0;

	for (size_t s = 0; s < w->groups[group].count; s++)
		count += w->after[group][s] == (int)member;
	return count;
}

static int
total_of(const struct world *w, size_t member)
{
	int count = 0;

	for (size_t i = 0; i < w->groups_count; i++)
		count += count_of(w, i, member);
	return count;
}

static bool
may_run(const struct world *w, size_t group, size_t member)
{
	const bool *eligible = w->groups[group].eligible;

	return eligible == NULL || eligible[member];
}

/* Would it not be more even if a gave one to b? */
static bool
is_even(const struct world *w, size_t group, size_t a, size_t b)
{
	if (!may_run(w, group, a) || !may_run(w, group, b))
		return true;
	return count_of(w, group, a) * w->member[b].capacity <=
	       (count_of(w, group, b) + 1) * w->member[a].capacity;
}

static size_t
count_moves(const struct world *w)
{
	size_t moves = 0;

	for (size_t i = 0; i < w->groups_count; i++)
		for (size_t s = 0; s < w->groups[i].count; s++)
			moves += w->before[i][s] != PLAN_NOBODY &&
				 w->before[i][s] != w->after[i][s];
	return moves;
}

static void
adopt(struct world *w)
{
	memcpy(w->before, w->after, sizeof w->before);
}

/* ---- properties -------------------------------------------------------- */

static struct world world;

static void
set_up(void)
{
	world = (struct world){ .a = arena_new(1 << 16) };
}

static void
tear_down(void)
{
	arena_free(&world.a);
}

TestSuite(plan, .init = set_up, .fini = tear_down, .timeout = 60);

static void
begin(uint64_t seed, bool scattered)
{
	arena_reset(world.a, 1 << 20);
	fill(&world, seed, scattered);
}

static void
expect_even_groups(uint64_t seed)
{
	const struct world *w = &world;

	for (size_t i = 0; i < w->groups_count; i++)
		for (size_t a = 0; a < w->members; a++)
			for (size_t b = 0; b < w->members; b++)
				cr_assert(is_even(w, i, a, b),
				    "seed %lu: group %zu on %zu and %zu", seed,
				    i, a, b);
}

Test(plan, equal_members_differ_by_at_most_one_in_a_group_and_in_total)
{
	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		int low = INT32_MAX, high = 0;

		begin(seed, seed % 2 == 0);
		plan(&world);
		expect_even_groups(seed);
		for (size_t m = 0; m < world.members; m++) {
			int total = total_of(&world, m);

			low = total < low ? total : low;
			high = total > high ? total : high;
		}
		cr_assert(high - low <= 1, "seed %lu: %d and %d", seed, low,
		    high);
	}
}

Test(plan, every_slot_is_where_it_may_be_or_nowhere_if_nobody_fits)
{
	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		begin(seed, true);
		restrict_some(&world);
		plan(&world);
		expect_even_groups(seed);
		for (size_t i = 0; i < world.groups_count; i++) {
			bool any = false;

			for (size_t m = 0; m < world.members; m++)
				any |= may_run(&world, i, m);
			for (size_t s = 0; s < world.groups[i].count; s++) {
				int at = world.after[i][s];

				bool right = any ? at >= 0 && may_run(&world, i,
								  (size_t)at)
						 : at == PLAN_NOBODY;

				cr_assert(right,
				    "seed %lu: group %zu slot %zu on %d", seed,
				    i, s, at);
			}
		}
	}
}

Test(plan, who_has_twice_the_capacity_has_about_twice_the_slots)
{
	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		begin(seed, true);
		for (size_t m = 0; m < world.members; m++)
			world.member[m].capacity = 1 << draw(&world, 3);
		plan(&world);
		expect_even_groups(seed);
	}
}

Test(plan, equal_input_gives_equal_output)
{
	static int first[GROUPS_MAX][SLOTS_MAX];

	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		begin(seed, true);
		restrict_some(&world);
		plan(&world);
		memcpy(first, world.after, sizeof first);
		memset(world.after, 0x55, sizeof world.after);
		plan(&world);
		for (size_t i = 0; i < world.groups_count; i++)
			cr_assert(memcmp(first[i], world.after[i],
				      world.groups[i].count * sizeof(int)) == 0,
			    "seed %lu: group %zu", seed, i);
	}
}

Test(plan, what_is_planned_stays_when_nothing_changes)
{
	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		begin(seed, true);
		restrict_some(&world);
		for (size_t m = 0; m < world.members; m++)
			world.member[m].capacity = 1 + draw(&world, 2);
		plan(&world);
		adopt(&world);
		plan(&world);
		cr_assert(eq(sz, count_moves(&world), 0), "seed %lu", seed);
	}
}

/* ---- one more, one less ------------------------------------------------ */

/* 1,000 tasks: 25 of 40. */
static void
thousand(size_t members)
{
	arena_reset(world.a, 1 << 20);
	world.members = members;
	world.groups_count = GROUPS_MAX;
	for (size_t m = 0; m < MEMBERS_MAX; m++)
		world.member[m].capacity = 1;
	for (size_t i = 0; i < world.groups_count; i++) {
		world.groups[i] = (struct plan_group){ .count = SLOTS_MAX };
		for (size_t s = 0; s < SLOTS_MAX; s++)
			world.before[i][s] = PLAN_NOBODY;
	}
	plan(&world);
	adopt(&world);
}

Test(plan, one_that_joins_seven_takes_an_eighth_and_nothing_else_moves)
{
	thousand(7);
	world.members = 8;
	plan(&world);
	cr_expect(eq(int, total_of(&world, 7), 125));
	cr_expect(eq(sz, count_moves(&world), 125));
}

Test(plan, one_of_eight_that_leaves_takes_only_its_own_away)
{
	size_t others = 0;

	thousand(8);
	world.members = 7;
	for (size_t i = 0; i < world.groups_count; i++)
		for (size_t s = 0; s < SLOTS_MAX; s++)
			if (world.before[i][s] == 7)
				world.before[i][s] = PLAN_NOBODY;
			else
				others++;
	cr_expect(eq(sz, others, 875));
	plan(&world);
	cr_expect(eq(sz, count_moves(&world), 0));
}

/* Also between numbers that do not divide evenly, where a slot may have to go
 * through another member: few do. */
Test(plan, only_what_balance_needs_moves_when_one_joins)
{
	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		enum { THROUGH_OTHERS = 2 };
		size_t newest;

		begin(seed, false);
		if (world.members == MEMBERS_MAX)
			continue;
		plan(&world);
		adopt(&world);
		newest = world.members++;
		world.member[newest].capacity = 1;
		plan(&world);
		expect_even_groups(seed);
		cr_assert(
		    le(sz, count_moves(&world),
			(size_t)total_of(&world, newest) + THROUGH_OTHERS),
		    "seed %lu", seed);
	}
}

/* The groups take two from the first member, and then the total one from the
 * last. */
Test(plan, what_went_first_stays_when_what_goes_later_is_enough)
{
	static const int before[][4] = { { 0, 2, 0, 2 }, { 2 }, { 0, 2, 0 } };

	world.members = 3;
	world.groups_count = 3;
	for (size_t m = 0; m < world.members; m++)
		world.member[m].capacity = 1;
	for (size_t i = 0; i < world.groups_count; i++)
		memcpy(world.before[i], before[i], sizeof before[i]);
	world.groups[0].count = 4;
	world.groups[1].count = 1;
	world.groups[2].count = 3;
	plan(&world);
	expect_even_groups(0);
	cr_expect(eq(sz, count_moves(&world), 2));
}

Test(plan, a_thousand_tasks_of_a_thousand_connectors_move_no_more)
{
	enum { COUNT = 1000 };
	static int before[COUNT], after[COUNT];
	static struct plan_group groups[COUNT];
	size_t moves = 0;

	for (size_t m = 0; m < 8; m++)
		world.member[m].capacity = 1;
	for (size_t i = 0; i < COUNT; i++) {
		before[i] = PLAN_NOBODY;
		groups[i] = (struct plan_group){ .count = 1,
			.before = &before[i],
			.after = &after[i] };
	}
	plan_spread(world.a, world.member, 7, groups, COUNT);
	memcpy(before, after, sizeof before);
	plan_spread(world.a, world.member, 8, groups, COUNT);
	for (size_t i = 0; i < COUNT; i++)
		moves += before[i] != after[i];
	cr_expect(eq(sz, moves, 125));
	memcpy(before, after, sizeof before);
	moves = 0;
	for (size_t i = 0; i < COUNT; i++)
		before[i] = before[i] == 7 ? PLAN_NOBODY : before[i];
	plan_spread(world.a, world.member, 7, groups, COUNT);
	for (size_t i = 0; i < COUNT; i++)
		moves += before[i] != PLAN_NOBODY && before[i] != after[i];
	cr_expect(eq(sz, moves, 0));
}

/* A group of one slot that is nowhere: who gets it? */
static int
taker_of(const struct plan_member *members, size_t count)
{
	int before = PLAN_NOBODY, after = PLAN_NOBODY;
	struct plan_group group = { .count = 1,
		.before = &before,
		.after = &after };

	plan_spread(world.a, members, count, &group, 1);
	return after;
}

Test(plan, of_equal_members_the_one_whose_machine_is_less_busy_gets_it)
{
	struct plan_member m[] = { { 1, 0.9 }, { 1, 0.2 }, { 1, 0.8 } };

	cr_expect(eq(int, taker_of(m, 3), 1));
	m[1].load = 0.8;
	cr_expect(eq(int, taker_of(m, 3), 0), "what comes and goes is no load");
	m[2].capacity = 2;
	cr_expect(eq(int, taker_of(m, 3), 2));
}

Test(plan, a_busy_machine_keeps_what_it_has_and_gets_its_share)
{
	struct plan_member m[] = { { 1, 8 }, { 1, 0 } };
	int before[5] = { 0, 0, PLAN_NOBODY, 1, PLAN_NOBODY }, after[5];
	struct plan_group group = { .count = 5,
		.before = before,
		.after = after };
	int of[2] = { 0, 0 };

	plan_spread(world.a, m, 2, &group, 1);
	for (size_t i = 0; i < 5; i++)
		of[after[i]]++;
	cr_expect(eq(int, of[0], 2));
	cr_expect(eq(int, of[1], 3));
	cr_expect(eq(int, after[0], 0));
	cr_expect(eq(int, after[1], 0));
}
