#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "store/statuses.h"
#include "tests/store/capture.h"

static enum statuses_what
apply(struct statuses *s, const char *key, const char *value)
{
	struct store_pair p = pair_of(key, value);
	struct ps_error err = { PS_OK, "" };

	return statuses_apply(s, &p, &err);
}

#define RUNNING(worker, generation)                                     \
	"{\"state\":\"RUNNING\",\"trace\":null,\"worker_id\":\"" worker \
	"\",\"generation\":" #generation ",\"version\":null}"
#define UNASSIGNED(worker, generation)                                     \
	"{\"state\":\"UNASSIGNED\",\"trace\":null,\"worker_id\":\"" worker \
	"\",\"generation\":" #generation "}"

static void
count(void *ctx, const char *connector, int task, const struct status *st)
{
	(void)connector;
	(void)st;
	*(int *)ctx = 10 * *(int *)ctx + task + 2;
}

static void
count_topic(void *ctx, const struct status_topic *t)
{
	cr_expect(eq(str, (char *)t->topic, "t"));
	++*(int *)ctx;
}

Test(statuses, latest_record_of_each_key_counts)
{
	struct statuses *s = statuses_new();
	int order = 0, topics = 0;

	apply(s, "status-task-a-1", RUNNING("w:1", 3));
	apply(s, "status-connector-a", RUNNING("w:1", 3));
	apply(s, "status-task-a-0", RUNNING("w:1", 3));
	apply(s, "status-task-ab-0", RUNNING("w:1", 3));
	apply(s, "status-topic-t:connector-a",
	    "{\"topic\":{\"name\":\"t\",\"connector\":\"a\",\"task\":0,"
	    "\"discoverTimestamp\":17}}");
	cr_expect(eq(int, statuses_task(s, "a", 1)->generation, 3));
	cr_expect(statuses_task(s, "a", 1)->trace == NULL);
	cr_expect(statuses_task(s, "a", 2) == NULL);
	statuses_each(s, "a", count, &order);
	cr_expect(eq(int, order, 123)); /* -1, 0, 1 */
	statuses_each_topic(s, NULL, count_topic, &topics);
	cr_expect(eq(int, topics, 1));
	cr_expect(statuses_has_topic(s, "a", "t"));
	cr_expect(eq(int, apply(s, "status-task-a-1", NULL), STATUSES_TASK));
	cr_expect(statuses_task(s, "a", 1) == NULL);
	statuses_free(&s);
}

Test(statuses, late_unassigned_hides_no_newer_owner)
{
	static const struct {
		const char *record;
		enum statuses_what what;
	} rows[] = {
		{ UNASSIGNED("w:2", 4), STATUSES_IGNORED },
		{ UNASSIGNED("w:2", 5), STATUSES_IGNORED },
		{ UNASSIGNED("w:2", 6), STATUSES_TASK },
		{ UNASSIGNED("w:1", 5), STATUSES_TASK },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct statuses *s = statuses_new();

		apply(s, "status-task-a-0", RUNNING("w:1", 5));
		cr_expect(eq(int, apply(s, "status-task-a-0", rows[i].record),
		    rows[i].what));
		statuses_free(&s);
	}
}

Test(statuses, safe_put_spares_what_a_newer_owner_wrote)
{
	struct status cached = { .worker_id = "w:1", .generation = 5 };
	struct status older = { .worker_id = "w:2", .generation = 4 };
	struct status equal = { .worker_id = "w:2", .generation = 5 };
	struct status mine = { .worker_id = "w:1", .generation = 1 };

	cr_expect(not(status_is_safe_put(&cached, &older)));
	cr_expect(status_is_safe_put(&cached, &equal));
	cr_expect(status_is_safe_put(&cached, &mine));
	cr_expect(status_is_safe_put(NULL, &older));
}

Test(statuses, bad_records_are_told_and_skipped)
{
	static const struct {
		const char *key, *value;
	} rows[] = {
		{ "status-task-a", RUNNING("w", 1) },
		{ "nonsense", "{}" },
		{ "status-connector-a", "[]" },
		{ "status-connector-a", "{\"state\":1}" },
		{ "status-connector-a",
		    "{\"state\":\"RUNNING\",\"worker_id\":\"w\"}" },
		{ "status-topic-t:connector-a", "{}" },
		{ "status-topic-t:connector-a",
		    "{\"topic\":{\"name\":\"t\"}}" },
	};
	struct statuses *s = statuses_new();

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		cr_expect(
		    eq(int, apply(s, rows[i].key, rows[i].value), STATUSES_BAD),
		    "%s", rows[i].key);
	cr_expect(statuses_connector(s, "a") == NULL);
	statuses_free(&s);
}

Test(statuses, ours_beside_connects_survive_the_way)
{
	struct statuses *s = statuses_new();
	struct ps_arena *a = arena_new(1024);
	struct status st = { "RUNNING", "tr\"ace", "w:1", "1.0", 7, "STALLED",
		"poll", "wait", "cafe", 99, 4 };
	struct store_pair p = statuses_put(a, "a", 2, &st);
	const struct status *got;

	cr_expect(eq(str, (char *)p.key, "status-task-a-2"));
	cr_expect(eq(int, statuses_apply(s, &p, NULL), STATUSES_TASK));
	got = statuses_task(s, "a", 2);
	cr_expect(eq(str, (char *)got->trace, "tr\"ace"));
	cr_expect(eq(str, (char *)got->detail, "STALLED"));
	cr_expect(eq(str, (char *)got->incarnation, "cafe"));
	cr_expect(eq(i64, got->since_ms, 99));
	cr_expect(eq(i64, got->restarts, 4));
	p = statuses_put(a, "a", -1, NULL);
	cr_expect(eq(str, (char *)p.key, "status-connector-a"));
	cr_expect(p.value == NULL);
	statuses_free(&s);
	arena_free(&a);
}

Test(statuses, trace_that_is_no_utf8_is_no_tombstone)
{
	struct ps_arena *a = arena_new(1024);
	struct status st = { .state = "FAILED",
		.trace = "bad \xff byte",
		.worker_id = "w" };
	struct store_pair p = statuses_put(a, "a", 0, &st);

	cr_assert(p.value != NULL);
	cr_expect(strstr(p.value, "bad ") != NULL, "%s", p.value);
	arena_free(&a);
}

Test(statuses, what_we_write_is_byte_for_byte_what_connect_writes)
{
	struct statuses *s = statuses_new();
	struct capture cap;

	capture_load(&cap, "status");
	for (size_t i = 0; i < cap.count; i++) {
		const struct store_pair *theirs = &cap.pairs[i];
		struct ps_error err = { PS_OK, "" };
		struct store_pair ours;
		struct key k =
		    key_parse_status(cap.a, theirs->key, theirs->key_len);

		cr_assert(
		    ne(int, statuses_apply(s, theirs, &err), STATUSES_BAD),
		    "%s", err.text);
		if (theirs->value == NULL || k.kind == KEY_STATUS_TOPIC)
			continue;
		ours = statuses_put(cap.a, k.name,
		    k.kind == KEY_STATUS_TASK ? k.task : -1,
		    k.kind == KEY_STATUS_TASK ? statuses_task(s, k.name, k.task)
					      : statuses_connector(s, k.name));
		cr_expect(eq(str, (char *)ours.key, (char *)theirs->key));
		cr_expect(eq(str, (char *)ours.value, (char *)theirs->value));
	}
	cr_expect(statuses_connector(s, "gone") == NULL);
	cr_expect(statuses_has_topic(s, "file-a", "cap-out"));
	statuses_free(&s);
	arena_free(&cap.a);
}

Test(statuses, active_topics_are_written_as_connect_does)
{
	struct ps_arena *a = arena_new(1024);
	struct status_topic t = { "cap-out", "gone", 0, 1795250608525 };
	struct store_pair p = statuses_put_topic(a, &t);

	cr_expect(
	    eq(str, (char *)p.key, "status-topic-cap-out:connector-gone"));
	cr_expect(eq(str, (char *)p.value,
	    "{\"topic\":{\"name\":\"cap-out\",\"connector\":\"gone\",\"task\":"
	    "0,\"discoverTimestamp\":1795250608525}}"));
	cr_expect(statuses_delete_topic(a, "gone", "cap-out").value == NULL);
	arena_free(&a);
}
