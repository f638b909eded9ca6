#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record/batch.h"
#include "record/value.h"
#include "tests/connectors/host.h"

struct fixture {
	struct test_host *t;
	const struct ps_source_ops *ops;
	void *state;
	struct ps_batch *b;
	char dir[PATH_MAX], path[PATH_MAX + 16];
	char lines[8192]; /* all lines so far, each followed by '|' */
	size_t count;
	int64_t position;       /* the last offset a record carried */
	struct ps_value offset; /* all of it, in the host's arena */
};

static void
set_up(struct fixture *f)
{
	memset(f, 0, sizeof *f);
	strcpy(f->dir, BUILD "/tmp/file-XXXXXX");
	cr_assert(mkdtemp(f->dir) != NULL);
	(void)snprintf(f->path, sizeof f->path, "%s/in.log", f->dir);
	f->t = test_host_new("file", "FileStreamSource");
	test_host_set(f->t, "file", f->path);
	test_host_set(f->t, "topic", "lines");
	f->ops = test_source_ops(f->t);
	f->b = batch_new(1 << 20);
	f->b->budget_bytes = 1 << 20;
}

static void
begin(struct fixture *f)
{
	f->state = test_source_start(f->t);
	cr_assert(f->state != NULL, "%s", f->t->err.text);
}

static void
tear_down(struct fixture *f)
{
	char command[2 * PATH_MAX];

	if (f->state != NULL)
		f->ops->destroy(f->state);
	batch_free(&f->b);
	test_host_free(&f->t);
	(void)snprintf(command, sizeof command, "rm -rf %s", f->dir);
	cr_assert(system(command) == 0);
}

static void
add(const char *path, const char *text, size_t len)
{
	FILE *out = fopen(path, "a");

	cr_assert(out != NULL);
	cr_assert(fwrite(text, 1, len, out) == len);
	cr_assert(fclose(out) == 0);
}

static void
write_text(const char *path, const char *text)
{
	add(path, text, strlen(text));
}

/* Keeps what one poll gave; returns its result. */
static int
poll_once(struct fixture *f)
{
	int rc;

	batch_reset(f->b, 1 << 20);
	f->b->budget_bytes = 1 << 20;
	ps_error_clear(&f->t->err);
	rc = f->ops->poll(f->state, f->b, &f->t->err);
	for (size_t i = 0; i < f->b->count; i++) {
		struct ps_record *r = &f->b->records[i];
		size_t used = strlen(f->lines);

		if (r->source_offset.type == PS_MAP) {
			f->offset = value_copy(f->t->arena, &r->source_offset);
			f->position = ps_map_find(&f->offset, "position")->i;
		}
		if (r->outcome == PS_DROPPED)
			continue;
		cr_assert(eq(int, r->value.type, PS_STRING));
		cr_assert_not(r->value_schema->optional);
		cr_assert(eq(i64, r->timestamp, PS_NOW));
		if (used + r->value.len + 2 < sizeof f->lines) {
			memcpy(f->lines + used, r->value.s, r->value.len);
			strcpy(f->lines + used + r->value.len, "|");
		}
		f->count++;
	}
	return rc;
}

/* Polls until `count` lines came, for as long as eight idle polls. */
static void
expect(struct fixture *f, size_t count, const char *lines)
{
	for (int i = 0; i < 8 && (f->count < count || i == 0); i++)
		cr_assert(poll_once(f) == 0, "%s", f->t->err.text);
	cr_assert(eq(sz, f->count, count));
	cr_assert(eq(str, f->lines, (char *)lines));
}

struct split {
	char text[64];
	size_t count;
	char lines[64];
	int64_t position;
};

/* Java's rule: LF, CR LF and CR end lines, a last CR only with what follows. */
ParameterizedTestParameters(file_source, lines_end_where_java_ends_them)
{
	static struct split table[] = {
		{ "a\nb\n", 2, "a|b|", 4 },
		{ "a\r\nb\r\n", 2, "a|b|", 6 },
		{ "a\rb\rc\n", 3, "a|b|c|", 6 },
		{ "a\r\r\nb\n", 3, "a||b|", 6 },
		{ "\n\n\n", 3, "|||", 3 },
		{ "a\nb", 1, "a|", 2 },
		{ "a\nb\r", 1, "a|", 2 },
		{ "\r\n", 1, "|", 2 },
		{ "caf\xc3\xa9\n", 1, "caf\xc3\xa9|", 6 },
		{ "x\xff\xfey\n", 1, "x\xef\xbf\xbd\xef\xbf\xbdy|", 5 },
		{ "x\xe2\x82\n", 1, "x\xef\xbf\xbd|", 4 },
		{ "\xed\xa0\x80\n", 1, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd|",
		    4 },
	};

	return cr_make_param_array(struct split, table,
	    sizeof table / sizeof *table);
}

ParameterizedTest(struct split *s, file_source, lines_end_where_java_ends_them)
{
	struct fixture f;

	set_up(&f);
	write_text(f.path, s->text);
	begin(&f);
	expect(&f, s->count, s->lines);
	cr_assert(eq(i64, f.position, s->position));
	tear_down(&f);
}

Test(file_source, growth_and_partial_lines_are_followed)
{
	struct fixture f;

	set_up(&f);
	write_text(f.path, "one\ntw");
	begin(&f);
	expect(&f, 1, "one|");
	write_text(f.path, "o\nthree\r");
	expect(&f, 2, "one|two|");
	write_text(f.path, "\nfour\n");
	expect(&f, 4, "one|two|three|four|");
	cr_assert(eq(i64, f.position, 20));
	tear_down(&f);
}

Test(file_source, a_missing_file_is_waited_for)
{
	struct fixture f;

	set_up(&f);
	begin(&f);
	test_host_wake(f.t);
	cr_assert(eq(int, poll_once(&f), 0));
	test_host_unwake(f.t);
	cr_assert(strstr(f.t->log, f.path) != NULL);
	write_text(f.path, "here\n");
	expect(&f, 1, "here|");
	tear_down(&f);
}

Test(file_source, the_stored_position_is_where_it_goes_on)
{
	struct ps_pair pair = { ps_text("position"), ps_int64(4) };
	struct fixture f;

	set_up(&f);
	write_text(f.path, "one\ntwo\n");
	f.t->stored = ps_map(&pair, 1);
	begin(&f);
	expect(&f, 1, "two|");
	cr_assert(eq(i64, f.position, 8));
	tear_down(&f);
}

Test(file_source, only_the_last_record_of_a_batch_carries_the_offset)
{
	struct fixture f;

	set_up(&f);
	test_host_set(f.t, "batch.size", "3");
	write_text(f.path, "1\n2\n3\n4\n");
	begin(&f);
	cr_assert(eq(int, poll_once(&f), 0), "says where it begins");
	cr_assert(eq(int, poll_once(&f), 0));
	cr_assert(eq(sz, f.b->count, 3));
	cr_assert(eq(int, f.b->records[0].source_offset.type, PS_NULL));
	cr_assert(eq(int, f.b->records[2].source_offset.type, PS_MAP));
	cr_assert(eq(i64, f.position, 6));
	cr_assert(ps_is_text(ps_map_find(test_host_partition_map(
					     f.b->records[2].source_partition),
				 "filename"),
	    f.path));
	tear_down(&f);
}

Test(file_source, a_truncated_file_is_read_from_its_beginning)
{
	struct fixture f;

	set_up(&f);
	write_text(f.path, "one\ntwo\n");
	begin(&f);
	expect(&f, 2, "one|two|");
	cr_assert(eq(int, truncate(f.path, 0), 0));
	write_text(f.path, "new\n");
	expect(&f, 3, "one|two|new|");
	cr_assert(eq(i64, f.position, 4));
	cr_assert(strstr(f.t->log, "was truncated") != NULL);
	tear_down(&f);
}

Test(file_source, a_file_replaced_while_it_was_not_read_is_noticed)
{
	struct ps_pair pair = { ps_text("position"), ps_int64(5) };
	struct fixture f;

	set_up(&f);
	write_text(f.path, "longer line\ntwo\n");
	f.t->stored = ps_map(&pair, 1);
	begin(&f);
	expect(&f, 2, "longer line|two|");
	cr_assert(strstr(f.t->log, "another file") != NULL);
	tear_down(&f);
}

Test(file_source, a_rotated_file_is_read_to_its_end_before_the_new_one,
    .timeout = 20)
{
	char old[2 * PATH_MAX];
	struct fixture f;

	set_up(&f);
	(void)snprintf(old, sizeof old, "%s.1", f.path);
	write_text(f.path, "one\n");
	begin(&f);
	expect(&f, 1, "one|");
	cr_assert(eq(int, rename(f.path, old), 0));
	write_text(f.path, "new\n");
	write_text(old, "two\nlast");
	expect(&f, 4, "one|two|last|new|");
	cr_assert(eq(i64, f.position, 4));
	tear_down(&f);
}

/* ---- Rotation while nobody reads ---- */

/* The task ends; the next one starts from what it stored. */
static void
restart(struct fixture *f)
{
	f->ops->destroy(f->state);
	f->t->stored = f->offset;
	begin(f);
}

static void
rotate(const struct fixture *f, const char *from, const char *to)
{
	char a[2 * PATH_MAX], b[2 * PATH_MAX];

	(void)snprintf(a, sizeof a, "%s%s", f->path, from);
	(void)snprintf(b, sizeof b, "%s%s", f->path, to);
	cr_assert(eq(int, rename(a, b), 0));
}

static void
write_to(const struct fixture *f, const char *suffix, const char *text)
{
	char path[2 * PATH_MAX];

	(void)snprintf(path, sizeof path, "%s%s", f->path, suffix);
	write_text(path, text);
}

/* Written at this time, in seconds; files of a second are told apart. */
static void
touch(const struct fixture *f, const char *suffix, int64_t s)
{
	struct timespec times[2] = { { .tv_sec = s }, { .tv_sec = s } };
	char path[2 * PATH_MAX];

	(void)snprintf(path, sizeof path, "%s%s", f->path, suffix);
	cr_assert(eq(int, utimensat(AT_FDCWD, path, times, 0), 0));
}

Test(file_source, the_rest_of_a_file_rotated_meanwhile_is_read_first,
    .timeout = 20)
{
	struct fixture f;

	set_up(&f);
	write_text(f.path, "one\ntwo\n");
	begin(&f);
	expect(&f, 2, "one|two|");
	write_text(f.path, "three\n");
	rotate(&f, "", ".1");
	write_text(f.path, "new\nlonger than what was read\n");
	restart(&f);
	expect(&f, 5, "one|two|three|new|longer than what was read|");
	/* Nothing was read of the new one when it went as well. */
	restart(&f);
	write_text(f.path, "more\n");
	expect(&f, 6, "one|two|three|new|longer than what was read|more|");
	tear_down(&f);
}

Test(file_source, the_file_it_began_with_is_read_though_no_line_was,
    .timeout = 20)
{
	struct fixture f;

	set_up(&f);
	write_text(f.path, "one");
	begin(&f);
	expect(&f, 0, "");
	cr_assert(eq(int, f.offset.type, PS_MAP));
	write_text(f.path, "\n");
	rotate(&f, "", ".1");
	write_text(f.path, "two\n");
	restart(&f);
	expect(&f, 2, "one|two|");
	tear_down(&f);
}

Test(file_source, a_writer_that_has_not_changed_over_is_followed, .timeout = 20)
{
	struct fixture f;

	set_up(&f);
	write_text(f.path, "one\n");
	begin(&f);
	expect(&f, 1, "one|");
	rotate(&f, "", ".1");
	touch(&f, ".1", 1700000000);
	write_text(f.path, "");
	for (int i = 0; i < 3; i++)
		cr_assert(eq(int, poll_once(&f), 0));
	write_to(&f, ".1", "two\n");
	expect(&f, 2, "one|two|");
	write_text(f.path, "new\n");
	expect(&f, 3, "one|two|new|");
	tear_down(&f);
}

Test(file_source, files_that_came_and_went_meanwhile_are_read_in_order,
    .timeout = 30)
{
	struct fixture f;

	set_up(&f);
	write_to(&f, ".3", "older, not ours to read\n");
	touch(&f, ".3", 1700000000);
	write_text(f.path, "one\n");
	begin(&f);
	expect(&f, 1, "one|");
	write_text(f.path, "two\n");
	rotate(&f, "", "-20240102");
	touch(&f, "-20240102", 1700000100);
	write_to(&f, "-20240103", "three\n");
	touch(&f, "-20240103", 1700000200);
	write_to(&f, ".1", "four\nfive");
	touch(&f, ".1", 1700000300);
	write_to(&f, ".pos", "somebody's notes\n");
	write_to(&f, "2", "another log\n");
	write_text(f.path, "six\n");
	restart(&f);
	for (int i = 0; i < 40 && f.count < 6; i++)
		cr_assert(poll_once(&f) == 0);
	cr_assert(eq(str, f.lines, "one|two|three|four|five|six|"));
	tear_down(&f);
}

Test(file_source, a_file_compressed_before_it_was_read_is_said, .timeout = 20)
{
	struct fixture f;

	set_up(&f);
	write_text(f.path, "one\n");
	touch(&f, "", 1700000100);
	begin(&f);
	expect(&f, 1, "one|");
	rotate(&f, "", ".2");
	write_to(&f, ".1.gz", "packed");
	write_text(f.path, "two\n");
	restart(&f);
	expect(&f, 2, "one|two|");
	cr_assert(
	    strstr(f.t->log, "in.log.1.gz was rotated and compressed") != NULL);
	tear_down(&f);
}

Test(file_source, a_copy_made_before_truncation_has_the_rest, .timeout = 20)
{
	struct fixture f;

	set_up(&f);
	write_text(f.path, "one\ntwo\n");
	begin(&f);
	expect(&f, 2, "one|two|");
	write_text(f.path, "three\n");
	write_to(&f, ".1", "one\ntwo\nthree\n");
	cr_assert(eq(int, truncate(f.path, 0), 0));
	write_text(f.path, "four\n");
	expect(&f, 4, "one|two|three|four|");
	/* And when it grew beyond the position at once. */
	write_text(f.path, "five\n");
	rotate(&f, ".1", ".2");
	write_to(&f, ".1", "four\nfive\n");
	cr_assert(eq(int, truncate(f.path, 0), 0));
	write_text(f.path, "six\nseven\neight\n");
	expect(&f, 8, "one|two|three|four|five|six|seven|eight|");
	tear_down(&f);
}

Test(file_source, a_file_filled_again_is_not_taken_for_the_old_one)
{
	struct fixture f;

	set_up(&f);
	write_text(f.path, "one\ntwo\n");
	begin(&f);
	expect(&f, 2, "one|two|");
	cr_assert(eq(int, truncate(f.path, 0), 0));
	write_text(f.path, "ONE\nTWO\nthree\n");
	expect(&f, 5, "one|two|ONE|TWO|three|");
	cr_assert(
	    strstr(f.t->log, "lines that came after that are lost") != NULL);
	tear_down(&f);
}

Test(file_source, a_copy_in_the_place_of_the_file_is_the_file)
{
	struct fixture f;

	set_up(&f);
	write_text(f.path, "one\ntwo\n");
	begin(&f);
	expect(&f, 2, "one|two|");
	cr_assert(eq(int, unlink(f.path), 0));
	write_text(f.path, "one\ntwo\nthree\n");
	restart(&f);
	expect(&f, 3, "one|two|three|");
	tear_down(&f);
}

Test(file_source, a_line_over_the_limit_fails_with_its_position)
{
	static char text[5000];
	struct fixture f;

	set_up(&f);
	memset(text, 'x', sizeof text);
	test_host_set(f.t, "line.max.bytes", "4096");
	write_text(f.path, "ok\n");
	add(f.path, text, sizeof text);
	begin(&f);
	expect(&f, 1, "ok|");
	for (int i = 0; i < 4 && poll_once(&f) == 0; i++)
		continue;
	cr_assert(eq(int, f.t->err.code, PS_E_DATA));
	cr_assert(strstr(f.t->err.text, "position 3") != NULL);
	tear_down(&f);
}

Test(file_source, lines_longer_than_a_read_arrive_whole)
{
	size_t len = 3000000;
	char *text = malloc(len + 1);
	struct fixture f;

	set_up(&f);
	memset(text, 'x', len);
	text[len] = '\n';
	add(f.path, text, len + 1);
	begin(&f);
	for (int i = 0; i < 16 && f.count == 0; i++)
		cr_assert(eq(int, poll_once(&f), 0));
	cr_assert(eq(sz, f.b->records[0].value.len, len));
	free(text);
	tear_down(&f);
}

Test(file_source, every_line_of_a_large_file_comes_once_and_in_order)
{
	size_t next = 0, total = 300000;
	struct fixture f;
	FILE *out;

	set_up(&f);
	out = fopen(f.path, "w");
	for (size_t i = 0; i < total; i++)
		(void)fprintf(out, "%zu %0*d\n", i, (int)(i * 7 % 90), 0);
	(void)fclose(out);
	begin(&f);
	cr_assert(eq(int, poll_once(&f), 0), "says where it begins");
	while (next < total) {
		cr_assert(eq(int, poll_once(&f), 0));
		cr_assert(gt(sz, f.b->count, 0));
		for (size_t i = 0; i < f.b->count; i++, next++)
			cr_assert(eq(sz,
			    strtoull(f.b->records[i].value.s, NULL, 10), next));
	}
	tear_down(&f);
}

Test(file_source, standard_input_is_refused_with_the_key_named)
{
	struct test_host *t = test_host_new("file", "FileStreamSource");

	test_host_set(t, "topic", "lines");
	cr_assert(strstr(test_host_validate(t), "file: ") != NULL);
	cr_assert(test_source_start(t) == NULL);
	cr_assert(eq(int, t->err.code, PS_E_CONFIG));
	cr_assert(strstr(t->err.text, "standard input") != NULL);
	test_host_free(&t);
}

Test(file_source, a_folder_is_refused)
{
	struct fixture f;

	set_up(&f);
	test_host_set(f.t, "file", f.dir);
	begin(&f);
	cr_assert(eq(int, poll_once(&f), -1));
	cr_assert(strstr(f.t->err.text, "regular file") != NULL);
	tear_down(&f);
}
