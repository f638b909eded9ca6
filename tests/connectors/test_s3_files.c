/*
 * How the S3 sink's settings name its objects and what is inside.
 */
#include "tests/connectors/s3_fixture.h"

#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#define BYTES "io.confluent.connect.s3.format.bytearray.ByteArrayFormat"

/* Settings, and the object that three records make. */
struct file {
	const char *settings[6][2];
	const char *key, *text;
};

static const struct file files[] = {
	{ { { "directory.delim", "_" } },
	    "topics_logs_partition=0_logs+0+0000000000.json", "1\n2\n3\n" },
	{ { { "file.delim", "-" } },
	    "topics/logs/partition=0/logs-0-0000000000.json", "1\n2\n3\n" },
	{ { { "filename.offset.zero.pad.width", "3" } },
	    "topics/logs/partition=0/logs+0+000.json", "1\n2\n3\n" },
	{ { { "filename.offset.zero.pad.width", "0" } },
	    "topics/logs/partition=0/logs+0+0.json", "1\n2\n3\n" },
	{ { { "topics.dir", "a/b" } },
	    "a/b/logs/partition=0/logs+0+0000000000.json", "1\n2\n3\n" },
	{ { { "format.class", BYTES }, { "format.bytearray.separator", "|" } },
	    "topics/logs/partition=0/logs+0+0000000000.bin", "1|2|3|" },
	{ { { "format.class", BYTES },
	      { "format.bytearray.extension", ".dat" } },
	    "topics/logs/partition=0/logs+0+0000000000.dat", "1\n2\n3\n" },
};

static void
put_numbers(struct s3_fixture *f)
{
	s3_begin(f);
	for (int i = 0; i < 3; i++)
		s3_add(f, i, ps_printf(f->b->arena, "%d", i + 1));
	cr_assert(eq(int, s3_put(f), 0), "%s", f->t->err.text);
	cr_assert(s3_commits(f, 3, 3));
}

Test(s3_files, settings_name_the_object, .timeout = 60)
{
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		const struct file *w = &files[i];
		struct s3_fixture f;

		s3_set_up(&f);
		for (size_t k = 0; w->settings[k][0] != NULL; k++)
			test_host_set(f.t, w->settings[k][0],
			    w->settings[k][1]);
		put_numbers(&f);
		cr_assert(eq(str, (char *)s3_text(&f, w->key), (char *)w->text),
		    "%s", w->key);
		cr_assert(eq(sz, f.bucket.count, 1));
		s3_tear_down(&f);
	}
}

Test(s3_files, null_values_are_left_out_and_committed, .timeout = 30)
{
	struct s3_fixture f;

	s3_set_up(&f);
	test_host_set(f.t, "behavior.on.null.values", "ignore");
	s3_begin(&f);
	s3_add(&f, 0, "1");
	s3_add(&f, 1, NULL);
	s3_add(&f, 2, "2");
	s3_add(&f, 3, NULL);
	s3_add(&f, 4, "3");
	s3_add(&f, 5, NULL);
	cr_assert(eq(int, s3_put(&f), 0));
	cr_assert(s3_commits(&f, 6, 6));
	cr_assert(eq(sz, f.t->reported, 0));
	cr_assert(eq(str,
	    (char *)s3_text(&f,
		"topics/logs/partition=0/logs+0+0000000000.json"),
	    "1\n2\n3\n"));
	cr_assert(eq(sz, f.bucket.count, 1));
	s3_tear_down(&f);
}

/* A folder's name made of what people send, and what it is stored as. */
static const struct {
	const char *value, *folder;
} folders[] = {
	{ "..", "k=%2E%2E" },
	{ "../../x", "k=..%2F..%2Fx" },
	{ "%2f", "k=%252f" },
	{ "a\\u0000b", "k=a%00b" },
	{ "a\\r\\nX-Evil: 1", "k=a%0D%0AX-Evil: 1" },
	{ "a\\\\..\\\\b", "k=a%5C..%5Cb" },
	{ "?x=1#y", "k=%3Fx=1%23y" },
	{ "\xc3\xa4", "k=\xc3\xa4" },
	{ "\xc3", "k=%C3" },
};

Test(s3_files, no_value_leaves_its_folder, .timeout = 60)
{
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		struct s3_fixture f;
		char key[256];

		s3_set_up(&f);
		test_host_set(f.t, "flush.size", "1");
		test_host_set(f.t, "partitioner.class", "FieldPartitioner");
		test_host_set(f.t, "partition.field.name", "k");
		s3_begin(&f);
		s3_add(&f, 0,
		    ps_printf(f.b->arena, "{\"k\":\"%s\"}", folders[i].value));
		cr_assert(eq(int, s3_put(&f), 0), "%s", f.t->err.text);
		cr_assert(s3_commits(&f, 1, 1));
		(void)snprintf(key, sizeof key,
		    "topics/logs/%s/logs+0+0000000000.json", folders[i].folder);
		cr_assert(ne(str, (char *)s3_text(&f, key), (char *)"(none)"),
		    "%s", key);
		cr_assert(eq(sz, f.bucket.count, 1));
		s3_tear_down(&f);
	}
}

/* A name of 1,024 bytes is stored; one byte more, and the record is told. */
Test(s3_files, a_name_that_is_too_long_is_that_records_alone, .timeout = 30)
{
	static const char around[] = "topics/logs/k=/logs+0+0000000000.json";
	char value[1100], key[1200];
	struct s3_fixture f;

	s3_set_up(&f);
	f.t->tolerant = true;
	test_host_set(f.t, "flush.size", "1");
	test_host_set(f.t, "partitioner.class", "FieldPartitioner");
	test_host_set(f.t, "partition.field.name", "k");
	s3_begin(&f);
	for (int64_t i = 0; i < 2; i++) {
		memset(value, 'x', sizeof value);
		value[1024 - strlen(around) + (size_t)i] = '\0';
		s3_add(&f, i, ps_printf(f.b->arena, "{\"k\":\"%s\"}", value));
	}
	cr_assert(eq(int, s3_put(&f), 0), "%s", f.t->err.text);
	cr_assert(s3_commits(&f, 2, 2));
	cr_assert(eq(sz, f.t->reported, 1));
	cr_assert(eq(i64, f.t->reports[0].offset, 1));
	cr_assert(strstr(f.t->reports[0].why, "longer than 1024") != NULL, "%s",
	    f.t->reports[0].why);
	value[1024 - strlen(around)] = '\0';
	(void)snprintf(key, sizeof key,
	    "topics/logs/k=%s/logs+0+0000000000.json", value);
	cr_assert(eq(sz, strlen(key), 1024));
	cr_assert(ne(str, (char *)s3_text(&f, key), (char *)"(none)"));
	s3_tear_down(&f);
}

/* Hours that alternate, cut by an hour and a half of record time: the
 * objects that are complete when all six are put. */
static size_t
objects_of_alternating_hours(const char *on_change)
{
	struct s3_fixture f;
	size_t count = 0;

	s3_set_up(&f);
	test_host_set(f.t, "flush.size", "1000");
	test_host_set(f.t, "rotate.interval.ms", "86400000");
	test_host_set(f.t, "partitioner.class", "HourlyPartitioner");
	test_host_set(f.t, "timestamp.extractor", "Record");
	test_host_set(f.t, "rotate.file.on.partition.change", on_change);
	s3_begin(&f);
	for (int i = 0; i < 6; i++)
		s3_add(&f, i, "1")->timestamp = 1700000000000 + i % 2 * 3600000;
	/* A day later: what came before is complete. */
	s3_add(&f, 6, "1")->timestamp = 1700000000000 + 86400000;
	cr_assert(eq(int, s3_put(&f), 0));
	cr_assert(s3_commits(&f, 7, 6));
	for (size_t i = 0; i < f.bucket.count; i++)
		count += strstr(f.bucket.objects[i].key, "_penstock") == NULL;
	s3_tear_down(&f);
	return count;
}

Test(s3_files, another_path_need_not_complete_the_files, .timeout = 30)
{
	cr_assert(eq(sz, objects_of_alternating_hours("true"), 6));
	cr_assert(eq(sz, objects_of_alternating_hours("false"), 2));
}

#define RAW_KEY "topics/logs/partition=0/logs+0+0000000000.bin"

static size_t
unpacked(const struct object_row *o, const char *codec, char *out, size_t room)
{
	z_stream z = { .next_in = (Bytef *)o->data,
		.avail_in = (uInt)o->len,
		.next_out = (Bytef *)out,
		.avail_out = (uInt)room };

	if (strcmp(codec, "zstd") == 0)
		return ZSTD_decompress(out, room, o->data, o->len);
	cr_assert(eq(int, inflateInit2(&z, 15 + 16), Z_OK));
	cr_assert(eq(int, inflate(&z, Z_FINISH), Z_STREAM_END));
	(void)inflateEnd(&z);
	return z.total_out;
}

/* Length of the object of 3,000 records in bytes under codec and level. */
static size_t
packed(const char *codec, const char *level, const char *extension)
{
	char key[128], *want = malloc(1 << 20), *out = malloc(1 << 20);
	size_t len = 0, size;
	struct object_row *o;
	struct s3_fixture f;

	s3_set_up(&f);
	test_host_set(f.t, "format.class", BYTES);
	test_host_set(f.t, "flush.size", "3000");
	test_host_set(f.t, "s3.compression.type", codec);
	test_host_set(f.t, "s3.compression.level", level);
	s3_begin(&f);
	for (int i = 0; i < 3000; i++) {
		char *line = ps_printf(f.b->arena,
		    "%d some text, %d and some more \xff\x01", i, i * i % 7919);

		s3_add(&f, i, line);
		len += (size_t)sprintf(want + len, "%s\n", line);
	}
	cr_assert(eq(int, s3_put(&f), 0));
	cr_assert(s3_commits(&f, 3000, 3000));
	(void)snprintf(key, sizeof key, RAW_KEY "%s", extension);
	o = bucket_get(&f.bucket, key);
	cr_assert(o != NULL, "%s", key);
	cr_assert(eq(sz, unpacked(o, codec, out, 1 << 20), len));
	cr_assert(eq(int, memcmp(out, want, len), 0));
	size = o->len;
	free(want);
	free(out);
	s3_tear_down(&f);
	return size;
}

Test(s3_files, raw_bytes_are_compressed_by_level, .timeout = 60)
{
	cr_assert(
	    lt(sz, packed("gzip", "9", ".gz"), packed("gzip", "1", ".gz")));
	cr_assert(
	    lt(sz, packed("zstd", "19", ".zst"), packed("zstd", "1", ".zst")));
}
