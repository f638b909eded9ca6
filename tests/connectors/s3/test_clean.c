/*
 * What a clean delete of the sink asks of the bucket, and for how long.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "connectors/s3/clean.h"
#include "tests/connectors/host.h"
#include "tests/connectors/stub.h"

/* One answer is within the silence, the six of `slow` are not. */
#define SLOW_MS   200
#define SILENT_MS 1000
#define WHOLE_MS  60000

#define EMPTY "<ListBucketResult></ListBucketResult>"
#define LOGS                                                           \
	"<ListBucketResult><Contents><Key>topics/_penstock/test/a+0."  \
	"cuts</Key></Contents><Contents><Key>topics/_penstock/test/a+" \
	"0.uploads</Key></Contents></ListBucketResult>"

#define SLOW_DOWN                                          \
	"<Error><Code>SlowDown</Code><Message>not so fast" \
	"</Message></Error>"

static const struct clean_limits limits = { SILENT_MS, WHOLE_MS };
static const char *const topics[] = { "a", "b", "c", NULL };

/* Each answer is within the time of one, all of them are not. */
static void
slow(void *arg, const struct stub_request *q, struct stub_reply *a)
{
	(void)arg;
	(void)q;
	a->status = 200;
	a->delay_ms = SLOW_MS;
	stub_body(a, EMPTY, strlen(EMPTY));
}

static void
busy(void *arg, const struct stub_request *q, struct stub_reply *a)
{
	(void)arg;
	(void)q;
	a->status = 503;
	stub_body(a, SLOW_DOWN, strlen(SLOW_DOWN));
}

static void
no_delete(void *arg, const struct stub_request *q, struct stub_reply *a)
{
	(void)arg;
	a->status = 200;
	if (strcmp(q->method, "DELETE") == 0)
		a->hang = true;
	else
		stub_body(a, LOGS, strlen(LOGS));
}

static struct test_host *
host_of(const struct stub *s)
{
	struct test_host *t = test_host_new("s3", "S3Sink");
	char url[64];

	(void)snprintf(url, sizeof url, "http://127.0.0.1:%d", stub_port(s));
	test_host_set(t, "store.url", url);
	test_host_set(t, "s3.bucket.name", "lake");
	test_host_set(t, "aws.access.key.id", "AK");
	test_host_set(t, "aws.secret.access.key", "secret");
	test_host_set(t, "flush.size", "3");
	test_host_set(t, "format.class",
	    "io.confluent.connect.s3.format.json.JsonFormat");
	return t;
}

Test(s3_clean, topics_of_a_slow_bucket_may_be_many, .timeout = 60)
{
	struct stub *s = stub_new(slow, NULL);
	struct test_host *t = host_of(s);

	cr_expect(eq(int,
		      clean_within(&limits, &t->h, &t->config, topics, &t->err),
		      1),
	    "%s", t->err.text);
	cr_expect(eq(sz, stub_requests(s), 6));
	test_host_free(&t);
	stub_free(&s);
}

Test(s3_clean, a_bucket_that_gives_no_answer_is_told_with_what_it_was_asked,
    .timeout = 60)
{
	struct stub *s = stub_new(no_delete, NULL);
	struct test_host *t = host_of(s);

	cr_expect(eq(int,
	    clean_within(&limits, &t->h, &t->config, topics, &t->err), -1));
	cr_expect(eq(int, (int)t->err.code, PS_E_RETRY));
	cr_expect(eq(str, t->err.text,
	    "the logs of topic a: S3: DELETE topics/_penstock/test/a+0.cuts: "
	    "the bucket has not answered within 1 s"));
	test_host_free(&t);
	stub_free(&s);
}

/* It has answered: that it is silent is not what it is blamed for. */
Test(s3_clean, a_bucket_that_says_not_now_is_told_with_what_it_said,
    .timeout = 60)
{
	struct stub *s = stub_new(busy, NULL);
	struct test_host *t = host_of(s);

	cr_expect(eq(int,
	    test_sink_ops(t)->clean(&t->h, &t->config, topics, &t->err), -1));
	cr_expect(eq(str, t->err.text,
	    "the logs of topic a: S3: GET topics/_penstock/test/a+: status "
	    "503 SlowDown"));
	test_host_free(&t);
	stub_free(&s);
}
