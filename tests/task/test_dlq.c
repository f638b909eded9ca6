#include "task/dlq.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "tests/task/played.h"

static struct played w;
static struct ps_error err;

static void
setup(void)
{
	played_begin(&w);
	ps_error_clear(&err);
}

static void
teardown(void)
{
	played_end(&w);
}

TestSuite(dlq, .init = setup, .fini = teardown, .timeout = 30);

/* tests/live/test_dlq.c has those with letters. */
Test(dlq, without_a_topic_there_is_none_and_nothing_is_held_back)
{
	static const struct ps_setting rows[] = {
		{ "connector.class", "KeeperSink" },
		{ "file", "/x" },
		{ "topics", "t" },
		{ 0 },
	};
	struct dlq *d;

	cr_assert(eq(int, played_configure(&w, NULL, rows, &err), 0), "%s",
	    err.text);
	cr_assert(eq(int, dlq_new(&w.task, &d, &err), 0));
	cr_assert(d == NULL);
	cr_expect(eq(sz, dlq_pending(d), 0));
	cr_expect(eq(int, dlq_serve(d, 1000, &err), 0));
	cr_expect(eq(i64, dlq_floor(d, "t", 0, 42), 42));
	dlq_free(&d);
}

Test(dlq, nobody_is_asked_before_the_first_letter)
{
	static const struct ps_setting worker[] = {
		{ "bootstrap.servers", "127.0.0.1:1" },
		{ 0 },
	};
	static const struct ps_setting rows[] = {
		{ "connector.class", "KeeperSink" },
		{ "errors.deadletterqueue.topic.name", "dead" },
		{ "file", "/x" },
		{ "topics", "t" },
		{ 0 },
	};
	struct dlq *d;

	cr_assert(eq(int, played_configure(&w, worker, rows, &err), 0), "%s",
	    err.text);
	cr_assert(eq(int, dlq_new(&w.task, &d, &err), 0));
	cr_assert(d != NULL);
	cr_expect(eq(int, dlq_serve(d, 1000, &err), 0));
	cr_expect(eq(sz, dlq_pending(d), 0));
	dlq_free(&d);
	cr_expect(d == NULL);
}
