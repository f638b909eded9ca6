#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "record/batch.h"
#include "tests/connectors/host.h"
#include "tests/connectors/stub.h"

#define REQUESTS 512

/* An endpoint that keeps what it was sent and answers as it is told. */
struct endpoint {
	struct stub *stub;
	struct {
		int status;
		char key[128];
		char authorization[128];
		char body[4096];
		int64_t at_ms;
	} seen[REQUESTS];
	size_t count, tokens;
	/* The answer to request `i`; NULL: 200. */
	void (*script)(struct endpoint *e, const struct stub_request *q,
	    struct stub_reply *a);
	int number; /* the script's own */
};

struct fixture {
	struct endpoint e;
	struct test_host *t;
	const struct ps_sink_ops *ops;
	void *state;
	struct ps_batch *b;
};

static int64_t
now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
on_request(void *arg, const struct stub_request *q, struct stub_reply *a)
{
	struct endpoint *e = arg;
	char text[128];

	if (strcmp(q->target, "/token") == 0) {
		(void)snprintf(text, sizeof text,
		    "{\"x\":{\"access_token\":\"no\"},\"access_token\":"
		    "\"T%zu\",\"expires_in\":3600,\"token_type\":\"bearer\"}",
		    ++e->tokens);
		stub_body(a, text, strlen(text));
		return;
	}
	if (e->script != NULL)
		e->script(e, q, a);
	cr_assert(lt(sz, e->count, REQUESTS));
	e->seen[e->count].status = a->cut ? 0 : a->status;
	e->seen[e->count].at_ms = now_ms();
	(void)stub_header(q, "Idempotency-Key", e->seen[e->count].key, 128);
	(void)stub_header(q, "Authorization", e->seen[e->count].authorization,
	    128);
	(void)snprintf(e->seen[e->count].body, 4096, "%.4000s", q->body);
	e->count++;
}

static void
set_up(struct fixture *f)
{
	char url[64];

	memset(f, 0, sizeof *f);
	f->e.stub = stub_new(on_request, &f->e);
	f->t = test_host_new("http", "HttpSink");
	(void)snprintf(url, sizeof url, "http://127.0.0.1:%d/in",
	    stub_port(f->e.stub));
	test_host_set(f->t, "http.url", url);
	test_host_set(f->t, "http.authorization.type", "none");
	test_host_set(f->t, "retry.backoff.ms", "2");
	test_host_set(f->t, "batch.linger.ms", "20");
	test_host_set(f->t, "batch.max.size", "4");
	test_host_set(f->t, "batch.format", "json");
	f->ops = test_sink_ops(f->t);
	f->b = batch_new(1 << 20);
}

static void
begin(struct fixture *f, int64_t offset)
{
	struct ps_topic_position tp[] = { { "t", 0, offset },
		{ "t", 1, offset } };

	f->state = test_sink_start(f->t);
	cr_assert(f->state != NULL, "%s", f->t->err.text);
	cr_assert(eq(int, f->ops->open(f->state, tp, 2, &f->t->err), 0));
}

static void
tear_down(struct fixture *f)
{
	if (f->state != NULL)
		f->ops->destroy(f->state);
	stub_free(&f->e.stub);
	batch_free(&f->b);
	test_host_free(&f->t);
}

static void
add(struct fixture *f, int32_t partition, int64_t from, int64_t to)
{
	for (int64_t i = from; i < to; i++)
		test_record(f->b, "t", partition, i,
		    ps_printf(f->t->arena, "{\"n\":%d}", (int)i));
}

/* Calls put() until `offset` of partition 0 may be committed. */
static int
deliver(struct fixture *f, int64_t offset)
{
	struct ps_topic_position tp = { "t", 0, PS_NO_OFFSET };
	int rc;

	for (int i = 0; i < 8000; i++) {
		ps_error_clear(&f->t->err);
		rc = f->ops->put(f->state, f->b, &f->t->err);
		if (rc != 0 && f->t->err.code != PS_E_RETRY)
			return rc;
		if (rc == 0)
			batch_reset(f->b, 1 << 20);
		tp.offset = offset;
		ps_error_clear(&f->t->err);
		if (f->ops->pre_commit(f->state, &tp, 1, &f->t->err) != 0)
			return -1;
		if (rc == 0 && tp.offset >= offset)
			return 0;
		(void)usleep(500); /* poll; bounded by the loop */
	}
	cr_assert(false, "offset %d was not delivered: %s", (int)offset,
	    f->t->cause);
	return -1;
}

Test(http_sink, batches_end_at_multiples_of_their_size, .timeout = 30)
{
	struct fixture f;

	set_up(&f);
	begin(&f, 2);
	add(&f, 0, 2, 9);
	cr_assert(eq(int, deliver(&f, 9), 0));
	cr_assert(eq(sz, f.e.count, 3));
	cr_assert(eq(str, f.e.seen[0].body, "[{\"n\":2},{\"n\":3}]"));
	cr_assert(eq(str, f.e.seen[0].key, "t-0-2-3"));
	cr_assert(eq(str, f.e.seen[1].body,
	    "[{\"n\":4},{\"n\":5},{\"n\":6},{\"n\":7}]"));
	cr_assert(eq(str, f.e.seen[1].key, "t-0-4-7"));
	cr_assert(eq(str, f.e.seen[2].key, "t-0-8-8"));
	tear_down(&f);
}

Test(http_sink, a_restart_repeats_requests_with_their_keys, .timeout = 30)
{
	struct fixture f;
	size_t first;

	set_up(&f);
	begin(&f, 0);
	add(&f, 0, 0, 12);
	cr_assert(eq(int, deliver(&f, 12), 0));
	first = f.e.count;
	f.ops->destroy(f.state);
	begin(&f, 0);
	add(&f, 0, 0, 12);
	cr_assert(eq(int, deliver(&f, 12), 0));
	cr_assert(eq(sz, f.e.count, 2 * first));
	for (size_t i = 0; i < first; i++) {
		cr_assert(eq(str, f.e.seen[i].key, f.e.seen[first + i].key));
		cr_assert(eq(str, f.e.seen[i].body, f.e.seen[first + i].body));
	}
	tear_down(&f);
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
	struct fixture f;

	set_up(&f);
	for (int i = 0; i < 4 && s->settings[i][0][0] != '\0'; i++)
		test_host_set(f.t, s->settings[i][0], s->settings[i][1]);
	begin(&f, 0);
	test_record(f.b, "t", 0, 0, "{\"a\":\n1 }");
	test_record(f.b, "t", 0, 1, "\"x\\ny\"");
	cr_assert(eq(int, deliver(&f, 2), 0));
	cr_assert(eq(str, f.e.seen[0].body, s->body));
	cr_assert(eq(sz, f.e.count, s->requests));
	tear_down(&f);
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
	struct fixture f;

	set_up(&f);
	f.t->tolerant = true;
	f.e.script = first_is_number;
	f.e.number = s->status;
	begin(&f, 0);
	add(&f, 0, 0, 4);
	cr_assert(eq(int, deliver(&f, 4), 0));
	cr_assert(eq(sz, f.e.count, 3));
	cr_assert(eq(sz, f.t->reported, 0));
	cr_assert(eq(str, f.e.seen[0].key, f.e.seen[2].key));
	cr_assert(eq(str, f.e.seen[0].body, f.e.seen[2].body));
	cr_assert(eq(str, f.t->cause, ""));
	tear_down(&f);
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
		struct fixture f;

		set_up(&f);
		f.e.script = asks_to_wait;
		f.e.number = seconds[i];
		test_host_set(f.t, "retry.after.max.ms",
		    i == 0 ? "5000" : "300");
		begin(&f, 0);
		add(&f, 0, 0, 4);
		cr_assert(eq(int, deliver(&f, 4), 0));
		cr_assert(ge(i64, f.e.seen[1].at_ms - f.e.seen[0].at_ms,
		    i == 0 ? 990 : 290));
		cr_assert(lt(i64, f.e.seen[1].at_ms - f.e.seen[0].at_ms,
		    i == 0 ? 4000 : 3000));
		tear_down(&f);
	}
}

static void
down(struct endpoint *e, const struct stub_request *q, struct stub_reply *a)
{
	(void)e;
	(void)q;
	a->status = 503;
}

Test(http_sink, an_endpoint_that_is_down_fills_no_memory, .timeout = 30)
{
	char *value = calloc(1, 100001);
	struct fixture f;
	int rc = 0;

	set_up(&f);
	f.t->h.budget_bytes = 1 << 20;
	f.e.script = down;
	begin(&f, 0);
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
	cr_assert(eq(int, deliver(&f, 100), 0));
	cr_assert(eq(sz, f.t->reported, 0));
	free(value);
	tear_down(&f);
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
	struct fixture f;
	char all[8192] = "", want[8192] = "", text[32];

	set_up(&f);
	f.t->tolerant = true;
	f.e.script = refuses_some;
	f.e.number = 10;
	test_host_set(f.t, "batch.max.size", "16");
	test_host_set(f.t, "batch.format", "ndjson");
	begin(&f, 0);
	add(&f, 0, 0, 64);
	cr_assert(eq(int, deliver(&f, 64), 0));
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
	tear_down(&f);
}

Test(http_sink, a_refused_record_fails_the_task_when_not_tolerated,
    .timeout = 30)
{
	struct fixture f;

	set_up(&f);
	f.e.script = refuses_some;
	f.e.number = 10;
	begin(&f, 0);
	add(&f, 0, 0, 8);
	cr_assert(eq(int, deliver(&f, 8), -1));
	cr_assert(eq(int, f.t->err.code, PS_E_DATA));
	cr_assert(strstr(f.t->err.text, "offset 3") != NULL);
	tear_down(&f);
}

Test(http_sink, values_that_cannot_be_sent_are_reported, .timeout = 30)
{
	struct fixture f;

	set_up(&f);
	f.t->tolerant = true;
	test_host_set(f.t, "batch.format", "");
	begin(&f, 0);
	test_record(f.b, "t", 0, 0, NULL);
	test_record(f.b, "t", 0, 1, "null");
	test_record(f.b, "t", 0, 2, "[1]");
	test_record(f.b, "t", 0, 3, "{}");
	cr_assert(eq(int, deliver(&f, 4), 0));
	cr_assert(eq(sz, f.t->reported, 3));
	cr_assert(
	    eq(str, f.t->reports[0].why, "Record value must not be null"));
	cr_assert(strstr(f.t->reports[2].why, "must be a String") != NULL);
	cr_assert(eq(sz, f.e.count, 1));
	tear_down(&f);
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
		struct fixture f;
		int partition;
		long first;

		set_up(&f);
		f.e.script = fails_often;
		f.e.number = seed;
		begin(&f, 0);
		for (int i = 0; i < 80; i += 5) {
			add(&f, 1, i, i + 5);
			add(&f, 0, i, i + 5);
		}
		cr_assert(eq(int, deliver(&f, 80), 0));
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
		tear_down(&f);
	}
}

/* ---- Credentials ---- */

static void
wants_second_token(struct endpoint *e, const struct stub_request *q,
    struct stub_reply *a)
{
	char text[64];

	(void)stub_header(q, "Authorization", text, sizeof text);
	if (e->number == 2 && strcmp(text, "Bearer T2") != 0)
		a->status = 401;
}

Test(http_sink, oauth2_tokens_are_kept_and_renewed, .timeout = 30)
{
	struct fixture f;
	char url[64];

	set_up(&f);
	(void)snprintf(url, sizeof url, "http://127.0.0.1:%d/token",
	    stub_port(f.e.stub));
	test_host_set(f.t, "http.authorization.type", "oauth2");
	test_host_set(f.t, "oauth2.access.token.url", url);
	test_host_set(f.t, "oauth2.client.id", "id");
	test_host_set(f.t, "oauth2.client.secret", "secret");
	f.e.script = wants_second_token;
	begin(&f, 0);
	add(&f, 0, 0, 8);
	cr_assert(eq(int, deliver(&f, 8), 0));
	cr_assert(eq(sz, f.e.tokens, 1));
	cr_assert(eq(str, f.e.seen[0].authorization, "Bearer T1"));
	f.e.number = 2;
	add(&f, 0, 8, 12);
	cr_assert(eq(int, deliver(&f, 12), 0));
	cr_assert(eq(sz, f.e.tokens, 2));
	cr_assert(eq(str, f.e.seen[3].authorization, "Bearer T2"));
	tear_down(&f);
}

struct auth {
	char type[16], key[32], value[32], key2[32], value2[32], sent[64];
};

ParameterizedTestParameters(http_sink, static_credentials_are_sent)
{
	static struct auth table[] = {
		{ "none", "", "", "", "", "" },
		{ "static", "http.headers.authorization", "Key abc", "", "",
		    "Key abc" },
		{ "bearer", "http.bearer.token", "abc", "", "", "Bearer abc" },
		{ "basic", "http.basic.username", "Aladdin",
		    "http.basic.password", "open sesame",
		    "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==" },
	};

	return cr_make_param_array(struct auth, table,
	    sizeof table / sizeof *table);
}

ParameterizedTest(struct auth *a, http_sink, static_credentials_are_sent,
    .timeout = 30)
{
	struct fixture f;

	set_up(&f);
	test_host_set(f.t, "http.authorization.type", a->type);
	if (a->key[0] != '\0')
		test_host_set(f.t, a->key, a->value);
	if (a->key2[0] != '\0')
		test_host_set(f.t, a->key2, a->value2);
	begin(&f, 0);
	add(&f, 0, 0, 4);
	cr_assert(eq(int, deliver(&f, 4), 0));
	cr_assert(eq(str, f.e.seen[0].authorization, a->sent));
	tear_down(&f);
}

/* ---- Hostile endpoints ---- */

static void
hangs_once(struct endpoint *e, const struct stub_request *q,
    struct stub_reply *a)
{
	(void)q;
	if (e->count == 0)
		a->delay_ms = 1500;
}

Test(http_sink, a_hanging_endpoint_is_given_up_after_the_timeout, .timeout = 30)
{
	struct fixture f;

	set_up(&f);
	test_host_set(f.t, "http.timeout", "1");
	f.e.script = hangs_once;
	begin(&f, 0);
	add(&f, 0, 0, 4);
	cr_assert(eq(int, deliver(&f, 4), 0));
	cr_assert(ge(sz, f.e.count, 2));
	cr_assert(eq(str, f.e.seen[0].key, f.e.seen[1].key));
	tear_down(&f);
}

static void
answers_too_much(struct endpoint *e, const struct stub_request *q,
    struct stub_reply *a)
{
	char *text = calloc(1, 1 << 20);

	(void)e;
	(void)q;
	stub_body(a, text, 1 << 20);
	free(text);
}

Test(http_sink, an_answer_without_end_is_cut_off, .timeout = 30)
{
	struct fixture f;

	set_up(&f);
	f.e.script = answers_too_much;
	begin(&f, 0);
	add(&f, 0, 0, 4);
	cr_assert(eq(int, deliver(&f, 4), 0));
	cr_assert(eq(sz, f.e.count, 1));
	tear_down(&f);
}

struct address {
	char url[64];
};

ParameterizedTestParameters(http_sink, metadata_addresses_are_not_reached)
{
	static struct address table[] = {
		{ "http://169.254.169.254/latest" },
		{ "http://0xa9fea9fe/" },
		{ "http://[::ffff:169.254.169.254]/" },
		{ "http://[fe80::1]/" },
		{ "http://[fd00:ec2::254]/" },
		{ "http://0.0.0.0:1/" },
		{ "http://0:1/" },
	};

	return cr_make_param_array(struct address, table,
	    sizeof table / sizeof *table);
}

ParameterizedTest(struct address *a, http_sink,
    metadata_addresses_are_not_reached, .timeout = 30)
{
	struct fixture f;

	set_up(&f);
	test_host_set(f.t, "http.url", a->url);
	begin(&f, 0);
	add(&f, 0, 0, 4);
	for (int i = 0; i < 4000 && f.t->cause[0] == '\0'; i++) {
		(void)f.ops->put(f.state, f.b, &f.t->err);
		(void)usleep(500);
	}
	cr_assert(strstr(f.t->cause, "link-local") != NULL, "%s", f.t->cause);
	tear_down(&f);
}

struct bad {
	char key[48], value[48], says[64];
};

ParameterizedTestParameters(http_sink, wrong_settings_are_named)
{
	static struct bad table[] = {
		{ "http.url", "file:///etc/passwd", "http.url=file" },
		{ "http.url", "http://", "http.url=" },
		{ "http.headers.additional", "a:b\r\nEvil:1",
		    "control character" },
		{ "http.headers.additional", "nocolon", "name:value" },
		{ "http.headers.content.type", "a\nb", "control character" },
		{ "http.authorization.type", "static",
		    "http.headers.authorization" },
		{ "http.authorization.type", "oauth2",
		    "oauth2.access.token.url" },
		{ "http.ssl.truststore.location", "/x/trust.jks", "PEM" },
	};

	return cr_make_param_array(struct bad, table,
	    sizeof table / sizeof *table);
}

ParameterizedTest(struct bad *bad, http_sink, wrong_settings_are_named)
{
	struct fixture f;

	set_up(&f);
	test_host_set(f.t, bad->key, bad->value);
	cr_assert(strstr(test_host_validate(f.t), bad->says) != NULL, "%s",
	    test_host_validate(f.t));
	cr_assert(test_sink_start(f.t) == NULL);
	cr_assert(eq(int, f.t->err.code, PS_E_CONFIG));
	tear_down(&f);
}
