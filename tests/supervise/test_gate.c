#include "supervise/gate.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

struct guest {
	struct gate_ticket t;
	struct gate *g;
	int entered;
	bool leaves_at_once;
};

static void
on_enter(void *ctx)
{
	struct guest *who = ctx;

	who->entered++;
	if (who->leaves_at_once)
		gate_leave(who->g, &who->t);
}

static void
guest_init(struct guest *who, struct gate *g)
{
	*who = (struct guest){ .t = { .enter = on_enter, .ctx = who }, .g = g };
}

Test(gate, lets_so_many_in_and_the_rest_in_the_order_they_came)
{
	struct gate g;
	struct guest x, y, z;

	gate_init(&g, 1);
	guest_init(&x, &g);
	guest_init(&y, &g);
	guest_init(&z, &g);
	gate_wait(&g, &x.t);
	gate_wait(&g, &y.t);
	gate_wait(&g, &z.t);
	cr_assert(eq(int, x.entered, 1));
	cr_assert(eq(int, y.entered, 0));
	gate_leave(&g, &x.t);
	cr_assert(eq(int, y.entered, 1));
	cr_assert(eq(int, z.entered, 0));
	gate_leave(&g, &y.t);
	cr_assert(eq(int, z.entered, 1));
}

Test(gate, who_leaves_the_line_is_never_let_in)
{
	struct gate g;
	struct guest x, y, z;

	gate_init(&g, 1);
	guest_init(&x, &g);
	guest_init(&y, &g);
	guest_init(&z, &g);
	gate_wait(&g, &x.t);
	gate_wait(&g, &y.t);
	gate_wait(&g, &z.t);
	gate_leave(&g, &y.t);
	gate_leave(&g, &x.t);
	cr_assert(eq(int, y.entered, 0));
	cr_assert(eq(int, z.entered, 1));
}

Test(gate, a_start_that_fails_at_once_makes_room_for_the_next)
{
	struct gate g;
	struct guest x, y;

	gate_init(&g, 1);
	guest_init(&x, &g);
	guest_init(&y, &g);
	x.leaves_at_once = true;
	gate_wait(&g, &x.t);
	gate_wait(&g, &y.t);
	cr_assert(eq(int, x.entered, 1));
	cr_assert(eq(int, y.entered, 1));
	cr_assert(eq(sz, g.inside, 1));
}

Test(gate, leaving_twice_counts_once)
{
	struct gate g;
	struct guest x;

	gate_init(&g, 2);
	guest_init(&x, &g);
	gate_wait(&g, &x.t);
	gate_leave(&g, &x.t);
	gate_leave(&g, &x.t);
	cr_assert(eq(sz, g.inside, 0));
}

Test(gate, the_place_of_one_that_takes_long_is_lent)
{
	struct gate g;
	struct guest x, y, z;

	gate_init(&g, 1);
	guest_init(&x, &g);
	guest_init(&y, &g);
	guest_init(&z, &g);
	gate_wait(&g, &x.t);
	gate_wait(&g, &y.t);
	gate_lend(&g, clock_after(x.t.since, 999), 1000);
	cr_assert(eq(int, y.entered, 0));
	gate_lend(&g, clock_after(x.t.since, 1000), 1000);
	cr_assert(eq(int, y.entered, 1));
	cr_assert(x.t.lent);
	/* It has no place to give when it leaves. */
	gate_wait(&g, &z.t);
	gate_leave(&g, &x.t);
	cr_assert(eq(int, z.entered, 0));
	cr_assert(eq(sz, g.inside, 1));
	cr_assert(not(x.t.lent));
	/* It may come again. */
	gate_wait(&g, &x.t);
	gate_leave(&g, &y.t);
	gate_leave(&g, &z.t);
	cr_assert(eq(int, x.entered, 2));
}
