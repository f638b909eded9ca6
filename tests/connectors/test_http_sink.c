#include "tests/connectors/http_fixture.h"

#include <time.h>

Test(http_sink, batches_end_at_multiples_of_their_size, .timeout = 30)
{
	struct http_fixture f;

	http_set_up(&f);
	http_begin(&f, 2);
	http_add(&f, 0, 2, 9);
	cr_assert(eq(int, http_deliver(&f, 9), 0));
	cr_assert(eq(sz, f.e.count, 3));
	cr_assert(eq(str, f.e.seen[0].body, "[{\"n\":2},{\"n\":3}]"));
	cr_assert(eq(str, f.e.seen[0].key, "t-0-2-3"));
	cr_assert(eq(str, f.e.seen[1].body,
	    "[{\"n\":4},{\"n\":5},{\"n\":6},{\"n\":7}]"));
	cr_assert(eq(str, f.e.seen[1].key, "t-0-4-7"));
	cr_assert(eq(str, f.e.seen[2].key, "t-0-8-8"));
	http_tear_down(&f);
}

Test(http_sink, a_restart_repeats_requests_with_their_keys, .timeout = 30)
{
	struct http_fixture f;
	size_t first;

	http_set_up(&f);
	http_begin(&f, 0);
	http_add(&f, 0, 0, 12);
	cr_assert(eq(int, http_deliver(&f, 12), 0));
	first = f.e.count;
	f.ops->destroy(f.state);
	http_begin(&f, 0);
	http_add(&f, 0, 0, 12);
	cr_assert(eq(int, http_deliver(&f, 12), 0));
	cr_assert(eq(sz, f.e.count, 2 * first));
	for (size_t i = 0; i < first; i++) {
		cr_assert(eq(str, f.e.seen[i].key, f.e.seen[first + i].key));
		cr_assert(eq(str, f.e.seen[i].body, f.e.seen[first + i].body));
	}
	http_tear_down(&f);
}

struct shape {
	char settings[4][2][32];
	char body[64];
	size_t requests;
};

ParameterizedTestParameters(http_sink, bodies_are_as_configured)
{
	static struct shape table[] = {
		{ { { "batch.format", "ndjson" } }, "{\"a\": 1 }\n\"x\\ny\"\n",
		    1 },
		{ { { "batch.format", "json" } }, "[{\"a\": 1 },\"x\\ny\"]",
		    1 },
		{ { { "batch.format", "" } }, "{\"a\":\n1 }", 2 },
		{ { { "batch.format", "" }, { "batching.enabled", "true" },
		      { "batch.prefix", "<" }, { "batch.separator", ";" } },
		    "<{\"a\":\n1 };x\ny\n", 1 },
	};

	return cr_make_param_array(struct shape, table,
	    sizeof table / sizeof *table);
}

ParameterizedTest(struct shape *s, http_sink, bodies_are_as_configured,
    .timeout = 30)
{
	struct http_fixture f;

	http_set_up(&f);
	for (int i = 0; i < 4 && s->settings[i][0][0] != '\0'; i++)
		test_host_set(f.t, s->settings[i][0], s->settings[i][1]);
	http_begin(&f, 0);
	test_record(f.b, "t", 0, 0, "{\"a\":\n1 }");
	test_record(f.b, "t", 0, 1, "\"x\\ny\"");
	cr_assert(eq(int, http_deliver(&f, 2), 0));
	cr_assert(eq(str, f.e.seen[0].body, s->body));
	cr_assert(eq(sz, f.e.count, s->requests));
	http_tear_down(&f);
}

/* ---- Outages ---- */

static void
first_is_number(struct endpoint *e, const struct stub_request *q,
    struct stub_reply *a)
{
	(void)q;
	if (e->count > 1)
		return;
	a->status = e->number;
	a->cut = e->number == 0;
	if (e->number == 302)
		(void)snprintf(a->headers, sizeof a->headers,
		    "Location: /elsewhere\r\n");
}

struct status {
	int status;
};

ParameterizedTestParameters(http_sink, outages_are_waited_for)
{
	static struct status table[] = { { 0 }, { 302 }, { 401 }, { 403 },
		{ 407 }, { 408 }, { 425 }, { 429 }, { 500 }, { 502 }, { 503 },
		{ 504 } };

	return cr_make_param_array(struct status, table,
	    sizeof table / sizeof *table);
}

ParameterizedTest(struct status *s, http_sink, outages_are_waited_for,
    .timeout = 30)
{
	struct http_fixture f;

	http_set_up(&f);
	f.t->tolerant = true;
	f.e.script = first_is_number;
	f.e.number = s->status;
	http_begin(&f, 0);
	http_add(&f, 0, 0, 4);
	cr_assert(eq(int, http_deliver(&f, 4), 0));
	cr_assert(eq(sz, f.e.count, 3));
	cr_assert(eq(sz, f.t->reported, 0));
	cr_assert(eq(str, f.e.seen[0].key, f.e.seen[2].key));
	cr_assert(eq(str, f.e.seen[0].body, f.e.seen[2].body));
	cr_assert(eq(str, f.t->cause, ""));
	http_tear_down(&f);
}

static void
asks_to_wait(struct endpoint *e, const struct stub_request *q,
    struct stub_reply *a)
{
	(void)q;
	if (e->count > 0)
		return;
	a->status = 429;
	(void)snprintf(a->headers, sizeof a->headers, "Retry-After: %d\r\n",
	    e->number);
}

Test(http_sink, retry_after_is_honoured_up_to_its_ceiling, .timeout = 30)
{
	static const int seconds[] = { 1, 1000000 };

	for (int i = 0; i < 2; i++) {
		struct http_fixture f;

		http_set_up(&f);
		f.e.script = asks_to_wait;
		f.e.number = seconds[i];
		test_host_set(f.t, "retry.after.max.ms",
		    i == 0 ? "5000" : "300");
		http_begin(&f, 0);
		http_add(&f, 0, 0, 4);
		cr_assert(eq(int, http_deliver(&f, 4), 0));
		cr_assert(ge(i64, f.e.seen[1].at_ms - f.e.seen[0].at_ms,
		    i == 0 ? 990 : 290));
		cr_assert(lt(i64, f.e.seen[1].at_ms - f.e.seen[0].at_ms,
		    i == 0 ? 4000 : 3000));
		http_tear_down(&f);
	}
}

static void
down(struct endpoint *e, const struct stub_request *q, struct stub_reply *a)
{
	(void)e;
	(void)q;
	a->status = 503;
}

static void
asks_until(struct endpoint *e, const struct stub_request *q,
    struct stub_reply *a)
{
	time_t at = time(NULL) + e->number;
	char date[64];
	struct tm tm;

	(void)q;
	if (e->count > 0)
		return;
	a->status = 503;
	(void)gmtime_r(&at, &tm);
	(void)strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	(void)snprintf(a->headers, sizeof a->headers, "retry-after: %s\r\n",
	    date);
}

/* A date has no fractions: two seconds ahead is one at least. */
Test(http_sink, retry_after_may_be_a_date, .timeout = 30)
{
	static const int seconds[] = { 2, -100 };
	static const int64_t least_ms[] = { 990, 0 }, most_ms[] = { 4000, 900 };

	for (int i = 0; i < 2; i++) {
		struct http_fixture f;
		int64_t ms;

		http_set_up(&f);
		f.e.script = asks_until;
		f.e.number = seconds[i];
		http_begin(&f, 0);
		http_add(&f, 0, 0, 4);
		cr_assert(eq(int, http_deliver(&f, 4), 0));
		ms = f.e.seen[1].at_ms - f.e.seen[0].at_ms;
		cr_assert(ge(i64, ms, least_ms[i]));
		cr_assert(lt(i64, ms, most_ms[i]));
		http_tear_down(&f);
	}
}

Test(http_sink, an_endpoint_that_is_down_fills_no_memory, .timeout = 30)
{
	char *value = calloc(1, 100001);
	struct http_fixture f;
	int rc = 0;

	http_set_up(&f);
	f.t->h.budget_bytes = 1 << 20;
	f.e.script = down;
	http_begin(&f, 0);
	value[0] = '"';
	memset(value + 1, 'x', 99998);
	value[99999] = '"';
	test_host_wake(f.t); /* put() shall not wait long */
	for (int i = 0; i < 100; i++)
		test_record(f.b, "t", 0, i, value);
	rc = f.ops->put(f.state, f.b, &f.t->err);
	cr_assert(eq(int, rc, -1));
	cr_assert(eq(int, f.t->err.code, PS_E_RETRY));
	for (int i = 0; i < 2000 && f.t->cause[0] == '\0'; i++) {
		ps_error_clear(&f.t->err);
		cr_assert(eq(int, f.ops->put(f.state, f.b, &f.t->err), -1));
		(void)usleep(500);
	}
	cr_assert(strstr(f.t->cause, "status 503") != NULL);
	cr_assert(gt(i64, f.t->retry_ms, 0));
	stub_lock(f.e.stub);
	f.e.script = NULL;
	stub_unlock(f.e.stub);
	test_host_unwake(f.t);
	cr_assert(eq(int, http_deliver(&f, 100), 0));
	cr_assert(eq(sz, f.t->reported, 0));
	free(value);
	http_tear_down(&f);
}

static void
is_silent(struct endpoint *e, const struct stub_request *q,
    struct stub_reply *a)
{
	(void)e;
	(void)q;
	a->hang = true;
}

/* The cause is that of the status, not that memory is short. */
Test(http_sink, a_full_budget_tells_of_an_endpoint_that_is_silent,
    .timeout = 60)
{
	struct http_fixture f;

	http_set_up(&f);
	f.t->h.budget_bytes = 64;
	f.e.script = is_silent;
	http_begin(&f, 0);
	http_add(&f, 0, 0, 10);
	cr_assert(eq(int, f.ops->put(f.state, f.b, &f.t->err), -1));
	cr_expect(strstr(f.t->err.text, "memory budget") != NULL, "%s",
	    f.t->err.text);
	while (f.t->cause[0] == '\0') { /* or the test's own limit */
		ps_error_clear(&f.t->err);
		cr_assert(eq(int, f.ops->put(f.state, f.b, &f.t->err), -1));
	}
	cr_expect(strstr(f.t->cause, "no answer yet") != NULL, "%s",
	    f.t->cause);
	cr_expect(eq(str, f.t->err.text, f.t->cause));
	http_tear_down(&f);
}

/* ---- Refusals ---- */

static void
refuses_some(struct endpoint *e, const struct stub_request *q,
    struct stub_reply *a)
{
	char bad[32];

	for (int n = 3; n < 64; n += e->number) {
		(void)snprintf(bad, sizeof bad, "{\"n\":%d}", n);
		if (strstr(q->body, bad) != NULL)
			a->status = 422;
	}
	if (a->status == 422)
		stub_body(a, "bad n", 5);
}

Test(http_sink, only_the_bad_records_of_a_batch_are_reported, .timeout = 60)
{
	struct http_fixture f;
	char all[8192] = "", want[8192] = "", text[32];

	http_set_up(&f);
	f.t->tolerant = true;
	f.e.script = refuses_some;
	f.e.number = 10;
	test_host_set(f.t, "batch.max.size", "16");
	test_host_set(f.t, "batch.format", "ndjson");
	http_begin(&f, 0);
	http_add(&f, 0, 0, 64);
	cr_assert(eq(int, http_deliver(&f, 64), 0));
	cr_assert(eq(sz, f.t->reported, 7));
	for (int i = 0; i < 7; i++)
		cr_assert(eq(i64, f.t->reports[i].offset, 3 + 10 * i));
	cr_assert(strstr(f.t->reports[0].why, "422") != NULL);
	cr_assert(strstr(f.t->reports[0].why, "bad n") != NULL);
	for (size_t i = 0; i < f.e.count; i++)
		if (f.e.seen[i].status == 200)
			strcat(all, f.e.seen[i].body);
	for (int i = 0; i < 64; i++)
		if (i % 10 != 3) {
			(void)snprintf(text, sizeof text, "{\"n\":%d}\n", i);
			strcat(want, text);
		}
	cr_assert(eq(str, all, want), "each good record once, in order");
	http_tear_down(&f);
}

Test(http_sink, a_refused_record_fails_the_task_when_not_tolerated,
    .timeout = 30)
{
	struct http_fixture f;

	http_set_up(&f);
	f.e.script = refuses_some;
	f.e.number = 10;
	http_begin(&f, 0);
	http_add(&f, 0, 0, 8);
	cr_assert(eq(int, http_deliver(&f, 8), -1));
	cr_assert(eq(int, f.t->err.code, PS_E_DATA));
	cr_assert(strstr(f.t->err.text, "offset 3") != NULL);
	http_tear_down(&f);
}

Test(http_sink, values_that_cannot_be_sent_are_reported, .timeout = 30)
{
	struct http_fixture f;

	http_set_up(&f);
	f.t->tolerant = true;
	test_host_set(f.t, "batch.format", "");
	http_begin(&f, 0);
	test_record(f.b, "t", 0, 0, NULL);
	test_record(f.b, "t", 0, 1, "null");
	test_record(f.b, "t", 0, 2, "[1]");
	test_record(f.b, "t", 0, 3, "{}");
	cr_assert(eq(int, http_deliver(&f, 4), 0));
	cr_assert(eq(sz, f.t->reported, 3));
	cr_assert(
	    eq(str, f.t->reports[0].why, "Record value must not be null"));
	cr_assert(strstr(f.t->reports[2].why, "must be a String") != NULL);
	cr_assert(eq(sz, f.e.count, 1));
	http_tear_down(&f);
}

/* ---- Order ---- */

static void
fails_often(struct endpoint *e, const struct stub_request *q,
    struct stub_reply *a)
{
	static const int statuses[] = { 500, 429, 0 };
	unsigned x = (unsigned)q->index * 2654435761u >> 8;

	a->delay_ms = (int)(x % 3);
	if (x % 4 == (unsigned)e->number % 4) {
		a->status = statuses[x / 4 % 3];
		a->cut = a->status == 0;
	}
}

Test(http_sink, order_is_kept_in_each_partition_under_faults, .timeout = 60)
{
	for (int seed = 0; seed < 4; seed++) {
		long next[2] = { 0, 0 }, last;
		struct http_fixture f;
		int partition;
		long first;

		http_set_up(&f);
		f.e.script = fails_often;
		f.e.number = seed;
		http_begin(&f, 0);
		for (int i = 0; i < 80; i += 5) {
			http_add(&f, 1, i, i + 5);
			http_add(&f, 0, i, i + 5);
		}
		cr_assert(eq(int, http_deliver(&f, 80), 0));
		for (int i = 0; i < 300; i++)
			(void)f.ops->put(f.state, f.b, &f.t->err);
		stub_lock(f.e.stub);
		for (size_t i = 0; i < f.e.count; i++) {
			if (f.e.seen[i].status != 200)
				continue;
			cr_assert(eq(int,
			    sscanf(f.e.seen[i].key, "t-%d-%ld-%ld", &partition,
				&first, &last),
			    3));
			cr_assert(eq(long, first, next[partition]));
			next[partition] = last + 1;
		}
		stub_unlock(f.e.stub);
		cr_assert(eq(long, next[0], 80));
		http_tear_down(&f);
	}
}
