#include "supervise/timer.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/clock.h"

enum { TURN_MS = 60, WAIT_MS = 40 };

struct run {
	uv_timer_t slow, timer;
	uv_idle_t busy; /* the loop never waits */
	struct clock_ms began;
	int64_t took;
};

static void
on_time(uv_timer_t *t)
{
	struct run *r = t->data;

	r->took = clock_since(r->began, clock_now());
	uv_idle_stop(&r->busy);
}

static void
take_long(uv_timer_t *t)
{
	struct run *r = t->data;
	struct clock_ms at = clock_now();

	while (clock_since(at, clock_now()) < TURN_MS)
		;
	r->began = clock_now();
	timer_in(&r->timer, on_time, WAIT_MS);
}

static void
go_on(uv_idle_t *h)
{
	(void)h;
}

Test(timer, a_turn_that_took_long_is_no_part_of_the_wait, .timeout = 10)
{
	struct run r = { .took = -1 };
	uv_loop_t loop;

	(void)uv_loop_init(&loop);
	(void)uv_timer_init(&loop, &r.slow);
	(void)uv_timer_init(&loop, &r.timer);
	(void)uv_idle_init(&loop, &r.busy);
	r.slow.data = r.timer.data = &r;
	(void)uv_idle_start(&r.busy, go_on);
	(void)uv_timer_start(&r.slow, take_long, 0, 0);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	uv_close((uv_handle_t *)&r.slow, NULL);
	uv_close((uv_handle_t *)&r.timer, NULL);
	uv_close((uv_handle_t *)&r.busy, NULL);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	cr_expect(eq(int, uv_loop_close(&loop), 0));
	/* Both clocks cut their parts of a millisecond off. */
	cr_expect(ge(long, r.took, WAIT_MS - 1));
}
