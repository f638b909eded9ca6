#include "tests/connectors/http_fixture.h"

/* Requests that are sent before they are full. */

/* put() without records for so long that batch.linger.ms is over. */
static void
linger(struct http_fixture *f)
{
	for (int i = 0; i < 60; i++) {
		cr_assert(eq(int, f->ops->put(f->state, f->b, &f->t->err), 0),
		    "%s", f->t->err.text);
		batch_reset(f->b, 1 << 20);
		(void)usleep(1000); /* three times batch.linger.ms in all */
	}
}

/* The offset that may be committed of partition 0. */
static int64_t
safe(struct http_fixture *f, int64_t put)
{
	struct ps_topic_position tp = { "t", 0, put };

	cr_assert(eq(int, f->ops->pre_commit(f->state, &tp, 1, &f->t->err), 0));
	return tp.offset;
}

Test(http_cuts, are_stored_before_a_request_is_sent, .timeout = 30)
{
	struct http_fixture f;

	http_set_up(&f);
	test_host_set(f.t, "batch.max.size", "100");
	f.t->keeps_marks_back = true;
	http_begin(&f, 0);
	http_add(&f, 0, 0, 3);
	linger(&f);
	cr_expect(eq(i64, f.t->wanted_marks[0], 3));
	cr_expect(eq(sz, f.e.count, 0));
	cr_expect(eq(i64, safe(&f, 3), 0));
	/* What comes meanwhile is of the next request. */
	http_add(&f, 0, 3, 5);
	linger(&f);
	cr_expect(eq(i64, f.t->wanted_marks[0], 3));
	f.t->marks[0] = 3;
	cr_assert(eq(int, http_deliver(&f, 3), 0));
	cr_assert(eq(sz, f.e.count, 1));
	cr_expect(eq(str, f.e.seen[0].key, "t-0-0-2"));
	linger(&f);
	cr_expect(eq(i64, f.t->wanted_marks[0], 5));
	f.t->marks[0] = 5;
	cr_assert(eq(int, http_deliver(&f, 5), 0));
	cr_expect(eq(str, f.e.seen[1].key, "t-0-3-4"));
	http_tear_down(&f);
}

Test(http_cuts, are_where_the_task_before_made_them, .timeout = 30)
{
	struct http_fixture f;

	http_set_up(&f);
	test_host_set(f.t, "batch.max.size", "8");
	f.t->marks[0] = 3;
	http_begin(&f, 0);
	/* One that is not all there does not linger: the rest was read. */
	http_add(&f, 0, 0, 2);
	linger(&f);
	cr_expect(eq(sz, f.e.count, 0));
	http_add(&f, 0, 2, 12);
	cr_assert(eq(int, http_deliver(&f, 12), 0));
	cr_assert(eq(sz, f.e.count, 3));
	cr_expect(eq(str, f.e.seen[0].key, "t-0-0-2"));
	cr_expect(eq(str, f.e.seen[1].key, "t-0-3-7"));
	cr_expect(eq(str, f.e.seen[2].key, "t-0-8-11"));
	http_tear_down(&f);
}

Test(http_cuts, hold_where_the_record_before_is_gone, .timeout = 30)
{
	struct http_fixture f;

	http_set_up(&f);
	test_host_set(f.t, "batch.max.size", "8");
	f.t->marks[0] = 3;
	http_begin(&f, 0);
	http_add(&f, 0, 0, 2);
	http_add(&f, 0, 4, 6);
	cr_assert(eq(int, http_deliver(&f, 6), 0));
	cr_expect(eq(str, f.e.seen[0].key, "t-0-0-1"));
	cr_expect(eq(str, f.e.seen[1].key, "t-0-4-5"));
	http_tear_down(&f);
}

Test(http_cuts, full_requests_need_none, .timeout = 30)
{
	struct http_fixture f;

	http_set_up(&f);
	f.t->keeps_marks_back = true;
	http_begin(&f, 0);
	http_add(&f, 0, 0, 8);
	cr_assert(eq(int, http_deliver(&f, 8), 0));
	cr_expect(eq(sz, f.e.count, 2));
	cr_expect(eq(i64, f.t->wanted_marks[0], 0));
	http_tear_down(&f);
}

/* A stop sends what needs no mark, and leaves the rest to the next task. */
Test(http_cuts, a_stop_makes_none, .timeout = 30)
{
	struct http_fixture f;

	http_set_up(&f);
	test_host_set(f.t, "batch.linger.ms", "60000");
	f.t->keeps_marks_back = true;
	http_begin(&f, 0);
	http_add(&f, 0, 0, 6);
	cr_assert(eq(int, f.ops->put(f.state, f.b, &f.t->err), 0));
	f.t->is_stopping = true;
	cr_expect(eq(i64, safe(&f, 6), 4));
	cr_expect(eq(sz, f.e.count, 1));
	http_tear_down(&f);
}

/* Without the memory for more records the request that is open is cut; put()
 * gives control back so that the cut can be stored. */
Test(http_cuts, a_full_budget_cuts, .timeout = 30)
{
	struct http_fixture f;
	struct ps_error err = { 0 };

	http_set_up(&f);
	test_host_set(f.t, "batch.max.size", "1000");
	test_host_set(f.t, "batch.linger.ms", "60000");
	f.t->keeps_marks_back = true;
	f.t->h.budget_bytes = 64;
	http_begin(&f, 0);
	http_add(&f, 0, 0, 10);
	cr_assert(eq(int, f.ops->put(f.state, f.b, &err), -1));
	cr_expect(eq(int, err.code, PS_E_RETRY));
	cr_expect(gt(i64, f.t->wanted_marks[0], 0));
	cr_expect(eq(sz, f.e.count, 0));
	f.t->keeps_marks_back = false;
	f.t->marks[0] = f.t->wanted_marks[0];
	test_host_set(f.t, "batch.linger.ms", "20");
	cr_assert(eq(int, http_deliver(&f, f.t->marks[0]), 0));
	cr_expect(gt(sz, f.e.count, 0));
	http_tear_down(&f);
}
