#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "record/batch.h"
#include "tests/connectors/bucket.h"
#include "tests/connectors/host.h"

struct fixture {
	struct bucket bucket;
	struct test_host *t;
	const struct ps_sink_ops *ops;
	void *state;
	struct ps_batch *b;
	int64_t committed;
};

static void
new_host(struct fixture *f)
{
	char url[64];

	f->t = test_host_new("s3", "S3Sink");
	(void)snprintf(url, sizeof url, "http://127.0.0.1:%d",
	    stub_port(f->bucket.stub));
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

static void
set_up(struct fixture *f)
{
	bucket_init(&f->bucket);
	f->committed = PS_NO_OFFSET;
	f->state = NULL;
	f->b = batch_new(1 << 20);
	new_host(f);
}

/* A task that starts from the committed offset. */
static void
begin(struct fixture *f)
{
	struct ps_topic_position tp = { "logs", 0, f->committed };

	f->state = test_sink_start(f->t);
	cr_assert(f->state != NULL, "%s", f->t->err.text);
	cr_assert(eq(int, f->ops->open(f->state, &tp, 1, &f->t->err), 0));
}

static void
tear_down(struct fixture *f)
{
	if (f->state != NULL)
		f->ops->destroy(f->state);
	batch_free(&f->b);
	test_host_free(&f->t);
	bucket_fini(&f->bucket);
}

/* put() as the host calls it: again while it says so. */
static int
put(struct fixture *f)
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
static bool
commits(struct fixture *f, int64_t last, int64_t offset)
{
	struct ps_topic_position tp;

	batch_reset(f->b, 1 << 20);
	for (int i = 0; i < 4000; i++) {
		if (put(f) != 0)
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

static const char *
text(struct fixture *f, const char *key)
{
	struct object_row *o;

	stub_lock(f->bucket.stub);
	o = bucket_get(&f->bucket, key);
	stub_unlock(f->bucket.stub);
	return o == NULL ? "(none)" : o->data;
}

static struct ps_record *
add(struct fixture *f, int64_t offset, const char *value)
{
	return test_record(f->b, "logs", 0, offset, value);
}

Test(s3_sink, flush_size_records_are_an_object_of_json_lines, .timeout = 30)
{
	struct fixture f;

	set_up(&f);
	begin(&f);
	for (int i = 0; i < 7; i++)
		add(&f, i, "{\"n\":1}");
	cr_assert(eq(int, put(&f), 0));
	cr_assert(commits(&f, 7, 6));
	cr_assert(eq(i64, f.committed, 6));
	cr_assert(eq(str,
	    (char *)text(&f, "topics/logs/partition=0/logs+0+0000000000.json"),
	    "{\"n\":1}\n{\"n\":1}\n{\"n\":1}\n"));
	cr_assert(eq(str,
	    (char *)text(&f, "topics/logs/partition=0/logs+0+0000000003.json"),
	    "{\"n\":1}\n{\"n\":1}\n{\"n\":1}\n"));
	cr_assert(eq(sz, f.bucket.count, 2));
	cr_assert(gt(sz, f.t->commits_requested, 0));
	tear_down(&f);
}

Test(s3_sink, it_asks_for_json_or_bytes_as_the_format_says)
{
	struct fixture f;

	set_up(&f);
	begin(&f);
	cr_assert(eq(int, f.ops->input(f.state), PS_INPUT_JSON));
	f.ops->destroy(f.state);
	test_host_set(f.t, "format.class", "ByteArrayFormat");
	begin(&f);
	cr_assert(eq(int, f.ops->input(f.state), PS_INPUT_BYTES));
	add(&f, 0, "a");
	add(&f, 1, "b");
	add(&f, 2, "c");
	cr_assert(eq(int, put(&f), 0));
	cr_assert(commits(&f, 3, 3));
	cr_assert(eq(str,
	    (char *)text(&f, "topics/logs/partition=0/logs+0+0000000000.bin"),
	    "a\nb\nc\n"));
	tear_down(&f);
}

Test(s3_sink, positions_before_open_files_are_safe, .timeout = 30)
{
	struct ps_topic_position tp = { "logs", 0, 42 };
	struct fixture f;

	set_up(&f);
	begin(&f);
	cr_assert(eq(int, f.ops->pre_commit(f.state, &tp, 1, &f.t->err), 0));
	cr_assert(eq(i64, tp.offset, 42), "nothing is held");
	add(&f, 50, "{}");
	cr_assert(eq(int, put(&f), 0));
	tp.offset = 51;
	cr_assert(eq(int, f.ops->pre_commit(f.state, &tp, 1, &f.t->err), 0));
	cr_assert(eq(i64, tp.offset, 50), "the record is in memory only");
	tear_down(&f);
}

static void
put_hours(struct fixture *f)
{
	static const struct {
		int64_t ms;
		const char *value;
	} rows[] = {
		{ 1700000000000, "{\"k\":\"a\",\"o\":{\"i\":1}}" },
		{ 1700003600000, "{\"k\":\"b/..\",\"o\":{\"i\":2}}" },
		{ 1700000000001, "{\"k\":\"a\",\"o\":{\"i\":1}}" },
	};

	for (int i = 0; i < 3; i++)
		add(f, i, rows[i].value)->timestamp = rows[i].ms;
	cr_assert(eq(int, put(f), 0));
	cr_assert(commits(f, 3, 3));
}

Test(s3_sink, hours_of_record_time_are_folders_in_the_zone, .timeout = 30)
{
	struct fixture f;

	set_up(&f);
	test_host_set(f.t, "partitioner.class", "HourlyPartitioner");
	test_host_set(f.t, "timestamp.extractor", "Record");
	test_host_set(f.t, "timezone", "Asia/Tokyo");
	begin(&f);
	put_hours(&f);
	cr_assert(eq(str,
	    (char *)text(&f, "topics/logs/year=2023/month=11/day=15/hour=07/"
			     "logs+0+0000000000.json"),
	    "{\"k\":\"a\",\"o\":{\"i\":1}}\n{\"k\":\"a\",\"o\":{\"i\":1}}\n"));
	cr_assert(eq(str,
	    (char *)text(&f, "topics/logs/year=2023/month=11/day=15/hour=08/"
			     "logs+0+0000000001.json"),
	    "{\"k\":\"b/..\",\"o\":{\"i\":2}}\n"));
	tear_down(&f);
}

Test(s3_sink, fields_are_folders_and_cannot_leave_them, .timeout = 30)
{
	struct fixture f;

	set_up(&f);
	test_host_set(f.t, "partitioner.class", "FieldPartitioner");
	test_host_set(f.t, "partition.field.name", "k, o.i");
	begin(&f);
	put_hours(&f);
	cr_assert(ne(str,
	    (char *)text(&f, "topics/logs/k=a/o.i=1/logs+0+0000000000.json"),
	    (char *)"(none)"));
	cr_assert(eq(str,
	    (char *)text(&f,
		"topics/logs/k=b%2F../o.i=2/logs+0+0000000001.json"),
	    "{\"k\":\"b/..\",\"o\":{\"i\":2}}\n"));
	tear_down(&f);
}

Test(s3_sink, a_record_without_the_field_is_reported_alone, .timeout = 30)
{
	struct fixture f;

	set_up(&f);
	f.t->tolerant = true;
	test_host_set(f.t, "partitioner.class", "FieldPartitioner");
	test_host_set(f.t, "partition.field.name", "k");
	begin(&f);
	add(&f, 0, "{\"k\":1}");
	add(&f, 1, "{\"x\":1}");
	add(&f, 2, "{\"k\":1.5}");
	add(&f, 3, "{\"k\":1}");
	add(&f, 4, NULL);
	add(&f, 5, "{\"k\":1}");
	cr_assert(eq(int, put(&f), 0));
	cr_assert(commits(&f, 6, 6));
	cr_assert(eq(sz, f.t->reported, 3));
	cr_assert(eq(i64, f.t->reports[0].offset, 1));
	cr_assert(strstr(f.t->reports[0].why, "k is missing") != NULL);
	cr_assert(
	    eq(str, (char *)text(&f, "topics/logs/k=1/logs+0+0000000000.json"),
		"{\"k\":1}\n{\"k\":1}\n{\"k\":1}\n"));
	tear_down(&f);
}

static void
unpack(const struct object_row *o, bool gzip, char *out, size_t room)
{
	z_stream z = { .next_in = (Bytef *)o->data,
		.avail_in = (uInt)o->len,
		.next_out = (Bytef *)out,
		.avail_out = (uInt)room };

	memset(out, 0, room);
	if (!gzip) {
		cr_assert(not(
		    ZSTD_isError(ZSTD_decompress(out, room, o->data, o->len))));
		return;
	}
	cr_assert(eq(int, inflateInit2(&z, 15 + 16), Z_OK));
	cr_assert(eq(int, inflate(&z, Z_FINISH), Z_STREAM_END));
	(void)inflateEnd(&z);
}

/* The same records in batches of `step` under a codec: what is stored. */
static char *
run_compressed(const char *codec, int step)
{
	static const char *const names[] = {
		"topics/logs/partition=0/logs+0+0000000000.json.gz",
		"topics/logs/partition=0/logs+0+0000000000.json.zst"
	};
	bool gzip = strcmp(codec, "gzip") == 0;
	char *out = malloc(4 << 20), line[64], *all;
	struct fixture f;

	set_up(&f);
	test_host_set(f.t, "s3.compression.type", codec);
	test_host_set(f.t, "flush.size", "20000");
	begin(&f);
	for (int i = 0; i < 20000; i += step) {
		batch_reset(f.b, 1 << 20);
		for (int k = i; k < i + step; k++) {
			(void)snprintf(line, sizeof line, "{\"n\":%d,\"m\":%d}",
			    k, k * k % 7919);
			add(&f, k, ps_strdup(f.b->arena, line));
		}
		cr_assert(eq(int, put(&f), 0));
	}
	cr_assert(commits(&f, 20000, 20000));
	unpack(bucket_get(&f.bucket, names[!gzip]), gzip, out, 4 << 20);
	cr_assert(strncmp(out, "{\"n\":0,\"m\":0}\n{\"n\":1,", 21) == 0);
	free(out);
	all = bucket_describe(&f.bucket);
	tear_down(&f);
	return all;
}

Test(s3_sink, gzip_gives_the_same_bytes_however_records_come, .timeout = 60)
{
	char *one = run_compressed("gzip", 20000);
	char *two = run_compressed("gzip", 125);

	cr_assert(eq(str, one, two));
	free(one);
	free(two);
}

Test(s3_sink, zstd_gives_the_same_bytes_however_records_come, .timeout = 60)
{
	char *one = run_compressed("zstd", 20000);
	char *two = run_compressed("zstd", 125);

	cr_assert(eq(str, one, two));
	free(one);
	free(two);
}

Test(s3_sink, large_objects_are_multipart_within_the_budget, .timeout = 60)
{
	size_t len = 1 << 20;
	char *value = calloc(1, len + 1);
	struct object_row *o;
	struct fixture f;

	set_up(&f);
	f.t->h.budget_bytes = 16 << 20;
	test_host_set(f.t, "flush.size", "40");
	begin(&f);
	memset(value, 'x', len);
	for (int i = 0; i < 40; i++) {
		batch_reset(f.b, 1 << 20);
		add(&f, i, value);
		cr_assert(eq(int, put(&f), 0), "%s", f.t->err.text);
	}
	cr_assert(commits(&f, 40, 40));
	o = bucket_get(&f.bucket,
	    "topics/logs/partition=0/logs+0+0000000000.json");
	cr_assert(o != NULL);
	cr_assert(eq(sz, o->len, 40 * (len + 1)));
	cr_assert(eq(sz, f.bucket.multiparts, 1));
	free(value);
	tear_down(&f);
}

Test(s3_sink, uploads_are_aborted_when_partitions_go, .timeout = 60)
{
	struct ps_topic_position tp = { "logs", 0, 0 };
	size_t len = 6 << 20;
	char *value = calloc(1, len + 1);
	struct fixture f;

	set_up(&f);
	test_host_set(f.t, "flush.size", "40");
	test_host_set(f.t, "s3.part.size", "5242880");
	begin(&f);
	memset(value, 'x', len);
	add(&f, 0, value);
	cr_assert(eq(int, put(&f), 0));
	batch_reset(f.b, 0);
	for (int i = 0; i < 2000 && bucket_open_uploads(&f.bucket) == 0; i++)
		cr_assert(eq(int, put(&f), 0));
	for (int i = 0; i < 200; i++)
		cr_assert(eq(int, put(&f), 0));
	f.ops->close(f.state, &tp, 1, PS_CLOSE_REVOKED);
	cr_assert(eq(sz, bucket_open_uploads(&f.bucket), 0));
	cr_assert(eq(sz, f.bucket.aborts, 1));
	free(value);
	tear_down(&f);
}

/* One fault per request index, cycling through all kinds. */
struct plan {
	uint64_t seed;
	size_t faults;
};

static uint64_t
mix(uint64_t x)
{
	x ^= x >> 33;
	x *= UINT64_C(0xff51afd7ed558ccd);
	x ^= x >> 33;
	x *= UINT64_C(0xc4ceb9fe1a85ec53);
	return x ^ x >> 33;
}

static enum fault
random_fault(void *arg, const struct stub_request *q)
{
	struct plan *p = arg;
	uint64_t x = mix(p->seed * 1000003 + q->index);

	if (x % 3 != 0)
		return FAULT_NONE;
	p->faults++;
	return (enum fault)(x / 3 % FAULT_LAST);
}

struct workload {
	const char *settings[8][2];
};

static const struct workload workloads[] = {
	{ { { "flush.size", "7" } } },
	{ { { "flush.size", "1000" }, { "rotate.interval.ms", "10" },
	    { "partitioner.class", "HourlyPartitioner" },
	    { "timestamp.extractor", "Record" } } },
	{ { { "flush.size", "11" }, { "partitioner.class", "FieldPartitioner" },
	    { "partition.field.name", "k" },
	    { "s3.compression.type", "gzip" } } },
};

/* Records of any size between some bytes and one large enough for parts. */
static void
fill(struct fixture *f, int64_t from, int64_t to)
{
	static char pad[6 << 20];
	char *value;
	int size;

	memset(pad, 'p', sizeof pad);
	batch_reset(f->b, 1 << 20);
	for (int64_t i = from; i < to; i++) {
		size = i % 40 == 17 ? (int)sizeof pad - 1 : (int)(i % 60);
		value =
		    ps_printf(f->b->arena, "{\"k\":%d,\"n\":%d,\"p\":\"%.*s\"}",
			(int)(i % 3), (int)i, size, pad);
		add(f, i, value)->timestamp = 1700000000000 + i;
	}
}

#define ROWS 100

/* What a task's life leaves behind when it ends at any moment. */
struct shared {
	_Atomic int64_t committed;
};

/* One life of a task: from the committed offset until `goal` may be
 * committed, or for a second if there is no goal yet. */
static void
live(struct fixture *f, uint64_t seed, struct shared *sh, int64_t goal)
{
	struct ps_topic_position tp;
	int64_t next, to;
	size_t calls = 0;

	f->committed = sh->committed;
	begin(f);
	for (next = f->committed < 0 ? 0 : f->committed; next < ROWS;
	     next = to, calls++) {
		to = next + 1 + (int64_t)(mix(seed + calls) % 13);
		to = to < ROWS ? to : ROWS;
		fill(f, next, to);
		cr_assert(eq(int, put(f), 0), "%s", f->t->err.text);
		tp = (struct ps_topic_position){ "logs", 0, to };
		cr_assert(eq(int,
		    f->ops->pre_commit(f->state, &tp, 1, &f->t->err), 0));
		if (mix(seed + calls) % 3 == 0)
			sh->committed = tp.offset;
	}
	(void)commits(f, ROWS, goal < 0 ? ROWS : goal);
	sh->committed = f->committed;
}

static void
configure(struct fixture *f, const struct workload *w)
{
	for (size_t i = 0; i < 8 && w->settings[i][0] != NULL; i++)
		test_host_set(f->t, w->settings[i][0], w->settings[i][1]);
	test_host_set(f->t, "s3.part.size", "5242880");
}

/* The objects of a run without any fault, and what it could commit. */
static char *
run_calm(const struct workload *w, int64_t *goal)
{
	struct shared sh = { PS_NO_OFFSET };
	struct fixture f;
	char *all;

	set_up(&f);
	configure(&f, w);
	live(&f, 0, &sh, -1);
	*goal = sh.committed;
	all = bucket_describe(&f.bucket);
	tear_down(&f);
	return all;
}

struct trial {
	int workload;
};

#define WORKLOADS                                              \
	static struct trial table[] = { { 0 }, { 1 }, { 2 } }; \
	return cr_make_param_array(struct trial, table,        \
	    sizeof table / sizeof *table)

ParameterizedTestParameters(s3_sink, faults_of_the_store_change_nothing)
{
	WORKLOADS;
}

ParameterizedTest(struct trial *trial, s3_sink,
    faults_of_the_store_change_nothing, .timeout = 300)
{
	const struct workload *w = &workloads[trial->workload];
	int64_t goal;
	char *want = run_calm(w, &goal), *got;

	for (uint64_t seed = 1; seed <= 8; seed++) {
		struct shared sh = { PS_NO_OFFSET };
		struct plan plan = { .seed = seed };
		struct fixture f;

		set_up(&f);
		configure(&f, w);
		f.bucket.arg = &plan;
		f.bucket.fault = random_fault;
		live(&f, seed, &sh, goal);
		cr_assert(eq(i64, sh.committed, goal), "seed %d", (int)seed);
		cr_assert(gt(sz, plan.faults, 3));
		got = bucket_describe(&f.bucket);
		cr_assert(eq(str, got, want), "seed %d", (int)seed);
		free(got);
		tear_down(&f);
	}
	free(want);
}

/* kill -9 as soon as a request arrives, before or after it is applied. */
struct killer {
	size_t at;
	bool applied;
	_Atomic pid_t pid;
	bool done;
};

static enum fault
kill_at(void *arg, const struct stub_request *q)
{
	struct killer *k = arg;

	if (k->done || q->index != k->at)
		return FAULT_NONE;
	k->done = true;
	(void)kill(k->pid, SIGKILL);
	return k->applied ? FAULT_AFTER_CUT : FAULT_CUT;
}

/* A life in a process of its own; 0 when it was killed. */
static bool
live_apart(struct fixture *f, struct killer *k, uint64_t seed,
    struct shared *sh, int64_t goal)
{
	int status;
	pid_t pid;

	stub_lock(f->bucket.stub);
	pid = fork();
	if (pid == 0) {
		live(f, seed, sh, goal);
		_exit(sh->committed == goal ? 0 : 1);
	}
	k->pid = pid;
	stub_unlock(f->bucket.stub);
	cr_assert(eq(int, waitpid(pid, &status, 0), pid));
	if (WIFSIGNALED(status))
		return false;
	cr_assert(eq(int, status, 0));
	return true;
}

ParameterizedTestParameters(s3_sink,
    a_killed_task_leaves_what_one_that_was_not_killed_leaves)
{
	WORKLOADS;
}

ParameterizedTest(struct trial *trial, s3_sink,
    a_killed_task_leaves_what_one_that_was_not_killed_leaves, .timeout = 300)
{
	const struct workload *w = &workloads[trial->workload];
	struct shared *sh = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *want, *got;
	size_t kills = 0;
	int64_t goal;

	cr_assert(sh != MAP_FAILED);
	want = run_calm(w, &goal);
	for (size_t at = 0; at < 40; at++) {
		struct killer k = { .at = at, .applied = at % 2 == 0 };
		struct fixture f;

		sh->committed = PS_NO_OFFSET;
		set_up(&f);
		configure(&f, w);
		f.bucket.arg = &k;
		f.bucket.fault = kill_at;
		while (!live_apart(&f, &k, at + kills, sh, goal))
			kills++;
		got = bucket_describe(&f.bucket);
		cr_assert(eq(str, got, want), "killed at request %zu", at);
		cr_assert(eq(sz, bucket_open_uploads(&f.bucket), 0));
		free(got);
		tear_down(&f);
	}
	cr_assert(gt(sz, kills, 20));
	free(want);
}

/* The idle rule: record time does not move, the clock does. */
static void
idle(struct fixture *f, int64_t records)
{
	fill(f, 0, records);
	cr_assert(eq(int, put(f), 0));
	cr_assert(commits(f, records, records));
}

Test(s3_sink, an_idle_partition_is_cut_and_a_restart_repeats_the_cut,
    .timeout = 60)
{
	static const char key[] =
	    "topics/logs/partition=0/logs+0+0000000000.json";
	struct fixture f;
	char *first;

	set_up(&f);
	test_host_set(f.t, "flush.size", "1000");
	test_host_set(f.t, "rotate.interval.ms", "100");
	begin(&f);
	idle(&f, 5);
	cr_assert(eq(str, (char *)text(&f, "topics/_penstock/logs+0.cuts"),
	    "penstock cuts 1\n0 5\n"));
	first = strdup(text(&f, key));
	/* The commit was lost; by now there are more records. */
	f.ops->destroy(f.state);
	f.committed = PS_NO_OFFSET;
	begin(&f);
	fill(&f, 0, 9);
	cr_assert(eq(int, put(&f), 0));
	cr_assert(commits(&f, 9, 5));
	cr_assert(eq(str, (char *)text(&f, key), first));
	cr_assert(commits(&f, 9, 9));
	cr_assert(ne(str,
	    (char *)text(&f, "topics/logs/partition=0/logs+0+0000000005.json"),
	    (char *)"(none)"));
	free(first);
	tear_down(&f);
}

Test(s3_sink, scheduled_cuts_come_without_records, .timeout = 60)
{
	struct fixture f;

	set_up(&f);
	test_host_set(f.t, "flush.size", "1000");
	test_host_set(f.t, "rotate.schedule.interval.ms", "200");
	begin(&f);
	idle(&f, 5);
	cr_assert(gt(i64, f.t->retry_ms, -1));
	tear_down(&f);
}

Test(s3_sink, many_open_files_are_cut_when_memory_is_short, .timeout = 120)
{
	char *value;
	struct fixture f;
	int64_t next = 0;

	set_up(&f);
	f.t->h.budget_bytes = 8 << 20;
	test_host_set(f.t, "flush.size", "1000000");
	test_host_set(f.t, "partitioner.class", "FieldPartitioner");
	test_host_set(f.t, "partition.field.name", "k");
	begin(&f);
	for (int i = 0; i < 40; i++) {
		batch_reset(f.b, 1 << 20);
		for (int k = 0; k < 20; k++, next++) {
			value = ps_printf(f.b->arena, "{\"k\":%lld}",
			    (long long)next % 400);
			add(&f, next, value);
		}
		cr_assert(eq(int, put(&f), 0), "%s", f.t->err.text);
	}
	cr_assert(commits(&f, next, 1));
	cr_assert(gt(i64, f.committed, 0));
	cr_assert(ne(str, (char *)text(&f, "topics/_penstock/logs+0.cuts"),
	    (char *)"(none)"));
	tear_down(&f);
}

static enum fault
forbidden(void *arg, const struct stub_request *q)
{
	int *left = arg;

	(void)q;
	return (*left)-- > 0 ? FAULT_403 : FAULT_NONE;
}

Test(s3_sink, refused_credentials_are_an_outage_with_its_cause, .timeout = 60)
{
	struct fixture f;
	int left = 6;

	set_up(&f);
	f.bucket.fault = forbidden;
	f.bucket.arg = &left;
	begin(&f);
	fill(&f, 0, 3);
	f.t->is_stopping = true; /* put() gives up after its first look */
	for (int i = 0; i < 1000 && f.t->cause[0] == '\0'; i++) {
		ps_error_clear(&f.t->err);
		cr_assert(eq(int, f.ops->put(f.state, f.b, &f.t->err), -1));
		cr_assert(eq(int, f.t->err.code, PS_E_RETRY));
		(void)usleep(1000);
	}
	cr_assert(strstr(f.t->cause, "403 ExpiredToken") != NULL);
	f.t->is_stopping = false;
	cr_assert(eq(int, put(&f), 0));
	cr_assert(commits(&f, 3, 3));
	cr_assert(eq(str, f.t->cause, ""));
	cr_assert(eq(sz, f.t->reported, 0));
	tear_down(&f);
}

struct bad {
	char key[40], value[60], says[60];
};

ParameterizedTestParameters(s3_sink, wrong_settings_are_named)
{
	static struct bad table[] = {
		{ "format.class",
		    "io.confluent.connect.s3.format.avro.AvroFormat",
		    "JsonFormat, ByteArrayFormat" },
		{ "partitioner.class", "com.acme.MyPartitioner",
		    "DefaultPartitioner" },
		{ "partitioner.class", "FieldPartitioner",
		    "partition.field.name is empty" },
		{ "partitioner.class", "TimeBasedPartitioner",
		    "partition.duration.ms=-1" },
		{ "timezone", "Mars/Phobos", "Mars/Phobos" },
		{ "timezone", "../../etc/passwd", "timezone" },
		{ "store.url", "ftp://x", "store.url=ftp://x" },
		{ "store.url", "http://x/path", "store.url" },
		{ "s3.bucket.name", "a/b", "s3.bucket.name=a/b" },
		{ "timestamp.extractor", "com.acme.X", "RecordField" },
	};

	return cr_make_param_array(struct bad, table,
	    sizeof table / sizeof *table);
}

ParameterizedTest(struct bad *bad, s3_sink, wrong_settings_are_named)
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
