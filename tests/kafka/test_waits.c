#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <threads.h>
#include <time.h>

#include "base/clock.h"

#define WAIT_MS 120

struct pair {
	cnd_t cond;
	mtx_t mutex;
	bool is_told;
};

static struct timespec
wall_after(int ms)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += (t.tv_nsec / 1000000 + ms) / 1000;
	t.tv_nsec = (t.tv_nsec + ms % 1000 * 1000000L) % 1000000000;
	return t;
}

static struct pair *
new_pair(void)
{
	static struct pair p;

	cr_assert(eq(int, cnd_init(&p.cond), thrd_success));
	cr_assert(eq(int, mtx_init(&p.mutex, mtx_plain), thrd_success));
	cr_assert(eq(int, mtx_lock(&p.mutex), thrd_success));
	return &p;
}

Test(waits, a_wait_ends_when_its_time_has_come, .timeout = 10)
{
	struct pair *p = new_pair();
	struct timespec until = wall_after(WAIT_MS);
	struct clock_ms began = clock_now();
	int got;

	do
		got = cnd_timedwait(&p->cond, &p->mutex, &until);
	while (got == thrd_success);
	cr_expect(eq(int, got, thrd_timedout));
	cr_expect(ge(i64, clock_since(began, clock_now()), WAIT_MS - 1));
	/* Again for the same time: it has come. */
	cr_expect(
	    eq(int, cnd_timedwait(&p->cond, &p->mutex, &until), thrd_timedout));
	cr_expect(
	    eq(int, cnd_timedwait(&p->cond, &p->mutex, &(struct timespec){ 0 }),
		thrd_timedout));
}

static int
tell(void *ctx)
{
	struct pair *p = ctx;

	(void)mtx_lock(&p->mutex);
	p->is_told = true;
	(void)cnd_signal(&p->cond);
	return mtx_unlock(&p->mutex);
}

Test(waits, who_is_woken_does_not_wait_longer, .timeout = 10)
{
	struct pair *p = new_pair();
	struct timespec until = wall_after(60000);
	thrd_t other;

	cr_assert(eq(int, thrd_create(&other, tell, p), thrd_success));
	while (!p->is_told)
		cr_assert(eq(int, cnd_timedwait(&p->cond, &p->mutex, &until),
		    thrd_success));
	(void)mtx_unlock(&p->mutex);
	(void)thrd_join(other, NULL);
}
