#include "reconcile/moves.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static int64_t told[2];

static void
tell(void *ctx, const char *connector, int task, int64_t unassigned_ms)
{
	(void)ctx;
	cr_expect(eq(str, (char *)connector, "c"));
	told[task] = unassigned_ms;
}

static void
assign(struct moves *m, uint64_t first, uint64_t second, int64_t ms)
{
	struct who tasks[2] = { { first == 0 ? NULL : "w", first },
		{ second == 0 ? NULL : "w", second } };
	struct assignment as = { .task_count = 2, .tasks = tasks };

	moves_assigned(m, "c", &as, (struct clock_ms){ ms });
}

Test(moves, a_move_is_counted_once_and_its_time_without_a_worker)
{
	struct moves *m = moves_new();

	assign(m, 1, 2, 1000);
	cr_expect(eq(i64, moves_count(m), 0));
	assign(m, 0, 2, 2000);
	cr_expect(eq(i64, moves_count(m), 0));
	moves_each(m, (struct clock_ms){ 2300 }, tell, NULL);
	cr_expect(eq(i64, told[0], 300));
	assign(m, 2, 2, 2500);
	assign(m, 2, 2, 9000);
	cr_expect(eq(i64, moves_count(m), 1));
	moves_each(m, (struct clock_ms){ 9999 }, tell, NULL);
	cr_expect(eq(i64, told[0], 500));
	cr_expect(eq(i64, told[1], 0));
	moves_assigned(m, "c", NULL, (struct clock_ms){ 9999 });
	assign(m, 3, 3, 10000);
	cr_expect(eq(i64, moves_count(m), 1), "another connector by that name");
	moves_free(&m);
}

Test(moves, a_rebalance_lasts_until_every_task_has_a_worker)
{
	struct moves *m = moves_new();
	struct clock_ms now = { 9000 };

	assign(m, 1, 2, 1000);
	cr_expect(eq(i64, moves_rebalances(m, now).completed, 0));
	cr_expect(eq(i64, moves_rebalances(m, now).since_last_ms, 0));
	assign(m, 0, 2, 2000);
	assign(m, 0, 0, 2100);
	cr_expect(moves_rebalances(m, now).now);
	assign(m, 2, 0, 2200);
	cr_expect(moves_rebalances(m, now).now);
	assign(m, 2, 1, 2500);
	cr_expect(not(moves_rebalances(m, now).now));
	assign(m, 2, 0, 3000);
	moves_assigned(m, "c", NULL, (struct clock_ms){ 3100 });
	cr_expect(not(moves_rebalances(m, now).now));
	cr_expect(eq(i64, moves_rebalances(m, now).completed, 2));
	cr_expect(eq(i64, moves_rebalances(m, now).total_ms, 600));
	cr_expect(eq(i64, moves_rebalances(m, now).longest_ms, 500));
	cr_expect(eq(i64, moves_rebalances(m, now).since_last_ms, 5900));
	moves_free(&m);
}
