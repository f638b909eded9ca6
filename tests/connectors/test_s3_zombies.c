/*
 * Two tasks that both take a Kafka partition for theirs, as one of them was
 * stopped while the other took over: which objects are written over (D1).
 */
#include "tests/connectors/s3_fixture.h"

#include <stdlib.h>

#define KEY    "topics/logs/partition=0/logs+0+0000000000.json"
#define ROW    "{\"n\":1}\n"
#define OURS   ROW ROW ROW
#define THEIRS ROW ROW ROW ROW

/* What is done at one of the requests for KEY, as by somebody else. */
struct meddler {
	struct bucket *bucket;
	const char *method;
	size_t at, seen; /* which of those of that method, from 1 */
	const char *store;
	bool removes;
	enum fault fault;
	char match[64]; /* If-Match of the last one */
};

static enum fault
meddle(void *arg, const struct stub_request *q)
{
	struct meddler *m = arg;

	if (strstr(q->target, "%2B0%2B0000000000.json") == NULL)
		return FAULT_NONE;
	if (strcmp(q->method, "HEAD") != 0)
		(void)stub_header(q, "If-Match", m->match, sizeof m->match);
	if (strcmp(q->method, m->method) != 0 || ++m->seen != m->at)
		return FAULT_NONE;
	if (m->removes)
		bucket_remove(m->bucket, KEY);
	if (m->store != NULL)
		bucket_store(m->bucket, KEY, m->store, strlen(m->store));
	return m->fault;
}

static void
set_up_meddled(struct s3_fixture *f, struct meddler *m)
{
	s3_set_up(f);
	m->bucket = &f->bucket;
	f->bucket.fault = meddle;
	f->bucket.arg = m;
}

static void
restart(struct s3_fixture *f)
{
	f->ops->destroy(f->state);
	ps_error_clear(&f->t->err);
	s3_begin(f);
}

static struct object_row *
row_of(struct s3_fixture *f)
{
	struct object_row *o;

	stub_lock(f->bucket.stub);
	o = bucket_get(&f->bucket, KEY);
	stub_unlock(f->bucket.stub);
	cr_assert(o != NULL);
	return o;
}

static void
expect(struct s3_fixture *f, const char *text)
{
	cr_assert(eq(str, (char *)s3_text(f, KEY), (char *)text));
}

/* All of its three rows are there, as it has them. */
static void
ends_with_ours(struct s3_fixture *f)
{
	cr_assert(s3_commits(f, 3, 3), "%s", f->t->err.text);
	expect(f, OURS);
	s3_tear_down(f);
}

/* The task has its partition; then another one writes. */
static void
begin_stopped(struct s3_fixture *f)
{
	s3_begin(f);
	s3_put_rows(f, 0, 1);
	f->bucket.clock += 7;
	bucket_put(&f->bucket, KEY, THEIRS, strlen(THEIRS));
	f->bucket.clock += 7;
}

Test(s3_zombies, what_came_after_the_partition_was_given_stays, .timeout = 30)
{
	struct s3_fixture f;
	char etag[64], *text;

	s3_set_up(&f);
	begin_stopped(&f);
	s3_put_rows(&f, 1, 3);
	s3_fails(&f, KEY);
	text = f.t->err.text;
	(void)snprintf(etag, sizeof etag, "\"%s\"", row_of(&f)->etag);
	cr_assert(strstr(text, etag) != NULL, "%s", text);
	cr_assert(strstr(text, "32 bytes") != NULL, "%s", text);
	cr_assert(strstr(text, "24 bytes") != NULL, "%s", text);
	cr_assert(strstr(text, "committed offset") != NULL, "%s", text);
	cr_assert(eq(sz, row_of(&f)->writes, 1));
	expect(&f, THEIRS);
	cr_assert(eq(sz, f.bucket.count, 1));
	s3_tear_down(&f);
}

/* It was no zombie: the task that comes from the committed offset writes. */
Test(s3_zombies, whoever_comes_later_writes_over_it, .timeout = 30)
{
	struct s3_fixture f;

	s3_set_up(&f);
	begin_stopped(&f);
	s3_put_rows(&f, 1, 3);
	s3_fails(&f, KEY);
	restart(&f);
	s3_put_rows(&f, 0, 3);
	ends_with_ours(&f);
}

Test(s3_zombies, what_is_the_same_is_done_whoever_wrote_it, .timeout = 30)
{
	struct s3_fixture f;

	s3_set_up(&f);
	test_host_set(f.t, "flush.size", "4");
	begin_stopped(&f);
	s3_put_rows(&f, 1, 4);
	cr_assert(s3_commits(&f, 4, 4), "%s", f.t->err.text);
	cr_assert(eq(sz, row_of(&f)->writes, 1));
	s3_tear_down(&f);
}

static char *
large(char of)
{
	size_t size = (size_t)6 << 20;
	char *text = malloc(size + 1);

	memset(text, of, size);
	text[size] = '\0';
	return text;
}

Test(s3_zombies, an_upload_is_not_completed_over_what_came_later, .timeout = 60)
{
	char *value = large('x'), *theirs = large('y');
	struct s3_fixture f;

	s3_set_up(&f);
	test_host_set(f.t, "s3.part.size", "5242880");
	s3_begin(&f);
	s3_add(&f, 0, value);
	cr_assert(eq(int, s3_put(&f), 0));
	f.bucket.clock += 7;
	bucket_put(&f.bucket, KEY, theirs, (size_t)6 << 20);
	batch_reset(f.b, 1 << 20);
	s3_add(&f, 1, value);
	s3_add(&f, 2, value);
	cr_assert(eq(int, s3_put(&f), 0));
	batch_reset(f.b, 1 << 20);
	s3_fails(&f, "18874371 bytes");
	cr_assert(eq(sz, row_of(&f)->writes, 1));
	cr_assert(eq(chr, row_of(&f)->data[0], 'y'));
	f.ops->destroy(f.state);
	f.state = NULL;
	cr_assert(eq(sz, bucket_open_uploads(&f.bucket), 0));
	free(value);
	free(theirs);
	s3_tear_down(&f);
}

/* ---- What was there before ---- */

Test(s3_zombies, what_was_there_before_is_replaced_if_it_is_still_that,
    .timeout = 30)
{
	struct meddler m = { .method = "none" };
	struct s3_fixture f;
	char etag[64];

	set_up_meddled(&f, &m);
	bucket_put(&f.bucket, KEY, THEIRS, strlen(THEIRS));
	(void)snprintf(etag, sizeof etag, "\"%s\"", row_of(&f)->etag);
	s3_begin(&f);
	s3_put_rows(&f, 0, 3);
	cr_assert(s3_commits(&f, 3, 3), "%s", f.t->err.text);
	cr_assert(eq(str, m.match, etag));
	cr_assert(eq(sz, f.bucket.matches, 1));
	expect(&f, OURS);
	s3_tear_down(&f);
}

/* Another task writes between our look and our write. */
Test(s3_zombies, what_changes_before_it_is_replaced_stays, .timeout = 30)
{
	struct meddler m = { .method = "PUT", .at = 2, .store = ROW };
	struct s3_fixture f;

	set_up_meddled(&f, &m);
	bucket_put(&f.bucket, KEY, THEIRS, strlen(THEIRS));
	s3_begin(&f);
	s3_put_rows(&f, 0, 1);
	f.bucket.clock += 7;
	s3_put_rows(&f, 1, 3);
	s3_fails(&f, "8 bytes");
	cr_assert(eq(sz, f.bucket.matches, 1));
	expect(&f, ROW);
	s3_tear_down(&f);
}

struct gone {
	char method[8];
	size_t at;
};

ParameterizedTestParameters(s3_zombies, what_is_removed_meanwhile_is_written)
{
	static struct gone table[] = { { "HEAD", 1 }, { "PUT", 2 } };

	return cr_make_param_array(struct gone, table,
	    sizeof table / sizeof *table);
}

ParameterizedTest(struct gone *g, s3_zombies,
    what_is_removed_meanwhile_is_written, .timeout = 30)
{
	struct meddler m = { .method = g->method, g->at, .removes = true };
	struct s3_fixture f;

	set_up_meddled(&f, &m);
	bucket_put(&f.bucket, KEY, THEIRS, strlen(THEIRS));
	s3_begin(&f);
	s3_put_rows(&f, 0, 3);
	ends_with_ours(&f);
}

/* The replacement was applied, and its answer is lost. */
Test(s3_zombies, a_replacement_whose_answer_is_lost_is_known, .timeout = 30)
{
	struct meddler m = { .method = "PUT",
		.at = 2,
		.fault = FAULT_AFTER_CUT };
	struct s3_fixture f;

	set_up_meddled(&f, &m);
	bucket_put(&f.bucket, KEY, THEIRS, strlen(THEIRS));
	s3_begin(&f);
	s3_put_rows(&f, 0, 3);
	cr_assert(s3_commits(&f, 3, 3), "%s", f.t->err.text);
	cr_assert(eq(sz, row_of(&f)->writes, 2));
	expect(&f, OURS);
	s3_tear_down(&f);
}

Test(s3_zombies, a_store_without_conditions_is_as_good_as_it_can_be,
    .timeout = 30)
{
	struct s3_fixture f;

	s3_set_up(&f);
	f.bucket.is_deaf = true;
	begin_stopped(&f);
	s3_put_rows(&f, 1, 3);
	ends_with_ours(&f);
}

Test(s3_zombies, a_store_that_refuses_its_own_etag_has_no_conditions,
    .timeout = 30)
{
	struct s3_fixture f;

	s3_set_up(&f);
	f.bucket.is_odd = true;
	bucket_put(&f.bucket, KEY, THEIRS, strlen(THEIRS));
	s3_begin(&f);
	s3_put_rows(&f, 0, 3);
	cr_assert(s3_commits(&f, 3, 3), "%s", f.t->err.text);
	cr_assert(eq(sz, f.bucket.matches, 1));
	expect(&f, OURS);
	s3_tear_down(&f);
}

Test(s3_zombies, what_has_no_time_was_not_there_before, .timeout = 30)
{
	struct s3_fixture f;

	s3_set_up(&f);
	f.bucket.is_vague = true;
	bucket_put(&f.bucket, KEY, THEIRS, strlen(THEIRS));
	s3_begin(&f);
	s3_put_rows(&f, 0, 3);
	s3_fails(&f, "an unknown time");
	expect(&f, THEIRS);
	s3_tear_down(&f);
}

/* ---- What it costs ---- */

static size_t
requests_of(struct s3_fixture *f, int64_t rows)
{
	size_t before;

	s3_begin(f);
	s3_put_rows(f, 0, 1); /* the logs are known */
	before = stub_requests(f->bucket.stub);
	s3_put_rows(f, 1, rows);
	cr_assert(s3_commits(f, rows, rows), "%s", f->t->err.text);
	return stub_requests(f->bucket.stub) - before;
}

Test(s3_zombies, a_file_costs_one_request_and_two_more_if_it_was_there,
    .timeout = 30)
{
	struct s3_fixture f;

	s3_set_up(&f);
	cr_assert(eq(sz, requests_of(&f, 30), 10));
	f.committed = PS_NO_OFFSET;
	f.ops->destroy(f.state);
	test_host_set(f.t, "flush.size", "6");
	/* Five files where there were ten: every one is there, and the log
	 * says that it is replaced. */
	cr_assert(le(sz, requests_of(&f, 30), 5 * 4));
	s3_tear_down(&f);
}

static size_t
requests_of_large(struct s3_fixture *f)
{
	char *value = large('x');
	size_t before;

	s3_begin(f);
	s3_put_rows(f, 0, 1);
	before = stub_requests(f->bucket.stub);
	s3_add(f, 1, value);
	s3_add(f, 2, value);
	cr_assert(eq(int, s3_put(f), 0), "%s", f->t->err.text);
	cr_assert(s3_commits(f, 3, 3), "%s", f->t->err.text);
	free(value);
	return stub_requests(f->bucket.stub) - before;
}

/* The begin, two parts, the end; and the log of uploads twice. */
Test(s3_zombies, an_upload_costs_two_requests_more_than_it_must, .timeout = 60)
{
	struct s3_fixture f;

	s3_set_up(&f);
	test_host_set(f.t, "s3.part.size", "5242880");
	cr_assert(eq(sz, requests_of_large(&f), 4 + 2));
	s3_tear_down(&f);
}
