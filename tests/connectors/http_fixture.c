#include "tests/connectors/http_fixture.h"

#include <time.h>

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
		e->tokens++;
		(void)snprintf(e->token_body, sizeof e->token_body, "%.*s",
		    (int)q->len, q->body);
		(void)snprintf(text, sizeof text,
		    "{\"x\":{\"access_token\":\"no\"},\"access_token\":"
		    "\"T%zu\",\"expires_in\":3600,\"token_type\":\"bearer\"}",
		    e->tokens);
		stub_body(a, e->token == NULL ? text : e->token,
		    strlen(e->token == NULL ? text : e->token));
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
	(void)stub_header(q, "Content-Type", e->seen[e->count].type, 64);
	(void)snprintf(e->seen[e->count].target, 128, "%.120s", q->target);
	(void)snprintf(e->seen[e->count].headers, 2048, "%.2000s", q->headers);
	(void)snprintf(e->seen[e->count].body, 4096, "%.4000s", q->body);
	e->count++;
}

void
http_set_up(struct http_fixture *f)
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

void
http_begin(struct http_fixture *f, int64_t offset)
{
	struct ps_topic_position tp[] = { { "t", 0, offset },
		{ "t", 1, offset } };

	f->state = test_sink_start(f->t);
	cr_assert(f->state != NULL, "%s", f->t->err.text);
	cr_assert(eq(int, f->ops->open(f->state, tp, 2, &f->t->err), 0));
}

void
http_tear_down(struct http_fixture *f)
{
	if (f->state != NULL)
		f->ops->destroy(f->state);
	stub_free(&f->e.stub);
	batch_free(&f->b);
	test_host_free(&f->t);
}

void
http_add(struct http_fixture *f, int32_t partition, int64_t from, int64_t to)
{
	for (int64_t i = from; i < to; i++)
		test_record(f->b, "t", partition, i,
		    ps_printf(f->t->arena, "{\"n\":%d}", (int)i));
}

/* Calls put() until `offset` of partition 0 may be committed. */
int
http_deliver(struct http_fixture *f, int64_t offset)
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
