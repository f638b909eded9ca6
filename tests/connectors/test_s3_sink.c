#include "tests/connectors/s3_fixture.h"

#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

Test(s3_sink, flush_size_records_are_an_object_of_json_lines, .timeout = 30)
{
	struct s3_fixture f;

	s3_set_up(&f);
	s3_begin(&f);
	for (int i = 0; i < 7; i++)
		s3_add(&f, i, "{\"n\":1}");
	cr_assert(eq(int, s3_put(&f), 0));
	cr_assert(s3_commits(&f, 7, 6));
	cr_assert(eq(i64, f.committed, 6));
	cr_assert(eq(str,
	    (char *)s3_text(&f,
		"topics/logs/partition=0/logs+0+0000000000.json"),
	    "{\"n\":1}\n{\"n\":1}\n{\"n\":1}\n"));
	cr_assert(eq(str,
	    (char *)s3_text(&f,
		"topics/logs/partition=0/logs+0+0000000003.json"),
	    "{\"n\":1}\n{\"n\":1}\n{\"n\":1}\n"));
	cr_assert(eq(sz, f.bucket.count, 2));
	cr_assert(gt(sz, f.t->commits_requested, 0));
	s3_tear_down(&f);
}

Test(s3_sink, a_document_of_several_lines_is_one, .timeout = 30)
{
	struct s3_fixture f;

	s3_set_up(&f);
	s3_begin(&f);
	s3_add(&f, 0, "{\n\"n\":1,\r\n\"s\":\"a\\n\"}");
	s3_add(&f, 1, "2");
	s3_add(&f, 2, "\n3");
	cr_assert(eq(int, s3_put(&f), 0));
	cr_assert(s3_commits(&f, 3, 3));
	cr_assert(eq(str,
	    (char *)s3_text(&f,
		"topics/logs/partition=0/logs+0+0000000000.json"),
	    "{ \"n\":1,  \"s\":\"a\\n\"}\n2\n 3\n"));
	s3_tear_down(&f);
}

Test(s3_sink, it_asks_for_json_or_bytes_as_the_format_says)
{
	struct s3_fixture f;

	s3_set_up(&f);
	s3_begin(&f);
	cr_assert(eq(int, f.ops->input(f.state), PS_INPUT_JSON));
	f.ops->destroy(f.state);
	test_host_set(f.t, "format.class", "ByteArrayFormat");
	s3_begin(&f);
	cr_assert(eq(int, f.ops->input(f.state), PS_INPUT_BYTES));
	s3_add(&f, 0, "a");
	s3_add(&f, 1, "b");
	s3_add(&f, 2, "c");
	cr_assert(eq(int, s3_put(&f), 0));
	cr_assert(s3_commits(&f, 3, 3));
	cr_assert(eq(str,
	    (char *)s3_text(&f,
		"topics/logs/partition=0/logs+0+0000000000.bin"),
	    "a\nb\nc\n"));
	s3_tear_down(&f);
}

Test(s3_sink, positions_before_open_files_are_safe, .timeout = 30)
{
	struct ps_topic_position tp = { "logs", 0, 42 };
	struct s3_fixture f;

	s3_set_up(&f);
	s3_begin(&f);
	cr_assert(eq(int, f.ops->pre_commit(f.state, &tp, 1, &f.t->err), 0));
	cr_assert(eq(i64, tp.offset, 42), "nothing is held");
	s3_add(&f, 50, "{}");
	cr_assert(eq(int, s3_put(&f), 0));
	tp.offset = 51;
	cr_assert(eq(int, f.ops->pre_commit(f.state, &tp, 1, &f.t->err), 0));
	cr_assert(eq(i64, tp.offset, 50), "the record is in memory only");
	s3_tear_down(&f);
}

static void
put_hours(struct s3_fixture *f)
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
		s3_add(f, i, rows[i].value)->timestamp = rows[i].ms;
	cr_assert(eq(int, s3_put(f), 0));
	cr_assert(s3_commits(f, 3, 3));
}

Test(s3_sink, hours_of_record_time_are_folders_in_the_zone, .timeout = 30)
{
	struct s3_fixture f;

	s3_set_up(&f);
	test_host_set(f.t, "partitioner.class", "HourlyPartitioner");
	test_host_set(f.t, "timestamp.extractor", "Record");
	test_host_set(f.t, "timezone", "Asia/Tokyo");
	s3_begin(&f);
	put_hours(&f);
	cr_assert(eq(str,
	    (char *)s3_text(&f, "topics/logs/year=2023/month=11/day=15/hour=07/"
				"logs+0+0000000000.json"),
	    "{\"k\":\"a\",\"o\":{\"i\":1}}\n{\"k\":\"a\",\"o\":{\"i\":1}}\n"));
	cr_assert(eq(str,
	    (char *)s3_text(&f, "topics/logs/year=2023/month=11/day=15/hour=08/"
				"logs+0+0000000001.json"),
	    "{\"k\":\"b/..\",\"o\":{\"i\":2}}\n"));
	s3_tear_down(&f);
}

Test(s3_sink, fields_are_folders_and_cannot_leave_them, .timeout = 30)
{
	struct s3_fixture f;

	s3_set_up(&f);
	test_host_set(f.t, "partitioner.class", "FieldPartitioner");
	test_host_set(f.t, "partition.field.name", "k, o.i");
	s3_begin(&f);
	put_hours(&f);
	cr_assert(ne(str,
	    (char *)s3_text(&f, "topics/logs/k=a/o.i=1/logs+0+0000000000.json"),
	    (char *)"(none)"));
	cr_assert(eq(str,
	    (char *)s3_text(&f,
		"topics/logs/k=b%2F../o.i=2/logs+0+0000000001.json"),
	    "{\"k\":\"b/..\",\"o\":{\"i\":2}}\n"));
	s3_tear_down(&f);
}

Test(s3_sink, a_record_without_the_field_is_reported_alone, .timeout = 30)
{
	struct s3_fixture f;

	s3_set_up(&f);
	f.t->tolerant = true;
	test_host_set(f.t, "partitioner.class", "FieldPartitioner");
	test_host_set(f.t, "partition.field.name", "k");
	s3_begin(&f);
	s3_add(&f, 0, "{\"k\":1}");
	s3_add(&f, 1, "{\"x\":1}");
	s3_add(&f, 2, "{\"k\":1.5}");
	s3_add(&f, 3, "{\"k\":1}");
	s3_add(&f, 4, NULL);
	s3_add(&f, 5, "{\"k\":1}");
	cr_assert(eq(int, s3_put(&f), 0));
	cr_assert(s3_commits(&f, 6, 6));
	cr_assert(eq(sz, f.t->reported, 3));
	cr_assert(eq(i64, f.t->reports[0].offset, 1));
	cr_assert(strstr(f.t->reports[0].why, "k is missing") != NULL);
	cr_assert(eq(str,
	    (char *)s3_text(&f, "topics/logs/k=1/logs+0+0000000000.json"),
	    "{\"k\":1}\n{\"k\":1}\n{\"k\":1}\n"));
	s3_tear_down(&f);
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
	struct s3_fixture f;

	s3_set_up(&f);
	test_host_set(f.t, "s3.compression.type", codec);
	test_host_set(f.t, "flush.size", "20000");
	s3_begin(&f);
	for (int i = 0; i < 20000; i += step) {
		batch_reset(f.b, 1 << 20);
		for (int k = i; k < i + step; k++) {
			(void)snprintf(line, sizeof line, "{\"n\":%d,\"m\":%d}",
			    k, k * k % 7919);
			s3_add(&f, k, ps_strdup(f.b->arena, line));
		}
		cr_assert(eq(int, s3_put(&f), 0));
	}
	cr_assert(s3_commits(&f, 20000, 20000));
	unpack(bucket_get(&f.bucket, names[!gzip]), gzip, out, 4 << 20);
	cr_assert(strncmp(out, "{\"n\":0,\"m\":0}\n{\"n\":1,", 21) == 0);
	free(out);
	all = bucket_describe(&f.bucket);
	s3_tear_down(&f);
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
	struct s3_fixture f;

	s3_set_up(&f);
	f.t->h.budget_bytes = 16 << 20;
	test_host_set(f.t, "flush.size", "40");
	s3_begin(&f);
	memset(value, 'x', len);
	for (int i = 0; i < 40; i++) {
		batch_reset(f.b, 1 << 20);
		s3_add(&f, i, value);
		cr_assert(eq(int, s3_put(&f), 0), "%s", f.t->err.text);
	}
	cr_assert(s3_commits(&f, 40, 40));
	o = bucket_get(&f.bucket,
	    "topics/logs/partition=0/logs+0+0000000000.json");
	cr_assert(o != NULL);
	cr_assert(eq(sz, o->len, 40 * (len + 1)));
	cr_assert(eq(sz, f.bucket.multiparts, 1));
	free(value);
	s3_tear_down(&f);
}

Test(s3_sink, uploads_are_aborted_when_partitions_go, .timeout = 60)
{
	struct ps_topic_position tp = { "logs", 0, 0 };
	size_t len = 6 << 20;
	char *value = calloc(1, len + 1);
	struct s3_fixture f;

	s3_set_up(&f);
	test_host_set(f.t, "flush.size", "40");
	test_host_set(f.t, "s3.part.size", "5242880");
	s3_begin(&f);
	memset(value, 'x', len);
	s3_add(&f, 0, value);
	cr_assert(eq(int, s3_put(&f), 0));
	batch_reset(f.b, 0);
	/* The suite's time-out is the limit. */
	while (bucket_open_uploads(&f.bucket) == 0)
		cr_assert(eq(int, s3_put(&f), 0));
	for (int i = 0; i < 200; i++)
		cr_assert(eq(int, s3_put(&f), 0));
	f.ops->close(f.state, &tp, 1, PS_CLOSE_REVOKED);
	cr_assert(eq(sz, bucket_open_uploads(&f.bucket), 0));
	cr_assert(eq(sz, f.bucket.aborts, 1));
	free(value);
	s3_tear_down(&f);
}

/* The idle rule: record time does not move, the clock does. */
static void
idle(struct s3_fixture *f, int64_t records)
{
	s3_fill(f, 0, records);
	for (int64_t i = 0; i < records; i++)
		f->b->records[i].timestamp = 1700000000000;
	cr_assert(eq(int, s3_put(f), 0));
	cr_assert(s3_commits(f, records, records));
}

Test(s3_sink, an_idle_partition_is_cut_and_a_restart_repeats_the_cut,
    .timeout = 60)
{
	static const char key[] =
	    "topics/logs/partition=0/logs+0+0000000000.json";
	struct s3_fixture f;
	char *first;

	s3_set_up(&f);
	test_host_set(f.t, "flush.size", "1000");
	test_host_set(f.t, "rotate.interval.ms", "100");
	s3_begin(&f);
	idle(&f, 5);
	cr_assert(
	    eq(str, (char *)s3_cuts(&f, "topics/_penstock/test/logs+0.cuts"),
		"penstock cuts 1\n0 5\n"));
	first = strdup(s3_text(&f, key));
	/* The commit was lost; by now there are more records. */
	f.ops->destroy(f.state);
	f.committed = PS_NO_OFFSET;
	s3_begin(&f);
	s3_fill(&f, 0, 9);
	for (int i = 0; i < 9; i++)
		f.b->records[i].timestamp = 1700000000000;
	cr_assert(eq(int, s3_put(&f), 0));
	cr_assert(s3_commits(&f, 9, 5));
	cr_assert(eq(str, (char *)s3_text(&f, key), first));
	cr_assert(s3_commits(&f, 9, 9));
	cr_assert(ne(str,
	    (char *)s3_text(&f,
		"topics/logs/partition=0/logs+0+0000000005.json"),
	    (char *)"(none)"));
	free(first);
	s3_tear_down(&f);
}

Test(s3_sink, scheduled_cuts_come_without_records, .timeout = 60)
{
	struct s3_fixture f;

	s3_set_up(&f);
	test_host_set(f.t, "flush.size", "1000");
	test_host_set(f.t, "rotate.schedule.interval.ms", "200");
	s3_begin(&f);
	idle(&f, 5);
	cr_assert(gt(i64, f.t->retry_ms, -1));
	s3_tear_down(&f);
}

/* "Never" is often the largest number there is. */
Test(s3_sink, what_is_to_be_cut_at_the_end_of_time_is_not_cut, .timeout = 60)
{
	static const char *const keys[] = { "rotate.interval.ms",
		"rotate.schedule.interval.ms" };

	for (size_t i = 0; i < 2; i++) {
		struct s3_fixture f;

		s3_set_up(&f);
		test_host_set(f.t, "flush.size", "1000");
		test_host_set(f.t, "timezone", "America/New_York");
		test_host_set(f.t, keys[i], "9223372036854775807");
		s3_begin(&f);
		s3_put_rows(&f, 0, 5);
		cr_expect(not(s3_commits(&f, 5, 5)), "%s", keys[i]);
		s3_tear_down(&f);
	}
}

Test(s3_sink, many_open_files_are_cut_when_memory_is_short, .timeout = 120)
{
	char *value;
	struct s3_fixture f;
	int64_t next = 0;
	long long end, begin;

	s3_set_up(&f);
	f.t->h.budget_bytes = 8 << 20;
	test_host_set(f.t, "flush.size", "1000000");
	test_host_set(f.t, "partitioner.class", "FieldPartitioner");
	test_host_set(f.t, "partition.field.name", "k");
	s3_begin(&f);
	for (int i = 0; i < 40; i++) {
		batch_reset(f.b, 1 << 20);
		for (int k = 0; k < 20; k++, next++) {
			value = ps_printf(f.b->arena, "{\"k\":%lld}",
			    (long long)next % 400);
			s3_add(&f, next, value);
		}
		cr_assert(eq(int, s3_put(&f), 0), "%s", f.t->err.text);
	}
	cr_assert(s3_commits(&f, next, 1));
	cr_assert(gt(i64, f.committed, 0));
	cr_assert(eq(int,
	    sscanf(s3_cuts(&f, "topics/_penstock/test/logs+0.cuts"),
		"penstock cuts 1\n0 %lld\n%lld ", &end, &begin),
	    2));
	cr_assert(lt(i64, end, next));
	cr_assert(eq(i64, begin, end));
	s3_tear_down(&f);
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
	struct s3_fixture f;
	int left = 6;

	s3_set_up(&f);
	f.bucket.fault = forbidden;
	f.bucket.arg = &left;
	s3_begin(&f);
	s3_fill(&f, 0, 3);
	f.t->is_stopping = true; /* put() gives up after its first look */
	for (int i = 0; i < 1000 && f.t->cause[0] == '\0'; i++) {
		ps_error_clear(&f.t->err);
		cr_assert(eq(int, f.ops->put(f.state, f.b, &f.t->err), -1));
		cr_assert(eq(int, f.t->err.code, PS_E_RETRY));
		(void)usleep(1000);
	}
	cr_assert(strstr(f.t->cause, "403 ExpiredToken") != NULL);
	f.t->is_stopping = false;
	cr_assert(eq(int, s3_put(&f), 0));
	cr_assert(s3_commits(&f, 3, 3));
	cr_assert(eq(str, f.t->cause, ""));
	cr_assert(eq(sz, f.t->reported, 0));
	s3_tear_down(&f);
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
		{ "s3.ssl.truststore.location", "/etc/passwd",
		    "no certificate in PEM form" },
	};

	return cr_make_param_array(struct bad, table,
	    sizeof table / sizeof *table);
}

ParameterizedTest(struct bad *bad, s3_sink, wrong_settings_are_named)
{
	struct s3_fixture f;

	s3_set_up(&f);
	test_host_set(f.t, bad->key, bad->value);
	cr_assert(strstr(test_host_validate(f.t), bad->says) != NULL, "%s",
	    test_host_validate(f.t));
	cr_assert(test_sink_start(f.t) == NULL);
	cr_assert(eq(int, f.t->err.code, PS_E_CONFIG));
	s3_tear_down(&f);
}
