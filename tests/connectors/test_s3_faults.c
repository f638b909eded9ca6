#include "tests/connectors/s3_fixture.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

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
	{ { { "flush.size", "1000" }, { "rotate.interval.ms", "10000" },
	    { "partitioner.class", "HourlyPartitioner" },
	    { "timestamp.extractor", "Record" } } },
	{ { { "flush.size", "11" }, { "partitioner.class", "FieldPartitioner" },
	    { "partition.field.name", "k" },
	    { "s3.compression.type", "gzip" } } },
};

#define ROWS 100

/* What a task's life leaves behind when it ends at any moment. */
struct shared {
	_Atomic int64_t committed;
};

/* One life of a task: from the committed offset until `goal` may be
 * committed, or for a second if there is no goal yet. */
static void
live(struct s3_fixture *f, uint64_t seed, struct shared *sh, int64_t goal)
{
	struct ps_topic_position tp;
	int64_t next, to;
	size_t calls = 0;

	f->committed = sh->committed;
	s3_begin(f);
	for (next = f->committed < 0 ? 0 : f->committed; next < ROWS;
	     next = to, calls++) {
		to = next + 1 + (int64_t)(mix(seed + calls) % 13);
		to = to < ROWS ? to : ROWS;
		s3_fill(f, next, to);
		cr_assert(eq(int, s3_put(f), 0), "%s", f->t->err.text);
		tp = (struct ps_topic_position){ "logs", 0, to };
		cr_assert(eq(int,
		    f->ops->pre_commit(f->state, &tp, 1, &f->t->err), 0));
		if (mix(seed + calls) % 3 == 0)
			sh->committed = tp.offset;
	}
	/* Without a goal: until the sink no longer asks to be called. */
	do {
		f->t->retry_ms = -1;
		(void)s3_commits(f, ROWS, 0);
	} while (goal < 0 && f->t->retry_ms >= 0 && f->t->retry_ms < 100);
	(void)s3_commits(f, ROWS, goal < 0 ? 0 : goal);
	sh->committed = f->committed;
}

static void
configure(struct s3_fixture *f, const struct workload *w)
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
	struct s3_fixture f;
	char *all;

	s3_set_up(&f);
	configure(&f, w);
	live(&f, 0, &sh, -1);
	*goal = sh.committed;
	all = bucket_describe(&f.bucket);
	s3_tear_down(&f);
	return all;
}

struct trial {
	int workload;
};

#define WORKLOADS                                              \
	static struct trial table[] = { { 0 }, { 1 }, { 2 } }; \
	return cr_make_param_array(struct trial, table,        \
	    sizeof table / sizeof *table)

ParameterizedTestParameters(s3_faults, faults_of_the_store_change_nothing)
{
	WORKLOADS;
}

ParameterizedTest(struct trial *trial, s3_faults,
    faults_of_the_store_change_nothing, .timeout = 300)
{
	const struct workload *w = &workloads[trial->workload];
	int64_t goal;
	char *want = run_calm(w, &goal), *got;

	for (uint64_t seed = 1; seed <= 8; seed++) {
		struct shared sh = { PS_NO_OFFSET };
		struct plan plan = { .seed = seed };
		struct s3_fixture f;

		s3_set_up(&f);
		configure(&f, w);
		f.bucket.arg = &plan;
		f.bucket.fault = random_fault;
		live(&f, seed, &sh, goal);
		cr_assert(eq(i64, sh.committed, goal), "seed %d", (int)seed);
		cr_assert(gt(sz, plan.faults, 3));
		got = bucket_describe(&f.bucket);
		cr_assert(eq(str, got, want), "seed %d", (int)seed);
		free(got);
		s3_tear_down(&f);
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

/* A life in a process of its own, which ends with the test's; false: it was
 * killed. */
static bool
live_apart(struct s3_fixture *f, struct killer *k, uint64_t seed,
    struct shared *sh, int64_t goal)
{
	int status;
	pid_t pid;

	stub_hang_up(f->bucket.stub);
	stub_lock(f->bucket.stub);
	pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
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

ParameterizedTestParameters(s3_faults,
    a_killed_task_leaves_what_one_that_was_not_killed_leaves)
{
	WORKLOADS;
}

ParameterizedTest(struct trial *trial, s3_faults,
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
	for (size_t at = 0; at < 24; at++) {
		struct killer k = { .at = at, .applied = at % 2 == 0 };
		struct s3_fixture f;

		sh->committed = PS_NO_OFFSET;
		s3_set_up(&f);
		configure(&f, w);
		f.bucket.arg = &k;
		f.bucket.fault = kill_at;
		while (!live_apart(&f, &k, at + kills, sh, goal))
			kills++;
		got = bucket_describe(&f.bucket);
		cr_assert(eq(str, got, want), "killed at request %zu", at);
		cr_assert(eq(sz, bucket_open_uploads(&f.bucket), 0));
		free(got);
		s3_tear_down(&f);
	}
	cr_assert(gt(sz, kills, 10));
	free(want);
}
