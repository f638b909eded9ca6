#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "record/batch.h"
#include "tests/connectors/host.h"

struct fixture {
	struct test_host *t;
	const struct ps_sink_ops *ops;
	void *state;
	struct ps_batch *b;
	char dir[PATH_MAX], path[PATH_MAX + 16];
	char text[65536]; /* of the file, when it was last read */
};

static void
set_up(struct fixture *f)
{
	memset(f, 0, sizeof *f);
	strcpy(f->dir, BUILD "/tmp/file-XXXXXX");
	cr_assert(mkdtemp(f->dir) != NULL);
	(void)snprintf(f->path, sizeof f->path, "%s/out.log", f->dir);
	f->t = test_host_new("file", "FileStreamSink");
	test_host_set(f->t, "file", f->path);
	f->ops = test_sink_ops(f->t);
	f->b = batch_new(1 << 20);
}

static void
begin(struct fixture *f)
{
	struct ps_topic_position tp = { "t", 0, PS_NO_OFFSET };

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
	(void)unlink(f->path);
	(void)rmdir(f->dir);
}

static int
put(struct fixture *f)
{
	ps_error_clear(&f->t->err);
	return f->ops->put(f->state, f->b, &f->t->err);
}

static const char *
contents(struct fixture *f)
{
	FILE *in = fopen(f->path, "r");
	size_t n;

	cr_assert(in != NULL);
	n = fread(f->text, 1, sizeof f->text - 1, in);
	f->text[n] = '\0';
	(void)fclose(in);
	return f->text;
}

static void
write_text(const char *path, const char *text)
{
	FILE *out = fopen(path, "a");

	(void)fputs(text, out);
	cr_assert(fclose(out) == 0);
}

Test(file_sink, records_are_lines_appended_to_the_file)
{
	struct ps_topic_position tp = { "t", 0, 2 };
	struct fixture f;

	set_up(&f);
	write_text(f.path, "before\n");
	begin(&f);
	test_record(f.b, "t", 0, 0, "one");
	test_record(f.b, "t", 0, 1, "two");
	cr_assert(eq(int, put(&f), 0));
	cr_assert(eq(int, f.ops->pre_commit(f.state, &tp, 1, &f.t->err), 0));
	cr_assert(eq(i64, tp.offset, 2));
	cr_assert(eq(str, (char *)contents(&f), "before\none\ntwo\n"));
	tear_down(&f);
}

Test(file_sink, a_batch_that_comes_again_is_not_written_twice)
{
	struct fixture f;

	set_up(&f);
	begin(&f);
	test_record(f.b, "t", 0, 5, "five");
	cr_assert(eq(int, put(&f), 0));
	test_record(f.b, "t", 0, 6, "six");
	cr_assert(eq(int, put(&f), 0));
	cr_assert(eq(str, (char *)contents(&f), "five\nsix\n"));
	tear_down(&f);
}

/* RLIMIT_FSIZE answers EFBIG after a part of the write, as a full disk
 * does with ENOSPC. */
Test(file_sink, a_full_disk_is_an_outage_and_no_line_is_lost_or_doubled)
{
	struct rlimit limit = { 1000, RLIM_INFINITY };
	static char want[65536];
	char line[64];
	struct fixture f;
	size_t used = 0;

	set_up(&f);
	begin(&f);
	(void)signal(SIGXFSZ, SIG_IGN);
	cr_assert(eq(int, setrlimit(RLIMIT_FSIZE, &limit), 0));
	for (int i = 0; i < 500; i++) {
		(void)snprintf(line, sizeof line, "line %d", i);
		test_record(f.b, "t", 0, i, ps_strdup(f.t->arena, line));
		used += (size_t)snprintf(want + used, sizeof want - used,
		    "%s\n", line);
	}
	for (rlim_t size = 1000; size < 4000; size += 1001) {
		limit.rlim_cur = size;
		cr_assert(eq(int, setrlimit(RLIMIT_FSIZE, &limit), 0));
		cr_assert(eq(int, put(&f), -1));
		cr_assert(eq(int, f.t->err.code, PS_E_RETRY));
		cr_assert(strstr(f.t->cause, f.path) != NULL);
		cr_assert(gt(i64, f.t->retry_ms, 0));
	}
	limit.rlim_cur = RLIM_INFINITY;
	cr_assert(eq(int, setrlimit(RLIMIT_FSIZE, &limit), 0));
	cr_assert(eq(int, put(&f), 0));
	cr_assert(eq(str, f.t->cause, ""));
	cr_assert(eq(str, (char *)contents(&f), want));
	tear_down(&f);
}

Test(file_sink, a_line_larger_than_the_buffer_is_whole)
{
	size_t len = 3 << 20;
	char *large = calloc(1, len + 1);
	struct fixture f;
	struct stat st;

	set_up(&f);
	begin(&f);
	memset(large, 'x', len);
	test_record(f.b, "t", 0, 0, "a");
	test_record(f.b, "t", 0, 1, large);
	test_record(f.b, "t", 0, 2, "b");
	cr_assert(eq(int, put(&f), 0));
	cr_assert(eq(int, stat(f.path, &st), 0));
	cr_assert(eq(sz, (size_t)st.st_size, len + 5));
	free(large);
	tear_down(&f);
}

static void
file_limit(rlim_t bytes)
{
	struct rlimit limit = { bytes, RLIM_INFINITY };

	(void)signal(SIGXFSZ, SIG_IGN);
	cr_assert(eq(int, setrlimit(RLIMIT_FSIZE, &limit), 0));
}

Test(file_sink, a_line_torn_by_the_last_task_is_cut)
{
	struct fixture f;

	set_up(&f);
	begin(&f);
	test_record(f.b, "t", 0, 0, "one");
	test_record(f.b, "t", 0, 1, "two");
	file_limit(6);
	cr_assert(eq(int, put(&f), -1));
	file_limit(RLIM_INFINITY);
	f.ops->destroy(f.state);
	cr_assert(eq(str, (char *)contents(&f), "one\ntw"));
	begin(&f);
	cr_assert(eq(int, put(&f), 0));
	/* Without extended attributes nobody knows whose line it is. */
	cr_assert(strcmp(contents(&f), "one\none\ntwo\n") == 0 ||
		  strcmp(f.text, "one\ntw\none\ntwo\n") == 0);
	tear_down(&f);
}

Test(file_sink, a_last_line_that_somebody_appended_later_is_kept)
{
	struct fixture f;

	set_up(&f);
	begin(&f);
	test_record(f.b, "t", 0, 0, "one");
	cr_assert(eq(int, put(&f), 0));
	write_text(f.path, "theirs");
	batch_reset(f.b, 0);
	test_record(f.b, "t", 0, 1, "two");
	cr_assert(eq(int, put(&f), 0));
	cr_assert(eq(str, (char *)contents(&f), "one\ntheirs\ntwo\n"));
	f.ops->destroy(f.state);
	write_text(f.path, "more");
	begin(&f);
	batch_reset(f.b, 0);
	test_record(f.b, "t", 0, 2, "three");
	cr_assert(eq(int, put(&f), 0));
	cr_assert(
	    eq(str, (char *)contents(&f), "one\ntheirs\ntwo\nmore\nthree\n"));
	tear_down(&f);
}

Test(file_sink, a_last_line_of_somebody_else_is_kept)
{
	struct fixture f;

	set_up(&f);
	write_text(f.path, "theirs");
	begin(&f);
	test_record(f.b, "t", 0, 0, "ours");
	cr_assert(eq(int, put(&f), 0));
	cr_assert(eq(str, (char *)contents(&f), "theirs\nours\n"));
	tear_down(&f);
}

/* Its beginning is further back than is looked for, so none of it is cut. */
Test(file_sink, a_line_is_not_glued_to_a_long_one_that_is_torn)
{
	const off_t torn = (off_t)65 << 20;
	struct fixture f;
	char tail[16];
	int fd;

	set_up(&f);
	write_text(f.path, "whole\n");
	cr_assert(eq(int, truncate(f.path, torn), 0));
	begin(&f);
	test_record(f.b, "t", 0, 0, "ours");
	cr_assert(eq(int, put(&f), 0));
	fd = open(f.path, O_RDONLY);
	cr_assert(eq(i64, pread(fd, tail, sizeof tail, torn - 1), 7));
	cr_assert(eq(int, memcmp(tail, "\0\nours\n", 7), 0));
	(void)close(fd);
	tear_down(&f);
}

Test(file_sink, a_file_that_may_only_be_written_gets_no_empty_lines)
{
	uid_t self = geteuid();
	struct fixture f;

	set_up(&f);
	write_text(f.path, "theirs\n");
	cr_assert(eq(int, chmod(f.path, 0222), 0));
	cr_assert(eq(int, chmod(f.dir, 0755), 0));
	if (self == 0) /* who may read any file */
		cr_assert(eq(int, seteuid(65534), 0));
	begin(&f);
	test_record(f.b, "t", 0, 0, "ours");
	cr_assert(eq(int, put(&f), 0));
	cr_assert(eq(int, seteuid(self), 0));
	cr_assert(eq(int, chmod(f.path, 0644), 0));
	cr_assert(eq(str, (char *)contents(&f), "theirs\nours\n"));
	tear_down(&f);
}

/* Somebody who has the file open may be about to write on. */
Test(file_sink, a_last_line_that_is_being_written_is_not_cut)
{
	struct fixture f;
	FILE *theirs;

	set_up(&f);
	begin(&f);
	test_record(f.b, "t", 0, 0, "one");
	cr_assert(eq(int, put(&f), 0));
	f.ops->destroy(f.state);
	theirs = fopen(f.path, "a");
	cr_assert(theirs != NULL);
	(void)fputs("half", theirs);
	(void)fflush(theirs);
	begin(&f);
	batch_reset(f.b, 0);
	test_record(f.b, "t", 0, 1, "two");
	cr_assert(eq(int, put(&f), 0));
	(void)fclose(theirs);
	cr_assert(eq(str, (char *)contents(&f), "one\nhalf\ntwo\n"));
	tear_down(&f);
}

/* The second of two tasks, on the same file. */
static void
begin_other(struct fixture *g, const struct fixture *f)
{
	struct ps_topic_position tp = { "t", 1, PS_NO_OFFSET };

	memset(g, 0, sizeof *g);
	memcpy(g->path, f->path, sizeof g->path);
	g->t = test_host_new("file", "FileStreamSink");
	test_host_set(g->t, "file", g->path);
	g->ops = test_sink_ops(g->t);
	g->b = batch_new(1 << 20);
	g->state = test_sink_start(g->t);
	cr_assert(g->state != NULL, "%s", g->t->err.text);
	cr_assert(eq(int, g->ops->open(g->state, &tp, 1, &g->t->err), 0));
}

Test(file_sink, a_line_is_not_glued_to_what_another_task_left_torn)
{
	struct fixture f, g;

	set_up(&f);
	begin(&f);
	begin_other(&g, &f);
	test_record(f.b, "t", 0, 0, "first");
	test_record(f.b, "t", 0, 1, "second");
	file_limit(9);
	cr_assert(eq(int, put(&f), -1));
	cr_assert(eq(str, (char *)contents(&f), "first\nsec"));
	file_limit(RLIM_INFINITY);
	test_record(g.b, "t", 1, 0, "other");
	cr_assert(eq(int, put(&g), 0));
	cr_assert(eq(int, put(&f), 0));
	cr_assert(eq(str, (char *)contents(&f), "first\nsec\nother\nsecond\n"));
	tear_down(&g);
	tear_down(&f);
}

#define STRESS_LINES 20000

/* Writes its lines in batches of one, as another task would. */
static void
write_stress(const struct fixture *f)
{
	struct fixture g;
	char line[32];

	begin_other(&g, f);
	for (int i = 0; i < STRESS_LINES; i++) {
		batch_reset(g.b, 0);
		(void)snprintf(line, sizeof line, "other %d", i);
		test_record(g.b, "t", 1, i, line);
		while (put(&g) != 0)
			cr_assert(eq(int, g.t->err.code, PS_E_RETRY));
	}
	_exit(0);
}

/* Lines larger than the buffer that do not fit, while lines of another task
 * come in between. */
Test(file_sink, a_line_that_failed_cuts_nothing_of_another_task, .timeout = 120)
{
	size_t len = 1 << 20, found = 0, refused = 0;
	char *large = calloc(1, len + 1), line[64];
	struct fixture f;
	int64_t at = 0;
	struct stat st;
	pid_t child;
	FILE *in;

	set_up(&f);
	begin(&f);
	memset(large, 'x', len);
	test_record(f.b, "t", 0, at++, large);
	child = fork();
	if (child == 0)
		write_stress(&f);
	while (waitpid(child, NULL, WNOHANG) == 0) {
		if (stat(f.path, &st) == 0)
			file_limit((rlim_t)st.st_size + 300000);
		if (put(&f) != 0) {
			refused++;
			continue;
		}
		batch_reset(f.b, 0);
		test_record(f.b, "t", 0, at++, large);
	}
	cr_assert(gt(sz, refused, 0));
	f.ops->destroy(f.state);
	f.state = NULL;
	in = fopen(f.path, "r");
	cr_assert(in != NULL);
	while (fgets(line, sizeof line, in) != NULL) {
		char want[32];

		(void)snprintf(want, sizeof want, "other %zu\n", found);
		found += strcmp(line, want) == 0;
	}
	(void)fclose(in);
	cr_assert(eq(sz, found, STRESS_LINES));
	free(large);
	tear_down(&f);
}

Test(file_sink, a_missing_folder_is_a_configuration_error)
{
	struct fixture f;

	set_up(&f);
	test_host_set(f.t, "file", "/no/such/folder/x");
	begin(&f);
	cr_assert(eq(int, put(&f), -1));
	cr_assert(eq(int, f.t->err.code, PS_E_CONFIG));
	tear_down(&f);
}

static struct ps_value
nested(struct ps_arena *a)
{
	struct ps_value *items = ps_calloc(a, 2, sizeof *items);
	struct ps_pair *pairs = ps_calloc(a, 2, sizeof *pairs);

	items[0] = ps_int64(1);
	items[1] = ps_null();
	pairs[0] = (struct ps_pair){ ps_text("a"), ps_array(items, 2) };
	pairs[1] = (struct ps_pair){ ps_text("b"), ps_boolean(true) };
	return ps_map(pairs, 2);
}

Test(file_sink, other_values_are_what_java_prints)
{
	static const struct {
		double f;
		const char *text;
	} numbers[] = {
		{ 0, "0.0" },
		{ -0.0, "-0.0" },
		{ 1, "1.0" },
		{ 123.25, "123.25" },
		{ 0.001, "0.001" },
		{ 0.0001, "1.0E-4" },
		{ 9999999, "9999999.0" },
		{ 1e7, "1.0E7" },
		{ 1.5e300, "1.5E300" },
		{ 0.1, "0.1" },
	};
	char want[512] = "";
	struct fixture f;
	int64_t at = 0;

	set_up(&f);
	begin(&f);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		test_record(f.b, "t", 0, at++, "")->value =
		    ps_float64(numbers[i].f);
		strcat(strcat(want, numbers[i].text), "\n");
	}
	test_record(f.b, "t", 0, at++, "")->value = nested(f.t->arena);
	test_record(f.b, "t", 0, at++, "")->value = ps_null();
	test_record(f.b, "t", 0, at++, "")->value = ps_float32(0.1f);
	test_record(f.b, "t", 0, at++, "")->value = ps_int64(-42);
	strcat(want, "{a=[1, null], b=true}\nnull\n0.1\n-42\n");
	cr_assert(eq(int, put(&f), 0));
	cr_assert(eq(str, (char *)contents(&f), want));
	tear_down(&f);
}

Test(file_sink, structs_and_logical_types_are_what_java_prints)
{
	static const struct {
		const char *bytes;
		size_t len;
		int32_t scale;
		const char *text;
	} decimals[] = {
		{ "\x00", 1, 0, "0" },
		{ "\x30\x39", 2, 2, "123.45" },
		{ "\xcf\xc7", 2, 2, "-123.45" },
		{ "\x05", 1, 3, "0.005" },
		{ "\x05", 1, 8, "5E-8" },
		{ "\x30\x39", 2, -3, "1.2345E+7" },
		{ "\x80", 1, 0, "-128" },
	};
	struct ps_schema text = { .type = PS_STRING };
	struct ps_schema day = { .type = PS_INT32, .name = PS_NAME_DATE };
	struct ps_field fields[] = { { "name", 4, &text }, { "none", 4, &text },
		{ "day", 3, &day } };
	struct ps_schema draft = { .type = PS_STRUCT,
		.fields = fields,
		.field_count = 3 };
	struct ps_value values[] = { ps_text("x"), ps_null(),
		ps_int(PS_INT32, 0) };
	char want[512] = "", scale[16];
	struct ps_record *r;
	struct fixture f;
	int64_t at = 0;

	set_up(&f);
	begin(&f);
	r = test_record(f.b, "t", 0, at++, "");
	r->value = ps_struct(values, 3);
	r->value_schema = f.t->h.intern(&f.t->h, &draft);
	strcat(want, "Struct{name=x,day=Thu Jan 01 00:00:00 UTC 1970}\n");
	for (size_t i = 0; i < sizeof decimals / sizeof *decimals; i++) {
		struct ps_param p = { "scale", scale };
		struct ps_schema decimal = { .type = PS_BYTES,
			.name = PS_NAME_DECIMAL,
			.params = &p,
			.param_count = 1 };

		(void)snprintf(scale, sizeof scale, "%d", decimals[i].scale);
		r = test_record(f.b, "t", 0, at++, "");
		r->value = ps_bytes(decimals[i].bytes, decimals[i].len);
		r->value_schema = f.t->h.intern(&f.t->h, &decimal);
		strcat(strcat(want, decimals[i].text), "\n");
	}
	cr_assert(eq(int, put(&f), 0));
	cr_assert(eq(str, (char *)contents(&f), want));
	tear_down(&f);
}

Test(file_sink, standard_output_is_refused_with_the_key_named)
{
	struct test_host *t = test_host_new("file", "FileStreamSink");

	cr_assert(strstr(test_host_validate(t), "file: ") != NULL);
	cr_assert(test_sink_start(t) == NULL);
	cr_assert(strstr(t->err.text, "standard output") != NULL);
	test_host_free(&t);
}
