#include "worker/worker.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <unistd.h>

#include "tests/worker/node.h"
#include "worker/worker_impl.h"

enum { BROKEN = 3 };

/* A standalone one, whose converters no plugin has: it fails as soon as it
 * knows them. */
static struct worker *
new_worker(void)
{
	struct ps_error err = { 0 };
	const char *path = node_write_file("");
	struct worker *w;

	w = worker_open(path, WORKER_STANDALONE, &err);
	(void)unlink(path);
	cr_assert(w != NULL, "%s", err.text);
	w->errands.program = TESTS "/worker/fake_child.py";
	return w;
}

/* Who is told, and lets it go at no time. */
static void
on_stopping(void *ctx)
{
	++*(int *)ctx;
}

static void
on_hurry(void *ctx)
{
	(void)ctx;
	cr_fatal("there was no second signal");
}

static const struct worker_ending ending = { on_stopping, on_hurry };

Test(worker, one_that_fails_while_it_drains_goes_at_once, .timeout = 30)
{
	struct worker *w = new_worker();
	struct ps_error err = { 0 };
	int told = 0;

	worker_tell_end(w, &ending, &told);
	cr_assert(eq(int, worker_start(w, 1, &err), 0), "%s", err.text);
	worker_stop(w, 0);
	cr_expect(eq(int, told, 1));
	cr_expect(eq(int, worker_run(w), BROKEN));
	cr_expect(eq(int, told, 1), "the end begins once");
	worker_free(&w);
}

Test(worker, one_that_fails_before_it_starts_ends, .timeout = 30)
{
	struct worker *w = new_worker();
	struct ps_error err = { 0 };
	int told = 0;

	worker_tell_end(w, &ending, &told);
	worker_stop(w, BROKEN);
	cr_expect(eq(int, told, 1));
	cr_assert(eq(int, worker_start(w, 1, &err), 0), "%s", err.text);
	cr_expect(eq(int, worker_run(w), BROKEN));
	worker_free(&w);
}
