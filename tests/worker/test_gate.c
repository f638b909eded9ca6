#include "worker/gate.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

struct guest {
	struct gate_ticket t; /* first */
	struct gate *g;
	int entered;
	bool leaves_at_once;
};

static void
on_enter(struct gate_ticket *t)
{
	struct guest *who = (struct guest *)t;

	who->entered++;
	if (who->leaves_at_once)
		gate_leave(who->g, t);
}

static struct guest
guest_of(struct gate *g)
{
	return (struct guest){ .t.enter = on_enter, .g = g };
}

Test(gate, lets_so_many_in_and_the_rest_in_the_order_they_came)
{
	struct gate g;
	struct guest x, y, z;

	gate_init(&g, 1);
	x = guest_of(&g);
	y = guest_of(&g);
	z = guest_of(&g);
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
	x = guest_of(&g);
	y = guest_of(&g);
	z = guest_of(&g);
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
	x = guest_of(&g);
	y = guest_of(&g);
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
	x = guest_of(&g);
	gate_wait(&g, &x.t);
	gate_leave(&g, &x.t);
	gate_leave(&g, &x.t);
	cr_assert(eq(sz, g.inside, 0));
}
