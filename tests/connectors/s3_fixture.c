#include "tests/connectors/s3_fixture.h"

#include <stdlib.h>

static void
new_host(struct s3_fixture *f, struct bucket *bucket)
{
	char url[64];

	f->at = bucket;
	f->t = test_host_new("s3", "S3Sink");
	(void)snprintf(url, sizeof url, "http://127.0.0.1:%d",
	    stub_port(bucket->stub));
	test_host_set(f->t, "store.url", url);
	test_host_set(f->t, "s3.bucket.name", "lake");
	test_host_set(f->t, "aws.access.key.id", "AK");
	test_host_set(f->t, "aws.secret.access.key", "secret");
	test_host_set(f->t, "s3.retry.backoff.ms", "1");
	test_host_set(f->t, "flush.size", "3");
	test_host_set(f->t, "format.class",
	    "io.confluent.connect.s3.format.json.JsonFormat");
	f->ops = test_sink_ops(f->t);
}

void
s3_set_up(struct s3_fixture *f)
{
	bucket_init(&f->bucket);
	f->committed = PS_NO_OFFSET;
	f->state = NULL;
	f->b = batch_new(1 << 20);
	new_host(f, &f->bucket);
}

void
s3_set_up_other(struct s3_fixture *f, struct s3_fixture *first,
    const char *name)
{
	memset(f, 0, sizeof *f);
	f->committed = PS_NO_OFFSET;
	f->b = batch_new(1 << 20);
	new_host(f, &first->bucket);
	f->t->h.connector = name;
}

void
s3_begin(struct s3_fixture *f)
{
	struct ps_topic_position tp = { "logs", 0, f->committed };

	f->at->clock += 10;
	f->state = test_sink_start(f->t);
	cr_assert(f->state != NULL, "%s", f->t->err.text);
	cr_assert(eq(int, f->ops->open(f->state, &tp, 1, &f->t->err), 0));
}

void
s3_tear_down(struct s3_fixture *f)
{
	if (f->state != NULL)
		f->ops->destroy(f->state);
	batch_free(&f->b);
	test_host_free(&f->t);
	if (f->bucket.stub != NULL)
		bucket_fini(&f->bucket);
}

/* put() as the host calls it: again while it says so. */
int
s3_put(struct s3_fixture *f)
{
	int rc = -1;

	for (int i = 0; i < 5000 && rc != 0; i++) {
		ps_error_clear(&f->t->err);
		rc = f->ops->put(f->state, f->b, &f->t->err);
		if (rc != 0 && f->t->err.code != PS_E_RETRY)
			return rc;
	}
	return rc;
}

/* Puts nothing until `offset` may be committed; false when it never comes. */
bool
s3_commits(struct s3_fixture *f, int64_t last, int64_t offset)
{
	struct ps_topic_position tp;

	batch_reset(f->b, 1 << 20);
	for (int i = 0; i < 4000; i++) {
		if (s3_put(f) != 0)
			return false;
		tp = (struct ps_topic_position){ "logs", 0, last };
		if (f->ops->pre_commit(f->state, &tp, 1, &f->t->err) != 0)
			return false;
		f->committed = tp.offset;
		if (tp.offset >= offset)
			return true;
		(void)usleep(500); /* poll; bounded by the loop */
	}
	return false;
}

const char *
s3_text(struct s3_fixture *f, const char *key)
{
	struct object_row *o;

	stub_lock(f->bucket.stub);
	o = bucket_get(&f->bucket, key);
	stub_unlock(f->bucket.stub);
	return o == NULL ? "(none)" : o->data;
}

const char *
s3_cuts(struct s3_fixture *f, const char *key)
{
	static char text[8192];
	char *by;

	(void)snprintf(text, sizeof text, "%s", s3_text(f, key));
	by = strstr(text, "by ");
	if (by != NULL)
		*by = '\0';
	return text;
}

struct ps_record *
s3_add(struct s3_fixture *f, int64_t offset, const char *value)
{
	return test_record(f->b, "logs", 0, offset, value);
}

/* Records of any size between some bytes and one large enough for parts. */
void
s3_fill(struct s3_fixture *f, int64_t from, int64_t to)
{
	static char pad[5300000];
	char *value;
	int size;

	memset(pad, 'p', sizeof pad);
	batch_reset(f->b, 1 << 20);
	for (int64_t i = from; i < to; i++) {
		size = i == 57 ? (int)sizeof pad - 1 : (int)(i % 60);
		value =
		    ps_printf(f->b->arena, "{\"k\":%d,\"n\":%d,\"p\":\"%.*s\"}",
			(int)(i % 3), (int)i, size, pad);
		s3_add(f, i, value)->timestamp = 1700000000000 + i * 1000;
	}
}

void
s3_put_rows(struct s3_fixture *f, int64_t from, int64_t to)
{
	batch_reset(f->b, 1 << 20);
	for (int64_t i = from; i < to; i++)
		s3_add(f, i, "{\"n\":1}");
	cr_assert(eq(int, s3_put(f), 0), "%s", f->t->err.text);
	batch_reset(f->b, 1 << 20);
}

void
s3_fails(struct s3_fixture *f, const char *says)
{
	int rc = 0;

	for (int i = 0; i < 4000 && rc == 0; i++) {
		rc = s3_put(f);
		(void)usleep(500); /* poll; bounded by the loop */
	}
	cr_assert(eq(int, rc, -1));
	cr_assert(eq(int, f->t->err.code, PS_E_FATAL));
	cr_assert(strstr(f->t->err.text, says) != NULL, "%s", f->t->err.text);
}
