/*
 * The log of cuts: what is in it before which files, and that of two tasks
 * that both take a Kafka partition for theirs only one can write it (D1).
 */
#include "tests/connectors/s3_fixture.h"

#define KEY    "topics/logs/partition=0/logs+0+0000000000.json"
#define SECOND "topics/logs/partition=0/logs+0+0000000002.json"
#define CUTS   "topics/_penstock/test/logs+0.cuts"
#define ROW    "{\"n\":1}\n"
#define OURS   ROW ROW ROW
#define THEIRS ROW ROW ROW ROW

struct late_log {
	size_t writes, until;
};

static enum fault
no_cuts_yet(void *arg, const struct stub_request *q)
{
	struct late_log *l = arg;

	if (strcmp(q->method, "PUT") != 0 || strstr(q->target, ".cuts") == NULL)
		return FAULT_NONE;
	return ++l->writes < l->until ? FAULT_503 : FAULT_NONE;
}

static size_t
writes_of(struct s3_fixture *f, const struct late_log *l)
{
	size_t n;

	stub_lock(f->bucket.stub);
	n = l->writes;
	stub_unlock(f->bucket.stub);
	return n;
}

/* Without that log a restart cuts elsewhere, and the later file overlaps. */
Test(s3_claims, no_file_is_seen_before_the_cuts_in_front_of_it_are_logged,
    .timeout = 60)
{
	struct late_log late = { .until = SIZE_MAX };
	struct s3_fixture f;

	s3_set_up(&f);
	f.bucket.fault = no_cuts_yet;
	f.bucket.arg = &late;
	test_host_set(f.t, "rotate.schedule.interval.ms", "100");
	s3_begin(&f);
	s3_put_rows(&f, 0, 2);
	for (int i = 0; i < 4000 && writes_of(&f, &late) == 0; i++) {
		s3_put_rows(&f, 0, 0);
		(void)usleep(500); /* poll; bounded by the loop */
	}
	s3_put_rows(&f, 2, 5);
	for (int i = 0; i < 4000 && writes_of(&f, &late) < 6; i++) {
		s3_put_rows(&f, 0, 0);
		(void)usleep(500); /* poll; bounded by the loop */
	}
	cr_assert(ge(sz, writes_of(&f, &late), 6));
	cr_assert(eq(str, (char *)s3_text(&f, SECOND), "(none)"));
	cr_assert(eq(sz, f.bucket.count, 0));
	stub_lock(f.bucket.stub);
	late.until = 0;
	stub_unlock(f.bucket.stub);
	cr_assert(s3_commits(&f, 5, 5), "%s", f.t->err.text);
	cr_assert(eq(str, (char *)s3_text(&f, KEY), ROW ROW));
	cr_assert(eq(str, (char *)s3_text(&f, SECOND), OURS));
	s3_tear_down(&f);
}

/* The rows that it has are a file by the clock. */
static void
cut_by_clock(struct s3_fixture *f)
{
	(void)usleep(30000); /* rotate.interval.ms */
	s3_put_rows(f, 0, 0);
}

static void
set_up_clock(struct s3_fixture *f)
{
	test_host_set(f->t, "flush.size", "4");
	test_host_set(f->t, "rotate.interval.ms", "20");
}

/* The heir finds its very file there, from before both had the partition:
 * the file's age tells nothing. */
Test(s3_claims, what_another_task_found_done_is_not_replaced, .timeout = 30)
{
	struct s3_fixture f, heir;

	s3_set_up(&f);
	s3_set_up_other(&heir, &f, f.t->h.connector);
	set_up_clock(&f);
	set_up_clock(&heir);
	bucket_put(&f.bucket, KEY, THEIRS, strlen(THEIRS));
	s3_begin(&f);
	s3_put_rows(&f, 0, 2);
	s3_begin(&heir);
	s3_put_rows(&heir, 0, 4);
	cr_assert(s3_commits(&heir, 4, 4), "%s", heir.t->err.text);
	cut_by_clock(&f);
	s3_fails(&f, CUTS " was written by another task");
	cr_assert(eq(sz, bucket_get(&f.bucket, KEY)->writes, 1));
	s3_tear_down(&heir);
	s3_tear_down(&f);
}

struct replacing {
	_Atomic size_t seen;
};

/* The first task's, as the heir's comes later. */
static enum fault
never_replace(void *arg, const struct stub_request *q)
{
	struct replacing *r = arg;
	char text[64];

	(void)stub_header(q, "If-Match", text, sizeof text);
	if (text[0] == '\0' || strstr(q->target, "_penstock") != NULL)
		return FAULT_NONE;
	return r->seen++ == 0 ? FAULT_503 : FAULT_NONE;
}

/* A zombie that is about to replace a file has said so: its heir, which finds
 * the old file still there, cuts where the zombie did. */
Test(s3_claims, what_a_task_is_about_to_replace_is_known_to_the_next,
    .timeout = 30)
{
	struct replacing r = { 0 };
	struct s3_fixture f, heir;

	s3_set_up(&f);
	f.bucket.fault = never_replace;
	f.bucket.arg = &r;
	s3_set_up_other(&heir, &f, f.t->h.connector);
	test_host_set(heir.t, "flush.size", "4");
	test_host_set(f.t, "s3.retry.backoff.ms", "60000");
	bucket_put(&f.bucket, KEY, THEIRS, strlen(THEIRS));
	s3_begin(&f);
	s3_put_rows(&f, 0, 3);
	for (int i = 0; i < 4000 && r.seen == 0; i++) {
		s3_put_rows(&f, 0, 0);
		(void)usleep(500); /* poll; bounded by the loop */
	}
	cr_assert(eq(str, (char *)s3_cuts(&f, CUTS), "penstock cuts 1\n0 3\n"));
	s3_begin(&heir);
	s3_put_rows(&heir, 0, 4);
	cr_assert(s3_commits(&heir, 4, 3), "%s", heir.t->err.text);
	cr_assert(eq(i64, heir.committed, 3));
	cr_assert(eq(str, (char *)s3_text(&f, KEY), OURS));
	s3_tear_down(&heir);
	s3_tear_down(&f);
}

struct answer {
	char method[8];
	enum fault fault;
	bool removes;
	size_t left;
};

struct answering {
	struct answer a;
	struct bucket *bucket;
};

static enum fault
answer_log(void *arg, const struct stub_request *q)
{
	struct answering *n = arg;

	if (strcmp(q->method, n->a.method) != 0 ||
	    strstr(q->target, "test/logs%2B0.cuts") == NULL || n->a.left == 0)
		return FAULT_NONE;
	n->a.left--;
	if (n->a.removes && bucket_get(n->bucket, CUTS) != NULL)
		bucket_remove(n->bucket, CUTS);
	return n->a.fault;
}

ParameterizedTestParameters(s3_claims, whatever_becomes_of_the_log)
{
	static struct answer table[] = {
		{ "PUT", FAULT_AFTER_CUT, false, 2 },
		{ "PUT", FAULT_AFTER_500, false, 1 },
		{ "PUT", FAULT_501, false, 1 },
		{ "PUT", FAULT_NONE, true, 2 },
		{ "GET", FAULT_503, false, 3 },
	};

	return cr_make_param_array(struct answer, table,
	    sizeof table / sizeof *table);
}

/* Two cuts by the clock: the log is made, and written over. */
ParameterizedTest(struct answer *a, s3_claims, whatever_becomes_of_the_log,
    .timeout = 30)
{
	struct answering answering = { .a = *a };
	struct s3_fixture f;

	s3_set_up(&f);
	set_up_clock(&f);
	answering.bucket = &f.bucket;
	f.bucket.fault = answer_log;
	f.bucket.arg = &answering;
	s3_begin(&f);
	s3_put_rows(&f, 0, 2);
	cut_by_clock(&f);
	cr_assert(s3_commits(&f, 2, 2), "%s", f.t->err.text);
	s3_put_rows(&f, 2, 5);
	cut_by_clock(&f);
	cr_assert(s3_commits(&f, 5, 5), "%s", f.t->err.text);
	cr_assert(eq(sz, answering.a.left, 0));
	cr_assert(
	    eq(str, (char *)s3_cuts(&f, CUTS), "penstock cuts 1\n0 2\n2 5\n"));
	s3_tear_down(&f);
}

/* As some stores do that know no conditions. */
static enum fault
refuse_conditions(void *arg, const struct stub_request *q)
{
	char text[64];

	(void)arg;
	(void)stub_header(q, "If-None-Match", text, sizeof text);
	if (text[0] == '\0')
		(void)stub_header(q, "If-Match", text, sizeof text);
	return text[0] == '\0' ? FAULT_NONE : FAULT_501;
}

Test(s3_claims, a_store_that_says_it_has_no_conditions_is_asked_without,
    .timeout = 30)
{
	struct s3_fixture f;

	s3_set_up(&f);
	set_up_clock(&f);
	f.bucket.fault = refuse_conditions;
	bucket_put(&f.bucket, KEY, OURS, strlen(OURS));
	s3_begin(&f);
	s3_put_rows(&f, 0, 2);
	cut_by_clock(&f);
	cr_assert(s3_commits(&f, 2, 2), "%s", f.t->err.text);
	cr_assert(eq(str, (char *)s3_text(&f, KEY), ROW ROW));
	s3_tear_down(&f);
}
