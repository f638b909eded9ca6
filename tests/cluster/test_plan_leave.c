#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <string.h>

#include "base/arena.h"
#include "cluster/plan.h"

enum { MEMBERS = 8, GROUPS = 500, SLOTS = 2 };
enum { SHARE = GROUPS * SLOTS / MEMBERS };

static int before[GROUPS][SLOTS], after[GROUPS][SLOTS];

/* gone: a member that may run nothing, or -1 */
static void
replan(int gone, size_t groups_count)
{
	static struct plan_group groups[GROUPS];
	static struct plan_member member[MEMBERS];
	static bool eligible[MEMBERS];
	struct ps_arena *a = arena_new(1 << 16);

	for (int m = 0; m < MEMBERS; m++) {
		member[m] = (struct plan_member){ .capacity = 1 };
		eligible[m] = m != gone;
	}
	for (size_t i = 0; i < groups_count; i++)
		groups[i] = (struct plan_group){ SLOTS, before[i], NULL,
			eligible, after[i] };
	plan_spread(a, member, MEMBERS, groups, groups_count);
	arena_free(&a);
}

/* As connectors are made, one after another. */
static void
make_all(void)
{
	for (size_t i = 0; i < GROUPS; i++) {
		before[i][0] = before[i][1] = PLAN_NOBODY;
		replan(-1, i + 1);
		memcpy(before, after, sizeof before);
	}
}

ParameterizedTestParameters(plan, who_leaves_moves_no_others_slots)
{
	static int gone[MEMBERS] = { 0, 1, 2, 3, 4, 5, 6, 7 };

	return cr_make_param_array(int, gone, MEMBERS);
}

/* What one of eight equal members had goes to the others. */
ParameterizedTest(int *gone, plan, who_leaves_moves_no_others_slots)
{
	int own = 0, others = 0;

	make_all();
	replan(*gone, GROUPS);
	for (size_t i = 0; i < GROUPS; i++)
		for (size_t s = 0; s < SLOTS; s++) {
			own += before[i][s] == *gone;
			others += before[i][s] != *gone &&
				  before[i][s] != after[i][s];
		}
	cr_assert(eq(int, own, SHARE));
	cr_assert(eq(int, others, 0));
}
