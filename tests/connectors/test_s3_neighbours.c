#include "tests/connectors/s3_fixture.h"

#include <stdlib.h>

/* Two connectors that write one topic into one folder. */

#define LARGE   ((size_t)6 << 20)
#define OLD     "topics/_penstock/logs+0.cuts"
#define UPLOADS "topics/_penstock/test/logs+0.uploads"

static void
add_large(struct s3_fixture *f, int64_t offset)
{
	char *value = calloc(1, LARGE + 1);

	memset(value, 'x', LARGE);
	s3_add(f, offset, ps_strdup(f->b->arena, value));
	free(value);
}

static void
drive(struct s3_fixture *f)
{
	cr_assert(eq(int, s3_put(f), 0));
	(void)usleep(500); /* poll; bounded by the loop */
}

/* Does the log tell the id of the upload that was begun last? */
static bool
is_logged(struct bucket *b)
{
	const struct object_row *log;
	char line[32];
	bool found;

	stub_lock(b->stub);
	(void)snprintf(line, sizeof line, "\n%d ", b->last_id);
	log = bucket_get(b, UPLOADS);
	found = log != NULL && strstr(log->data, line) != NULL;
	stub_unlock(b->stub);
	return found;
}

/* An upload with one part is under way, and nothing else. */
static void
begin_upload(struct s3_fixture *f, struct bucket *b)
{
	size_t open = bucket_open_uploads(b) + 1;

	test_host_set(f->t, "s3.part.size", "5242880");
	s3_begin(f);
	add_large(f, 0);
	cr_assert(eq(int, s3_put(f), 0));
	batch_reset(f->b, 1 << 20);
	for (int i = 0; i < 4000 && bucket_open_uploads(b) < open; i++)
		drive(f);
	cr_assert(eq(sz, bucket_open_uploads(b), open));
	for (int i = 0; i < 4000 && !is_logged(b); i++)
		drive(f);
	cr_assert(is_logged(b));
}

static void
finish_upload(struct s3_fixture *f)
{
	add_large(f, 1);
	add_large(f, 2);
	cr_assert(eq(int, s3_put(f), 0), "%s", f->t->err.text);
	cr_assert(s3_commits(f, 3, 3), "%s", f->t->err.text);
}

Test(s3_neighbours, uploads_of_another_connector_go_on, .timeout = 60)
{
	struct s3_fixture f, g;

	s3_set_up(&f);
	s3_set_up_other(&g, &f, "other");
	test_host_set(g.t, "s3.compression.type", "zstd");
	begin_upload(&f, &f.bucket);
	s3_begin(&g);
	s3_fill(&g, 0, 3);
	cr_assert(eq(int, s3_put(&g), 0));
	cr_assert(s3_commits(&g, 3, 3));
	cr_assert(eq(sz, f.bucket.aborts, 0));
	finish_upload(&f);
	cr_assert(eq(sz, f.bucket.multiparts, 1));
	s3_tear_down(&g);
	s3_tear_down(&f);
}

Test(s3_neighbours, uploads_that_the_last_task_left_are_aborted, .timeout = 60)
{
	struct s3_fixture f, g;

	s3_set_up(&f);
	s3_set_up_other(&g, &f, f.t->h.connector);
	begin_upload(&f, &f.bucket); /* a task that is killed here */
	s3_begin(&g);
	s3_fill(&g, 0, 3);
	cr_assert(eq(int, s3_put(&g), 0));
	cr_assert(s3_commits(&g, 3, 3));
	for (int i = 0; i < 4000 && bucket_open_uploads(&f.bucket) > 0; i++)
		drive(&g);
	cr_assert(eq(sz, bucket_open_uploads(&f.bucket), 0));
	cr_assert(eq(sz, f.bucket.aborts, 1));
	s3_tear_down(&g);
	s3_tear_down(&f);
}

/* A task that could not abort leaves it to the next but one. */
static enum fault
no_aborts(void *arg, const struct stub_request *q)
{
	(void)arg;
	return strcmp(q->method, "DELETE") == 0 ? FAULT_503 : FAULT_NONE;
}

Test(s3_neighbours, an_upload_that_stays_is_aborted_by_a_later_task,
    .timeout = 60)
{
	struct s3_fixture f, g, h;

	s3_set_up(&f);
	s3_set_up_other(&g, &f, f.t->h.connector);
	s3_set_up_other(&h, &f, f.t->h.connector);
	begin_upload(&f, &f.bucket);
	f.bucket.fault = no_aborts;
	begin_upload(&g, &f.bucket);
	f.bucket.fault = NULL;
	s3_begin(&h);
	s3_fill(&h, 0, 3);
	cr_assert(eq(int, s3_put(&h), 0));
	cr_assert(s3_commits(&h, 3, 3));
	for (int i = 0; i < 4000 && bucket_open_uploads(&f.bucket) > 0; i++)
		drive(&h);
	cr_assert(eq(sz, bucket_open_uploads(&f.bucket), 0));
	s3_tear_down(&h);
	s3_tear_down(&g);
	s3_tear_down(&f);
}

static void
cut_by_clock(struct s3_fixture *f, int64_t records)
{
	test_host_set(f->t, "flush.size", "1000");
	test_host_set(f->t, "rotate.schedule.interval.ms", "100");
	s3_begin(f);
	s3_fill(f, 0, records);
	cr_assert(eq(int, s3_put(f), 0));
	cr_assert(s3_commits(f, records, records));
}

Test(s3_neighbours, each_has_its_own_cuts, .timeout = 60)
{
	struct s3_fixture f, g;

	s3_set_up(&f);
	f.t->h.connector = "one";
	s3_set_up_other(&g, &f, "an/other");
	test_host_set(g.t, "s3.compression.type", "zstd");
	cut_by_clock(&f, 5);
	cr_assert(
	    eq(str, (char *)s3_cuts(&f, "topics/_penstock/one/logs+0.cuts"),
		"penstock cuts 1\n0 5\n"));
	cut_by_clock(&g, 7);
	cr_assert(eq(str,
	    (char *)s3_cuts(&f, "topics/_penstock/an%2Fother/logs+0.cuts"),
	    "penstock cuts 1\n0 7\n"));
	cr_assert(
	    eq(str, (char *)s3_cuts(&f, "topics/_penstock/one/logs+0.cuts"),
		"penstock cuts 1\n0 5\n"));
	s3_tear_down(&g);
	s3_tear_down(&f);
}

/* What an earlier version logged, for all connectors alike. */
Test(s3_neighbours, cuts_of_an_earlier_version_are_repeated, .timeout = 60)
{
	static const char log[] = "penstock cuts 1\n0 5\n";
	struct s3_fixture f;

	s3_set_up(&f);
	bucket_put(&f.bucket, OLD, log, strlen(log));
	test_host_set(f.t, "flush.size", "1000");
	s3_begin(&f);
	s3_fill(&f, 0, 9);
	cr_assert(eq(int, s3_put(&f), 0));
	cr_assert(s3_commits(&f, 9, 5));
	cr_assert(eq(str, (char *)s3_text(&f, OLD), (char *)log));
	s3_tear_down(&f);
}
