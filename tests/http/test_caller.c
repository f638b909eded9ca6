#include "http/caller.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define LIMIT_MS 5000

struct world {
	struct caller *c;
	struct call *call;
	int answers;
	int status;
};

/* Nobody listens there. */
static struct call *
start(struct world *w, call_fn *fn)
{
	const struct call_spec spec = { .method = "GET",
		.url = "http://127.0.0.1:1/",
		.limit_ms = LIMIT_MS };

	return caller_start(w->c, &spec, fn, w);
}

static void
on_answer(void *ctx, const struct call_answer *a)
{
	struct world *w = ctx;

	w->answers++;
	w->status = a->status;
	cr_expect(a->unsent);
	cr_expect(a->trouble[0] != '\0');
}

/* The answer is still there afterwards. */
static void
on_answer_end(void *ctx, const struct call_answer *a)
{
	struct world *w = ctx;

	caller_free(&w->c);
	on_answer(ctx, a);
}

static void
on_answer_cancel(void *ctx, const struct call_answer *a)
{
	struct world *w = ctx;

	call_cancel(w->call);
	on_answer(ctx, a);
}

static void
run(struct world *w, call_fn *fn, int calls)
{
	uv_loop_t loop;

	(void)uv_loop_init(&loop);
	w->c = caller_new(&loop);
	for (int i = 0; i < calls; i++)
		w->call = start(w, fn);
	while (w->answers == 0)
		(void)uv_run(&loop, UV_RUN_ONCE);
	caller_free(&w->c);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	cr_expect(eq(int, uv_loop_close(&loop), 0));
}

Test(caller, a_call_that_nobody_takes_is_answered, .timeout = 20)
{
	struct world w = { 0 };

	run(&w, on_answer, 1);
	cr_expect(eq(int, w.answers, 1));
	cr_expect(eq(int, w.status, 0));
}

Test(caller, an_answer_may_end_the_caller_with_all_its_calls, .timeout = 20)
{
	struct world w = { 0 };

	run(&w, on_answer_end, 3);
	cr_expect(eq(int, w.answers, 1));
}

Test(caller, a_call_that_is_answered_is_not_cancelled, .timeout = 20)
{
	struct world w = { 0 };

	run(&w, on_answer_cancel, 1);
	cr_expect(eq(int, w.answers, 1));
}
