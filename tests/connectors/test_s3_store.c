/*
 * What the S3 sink says to its store, and how it takes what that answers:
 * objects that are there already, a 200 that is an error, headers, a proxy.
 */
#include "tests/connectors/s3_fixture.h"

#include <stdlib.h>

#define KEY  "topics/logs/partition=0/logs+0+0000000000.json"
#define OURS "{\"n\":1}\n{\"n\":1}\n{\"n\":1}\n"

/* What was seen of the requests, and the faults that some are answered by. */
struct seen {
	char header[64]; /* whose values are kept */
	char values[16][512];
	size_t count, posts;
	enum fault completions[4]; /* of the first ones */
};

static enum fault
look(void *arg, const struct stub_request *q)
{
	struct seen *s = arg;

	if (s->header[0] != '\0' && s->count < 16)
		(void)stub_header(q, s->header, s->values[s->count++],
		    sizeof s->values[0]);
	if (strcmp(q->method, "POST") == 0 &&
	    strstr(q->target, "uploadId=") != NULL && s->posts < 4)
		return s->completions[s->posts++];
	return FAULT_NONE;
}

static struct object_row *
row_of(struct s3_fixture *f, const char *key)
{
	struct object_row *o;

	stub_lock(f->bucket.stub);
	o = bucket_get(&f->bucket, key);
	stub_unlock(f->bucket.stub);
	cr_assert(o != NULL, "%s is not there", key);
	return o;
}

static void
put_three(struct s3_fixture *f, const char *value)
{
	if (f->state == NULL)
		s3_begin(f);
	for (int i = 0; i < 3; i++)
		s3_add(f, i, value);
	cr_assert(eq(int, s3_put(f), 0), "%s", f->t->err.text);
	cr_assert(s3_commits(f, 3, 3));
}

Test(s3_store, a_foreign_object_of_our_size_is_not_taken_for_ours,
    .timeout = 30)
{
	static const char foreign[] = "{\"n\":2}\n{\"n\":2}\n{\"n\":2}\n";
	struct s3_fixture f;

	s3_set_up(&f);
	bucket_put(&f.bucket, KEY, foreign, strlen(foreign));
	put_three(&f, "{\"n\":1}");
	cr_assert(eq(sz, f.bucket.refused, 1));
	cr_assert(eq(str, (char *)s3_text(&f, KEY), OURS));
	s3_tear_down(&f);
}

Test(s3_store, an_object_of_our_very_bytes_is_left_as_it_is, .timeout = 30)
{
	struct s3_fixture f;

	s3_set_up(&f);
	bucket_put(&f.bucket, KEY, OURS, strlen(OURS));
	put_three(&f, "{\"n\":1}");
	cr_assert(eq(sz, f.bucket.refused, 1));
	cr_assert(eq(sz, row_of(&f, KEY)->writes, 1));
	s3_tear_down(&f);
}

Test(s3_store, without_conditional_writes_an_object_is_overwritten,
    .timeout = 30)
{
	struct s3_fixture f;

	s3_set_up(&f);
	test_host_set(f.t, "enable.conditional.writes", "false");
	bucket_put(&f.bucket, KEY, "other", 5);
	put_three(&f, "{\"n\":1}");
	cr_assert(eq(sz, f.bucket.conditions, 0));
	cr_assert(eq(str, (char *)s3_text(&f, KEY), OURS));
	s3_tear_down(&f);
}

#define LARGE ((size_t)6 << 20)

static char *
large(char of)
{
	char *text = malloc(LARGE + 1);

	memset(text, of, LARGE);
	text[LARGE] = '\0';
	return text;
}

static void
put_large(struct s3_fixture *f)
{
	char *value = large('x');

	batch_reset(f->b, 1 << 20);
	put_three(f, value);
	free(value);
}

static void
set_up_large(struct s3_fixture *f)
{
	s3_set_up(f);
	test_host_set(f->t, "s3.part.size", "5242880");
}

static void
end(struct s3_fixture *f)
{
	f->ops->destroy(f->state);
	f->state = NULL;
	f->committed = PS_NO_OFFSET;
}

Test(s3_store, an_upload_is_not_completed_by_a_foreign_object, .timeout = 60)
{
	char *foreign = malloc(3 * (LARGE + 1));
	struct object_row *o;
	struct s3_fixture f;

	set_up_large(&f);
	memset(foreign, 'y', 3 * (LARGE + 1));
	bucket_put(&f.bucket, KEY, foreign, 3 * (LARGE + 1));
	put_large(&f);
	cr_assert(eq(sz, f.bucket.refused, 1));
	cr_assert(eq(sz, f.bucket.multiparts, 1));
	o = row_of(&f, KEY);
	cr_assert(eq(sz, o->len, 3 * (LARGE + 1)));
	cr_assert(eq(chr, o->data[0], 'x'));
	cr_assert(eq(chr, o->data[o->len - 2], 'x'));
	free(foreign);
	end(&f);
	cr_assert(eq(sz, bucket_open_uploads(&f.bucket), 0));
	s3_tear_down(&f);
}

Test(s3_store, an_upload_that_was_completed_before_is_known, .timeout = 60)
{
	struct s3_fixture f;

	set_up_large(&f);
	put_large(&f);
	end(&f);
	put_large(&f);
	cr_assert(eq(sz, f.bucket.refused, 1));
	cr_assert(eq(sz, row_of(&f, KEY)->writes, 1));
	end(&f);
	cr_assert(eq(sz, bucket_open_uploads(&f.bucket), 0));
	s3_tear_down(&f);
}

/* The answer to the completion was lost, and nothing proves that what is
 * there is ours: the task starts again, and writes it once more. */
Test(s3_store, an_upload_that_cannot_be_known_is_written_again, .timeout = 60)
{
	struct seen seen = { .completions = { FAULT_AFTER_CUT } };
	struct s3_fixture f;
	char *value = large('x');
	int rc = 0;

	set_up_large(&f);
	f.bucket.opaque = true;
	f.bucket.fault = look;
	f.bucket.arg = &seen;
	s3_begin(&f);
	for (int i = 0; i < 3; i++)
		s3_add(&f, i, value);
	for (int i = 0; i < 4000 && rc == 0; i++) {
		rc = s3_put(&f);
		batch_reset(f.b, 1 << 20);
		(void)usleep(500); /* poll; bounded by the loop */
	}
	cr_assert(eq(int, rc, -1));
	cr_assert(eq(int, f.t->err.code, PS_E_FATAL));
	cr_assert(strstr(f.t->err.text, "cannot be told to be it") != NULL);
	end(&f);
	put_large(&f);
	cr_assert(eq(sz, f.bucket.multiparts, 2));
	cr_assert(eq(sz, row_of(&f, KEY)->len, 3 * (LARGE + 1)));
	end(&f);
	cr_assert(eq(sz, bucket_open_uploads(&f.bucket), 0));
	free(value);
	s3_tear_down(&f);
}

struct lie {
	enum fault first, second;
};

ParameterizedTestParameters(s3_store, a_completion_that_says_200_can_fail)
{
	static struct lie table[] = { { FAULT_ERROR_200, FAULT_NONE },
		{ FAULT_BLANK_200, FAULT_NONE },
		{ FAULT_ERROR_200, FAULT_BLANK_200 } };

	return cr_make_param_array(struct lie, table,
	    sizeof table / sizeof *table);
}

/* D5: a 200 came, and the object is not there. */
ParameterizedTest(struct lie *lie, s3_store,
    a_completion_that_says_200_can_fail, .timeout = 60)
{
	struct seen seen = { .completions = { lie->first, lie->second } };
	struct s3_fixture f;
	struct object_row *o;

	set_up_large(&f);
	f.bucket.fault = look;
	f.bucket.arg = &seen;
	put_large(&f);
	cr_assert(eq(sz, seen.posts, lie->second == FAULT_NONE ? 2 : 3));
	o = row_of(&f, KEY);
	cr_assert(eq(sz, o->writes, 1));
	cr_assert(eq(sz, o->len, 3 * (LARGE + 1)));
	s3_tear_down(&f);
}

/* All of the header's values in the requests of one object. */
static void
see(struct s3_fixture *f, struct seen *seen, const char *header)
{
	(void)snprintf(seen->header, sizeof seen->header, "%s", header);
	f->bucket.fault = look;
	f->bucket.arg = seen;
	put_three(f, "{\"n\":1}");
	cr_assert(gt(sz, seen->count, 0));
}

static const char *
value_of_put(const struct seen *seen)
{
	for (size_t i = 0; i < seen->count; i++)
		if (seen->values[i][0] != '\0')
			return seen->values[i];
	return "";
}

struct sent {
	char setting[40], value[40], header[48], expected[40];
};

ParameterizedTestParameters(s3_store, settings_are_headers)
{
	static struct sent table[] = {
		{ "aws.session.token", "temporary/+=", "x-amz-security-token",
		    "temporary/+=" },
		{ "s3.acl.canned", "bucket-owner-full-control", "x-amz-acl",
		    "bucket-owner-full-control" },
		{ "s3.ssea.name", "AES256", "x-amz-server-side-encryption",
		    "AES256" },
		{ "enable.conditional.writes", "true", "If-None-Match", "*" },
	};

	return cr_make_param_array(struct sent, table,
	    sizeof table / sizeof *table);
}

ParameterizedTest(struct sent *s, s3_store, settings_are_headers, .timeout = 30)
{
	struct seen seen = { 0 }, signed_by = { 0 };
	struct s3_fixture f;

	s3_set_up(&f);
	test_host_set(f.t, s->setting, s->value);
	see(&f, &seen, s->header);
	cr_assert(eq(str, (char *)value_of_put(&seen), s->expected));
	s3_tear_down(&f);
	if (strncmp(s->header, "x-amz-", 6) != 0)
		return;
	s3_set_up(&f);
	test_host_set(f.t, s->setting, s->value);
	see(&f, &signed_by, "Authorization");
	for (size_t i = 0; i < signed_by.count; i++)
		if (strstr(signed_by.values[i], s->header) != NULL)
			signed_by.posts++;
	cr_assert(gt(sz, signed_by.posts, 0), "%s is not signed", s->header);
	s3_tear_down(&f);
}

Test(s3_store, a_proxy_is_asked_for_the_whole_address, .timeout = 30)
{
	char url[64];
	struct s3_fixture f;

	s3_set_up(&f);
	(void)snprintf(url, sizeof url, "http://127.0.0.1:%d",
	    stub_port(f.bucket.stub));
	test_host_set(f.t, "s3.proxy.url", url);
	test_host_set(f.t, "store.url", "http://store.invalid:81");
	put_three(&f, "{\"n\":1}");
	cr_assert(gt(sz, f.bucket.proxied, 0));
	cr_assert(eq(sz, f.bucket.proxied, stub_requests(f.bucket.stub)));
	cr_assert(eq(str, (char *)s3_text(&f, KEY), OURS));
	s3_tear_down(&f);
}
