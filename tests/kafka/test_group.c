#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/text.h"
#include "tests/kafka/groups.h"
#include "tests/kafka/mock.h"

#define TOPIC      "configs"
#define LIMIT_MS   10000
#define SESSION_MS 3000

/* The protocol's numbers of what reads, looks for or writes positions. */
enum { FETCH = 1, LIST_OFFSETS = 2, OFFSET_COMMIT = 8, OFFSET_FETCH = 9 };
enum { JOIN_GROUP = 11, HEARTBEAT = 12 };

static void
start(struct mock *m)
{
	mock_start(m);
	mock_topic(m, TOPIC, 1);
}

static int
lowest_free(void)
{
	int fd = dup(STDERR_FILENO);

	(void)close(fd);
	return fd;
}

Test(group, lone_member_is_the_owner_and_reads_nothing, .timeout = 30)
{
	static const int never[] = { FETCH, LIST_OFFSETS, OFFSET_COMMIT,
		OFFSET_FETCH };
	struct mock m;
	struct member a;

	start(&m);
	rd_kafka_mock_start_request_tracking(m.cluster);
	join(&a, m.servers, "g", TOPIC, SESSION_MS);
	cr_expect(not(group_is_owner(a.g)));
	UNTIL(a.is_owner, &a, NULL, LIMIT_MS);
	cr_expect(group_is_owner(a.g));
	UNTIL(mock_requests(&m, HEARTBEAT) > 3, &a, NULL, LIMIT_MS);
	for (size_t i = 0; i < sizeof never / sizeof *never; i++)
		cr_expect(eq(int, mock_requests(&m, never[i]), 0), "request %d",
		    never[i]);
	cr_expect(eq(int, a.told, 1));
	leave(&a);
	cr_expect(eq(int, a.told, 2));
	for (size_t i = 0; i < sizeof never / sizeof *never; i++)
		cr_expect(eq(int, mock_requests(&m, never[i]), 0), "request %d",
		    never[i]);
	mock_stop(&m);
}

/* A worker joins anew while it runs, when there may be no descriptor left. */
Test(group, without_descriptors_none_is_joined_and_with_them_it_is,
    .timeout = 30)
{
	struct ps_error err = { PS_OK, "" };
	struct ps_config none = { NULL, 0 };
	struct group_spec spec = { .settings = &none,
		.group = "g",
		.topic = TOPIC,
		.session_ms = SESSION_MS,
		.heartbeat_ms = 100 };
	struct rlimit limit, less;
	struct mock m;
	struct member a;

	start(&m);
	cr_assert(eq(int, getrlimit(RLIMIT_NOFILE, &limit), 0));
	for (rlim_t room = 0; room < 3; room++) {
		less = limit;
		less.rlim_cur = (rlim_t)lowest_free() + room;
		cr_assert(eq(int, setrlimit(RLIMIT_NOFILE, &less), 0));
		cr_expect(group_join(&spec, &group_ops, &a, &err) == NULL);
		cr_expect(eq(int, err.code, PS_E_RETRY));
		cr_expect(strstr(err.text, "Too many open files") != NULL);
		ps_error_clear(&err);
	}
	cr_assert(eq(int, setrlimit(RLIMIT_NOFILE, &limit), 0));
	join(&a, m.servers, "g", TOPIC, SESSION_MS);
	UNTIL(a.is_owner, &a, NULL, LIMIT_MS);
	leave(&a);
	mock_stop(&m);
}

Test(group, newcomer_takes_nothing_until_the_owner_leaves, .timeout = 60)
{
	struct mock m;
	struct member a, b;

	start(&m);
	join(&a, m.servers, "g", TOPIC, SESSION_MS);
	UNTIL(a.is_owner, &a, NULL, LIMIT_MS);
	rd_kafka_mock_start_request_tracking(m.cluster);
	join(&b, m.servers, "g", TOPIC, SESSION_MS);
	/* it joins, and the owner joins anew */
	UNTIL(mock_requests(&m, JOIN_GROUP) >= 2, &a, &b, LIMIT_MS);
	rd_kafka_mock_start_request_tracking(m.cluster);
	UNTIL(mock_requests(&m, HEARTBEAT) >= 6, &a, &b, LIMIT_MS);
	cr_expect(a.is_owner);
	cr_expect(not(b.is_owner));
	cr_expect(eq(int, a.told, 1));
	group_leave(a.g);
	UNTIL(a.left == 1 && b.is_owner, &a, &b, LIMIT_MS);
	cr_expect(eq(int, a.told, 2));
	group_free(&a.g);
	leave(&b);
	mock_stop(&m);
}

Test(group, member_without_the_partition_leaves_as_well, .timeout = 60)
{
	struct mock m;
	struct member a, b;

	start(&m);
	join(&a, m.servers, "g", TOPIC, SESSION_MS);
	join(&b, m.servers, "g", TOPIC, SESSION_MS);
	UNTIL(a.is_owner != b.is_owner, &a, &b, LIMIT_MS);
	group_leave(a.is_owner ? b.g : a.g);
	UNTIL(a.left + b.left == 1, &a, &b, SESSION_MS);
	cr_expect(eq(int, a.told + b.told, 1));
	group_free(a.left ? &a.g : &b.g);
	leave(a.left ? &b : &a);
	mock_stop(&m);
}

Test(group, blocked_member_is_out_and_learns_it_when_it_goes_on, .timeout = 60)
{
	struct mock m;
	struct member a, b;

	start(&m);
	join(&a, m.servers, "g", TOPIC, SESSION_MS);
	UNTIL(a.is_owner, &a, NULL, LIMIT_MS);
	join(&b, m.servers, "g", TOPIC, SESSION_MS);
	/* a's threads live and beat, its loop does not turn */
	UNTIL(b.is_owner, &b, NULL, 2 * SESSION_MS + 2000);
	cr_expect(a.is_owner);
	UNTIL(!a.is_owner, &a, &b, LIMIT_MS);
	rd_kafka_mock_start_request_tracking(m.cluster);
	UNTIL(mock_requests(&m, HEARTBEAT) >= 6, &a, &b, LIMIT_MS);
	cr_expect(b.is_owner);
	cr_expect(not(a.is_owner));
	leave(&a);
	leave(&b);
	mock_stop(&m);
}

Test(group, owner_cut_off_for_a_session_is_none, .timeout = 60)
{
	struct mock m;
	struct member a;

	start(&m);
	join(&a, m.servers, "g", TOPIC, SESSION_MS);
	UNTIL(a.is_owner, &a, NULL, LIMIT_MS);
	rd_kafka_mock_broker_set_down(m.cluster, 1);
	UNTIL(!a.is_owner, &a, NULL, 2 * SESSION_MS);
	cr_expect(eq(int, a.broken, 0));
	rd_kafka_mock_broker_set_up(m.cluster, 1);
	UNTIL(a.is_owner, &a, NULL, LIMIT_MS);
	cr_expect(eq(str, (char *)group_trouble(a.g), ""));
	leave(&a);
	mock_stop(&m);
}

Test(group, leaving_ends_within_a_session_without_a_broker, .timeout = 60)
{
	struct mock m;
	struct member a;

	start(&m);
	join(&a, m.servers, "g", TOPIC, SESSION_MS);
	UNTIL(a.is_owner, &a, NULL, LIMIT_MS);
	rd_kafka_mock_broker_set_down(m.cluster, 1);
	group_leave(a.g);
	UNTIL(a.left == 1, &a, NULL, SESSION_MS + 1500);
	cr_expect(not(a.is_owner));
	group_free(&a.g);
	mock_stop(&m);
}

Test(group, only_the_owner_has_metadata, .timeout = 60)
{
	struct mock m;
	struct member a, b;
	struct ps_arena *arena = arena_new(1024);
	rd_kafka_consumer_group_metadata_t *md;
	rd_kafka_error_t *e;
	uint8_t bytes[512];
	char *text;
	int64_t len;

	start(&m);
	join(&a, m.servers, "the-group", TOPIC, SESSION_MS);
	cr_expect(eq(ptr, group_metadata(a.g, arena), NULL));
	UNTIL(a.is_owner, &a, NULL, LIMIT_MS);
	join(&b, m.servers, "the-group", TOPIC, SESSION_MS);
	cr_expect(eq(ptr, group_metadata(b.g, arena), NULL));
	text = group_metadata(a.g, arena);
	cr_assert(text != NULL);
	len = text_base64_decode(text, strlen(text), bytes);
	cr_assert(len > 0 && (size_t)len < sizeof bytes);
	e = rd_kafka_consumer_group_metadata_read(&md, bytes, (size_t)len);
	cr_assert(eq(ptr, e, NULL));
	rd_kafka_consumer_group_metadata_destroy(md);
	cr_expect(memmem(bytes, (size_t)len, "the-group", 10) != NULL);
	leave(&a);
	cr_expect(eq(ptr, a.g, NULL));
	leave(&b);
	arena_free(&arena);
	mock_stop(&m);
}

Test(group, refusal_is_told_once_with_the_way_out, .timeout = 60)
{
	static const struct {
		rd_kafka_resp_err_t code;
		const char *text;
	} rows[] = {
		{ RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL,
		    "group.id=g: the group has members of another kind" },
		{ RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT,
		    "session.timeout.ms=3000: the broker expects" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct mock m;
		struct member a;

		start(&m);
		for (int n = 0; n < 10; n++)
			rd_kafka_mock_push_request_errors(m.cluster, JOIN_GROUP,
			    1, rows[i].code);
		join(&a, m.servers, "g", TOPIC, SESSION_MS);
		UNTIL(a.broken > 0, &a, NULL, LIMIT_MS);
		cr_expect(eq(int, a.err.code, PS_E_CONFIG));
		cr_expect(strstr(a.err.text, rows[i].text) != NULL, "%s",
		    a.err.text);
		leave(&a);
		cr_expect(eq(int, a.broken, 1));
		cr_expect(eq(int, a.told, 0));
		mock_stop(&m);
	}
}

/* As a worker does that is refused while it starts: whatever the group asks of
 * it then, nobody answers any more. */
Test(group, one_that_leaves_may_be_freed_at_any_time, .timeout = 60)
{
	enum { TIMES = 60, STEP_MS = 5 };
	struct mock m;
	struct member a;

	start(&m);
	for (int i = 0; i < TIMES; i++) {
		struct clock_ms began = clock_now();

		join(&a, m.servers, "g", TOPIC, SESSION_MS);
		while (clock_since(began, clock_now()) < i * STEP_MS)
			serve_both(&a, NULL);
		group_leave(a.g);
		group_free(&a.g);
	}
	mock_stop(&m);
}

Test(group, missing_topic_is_an_outage, .timeout = 60)
{
	struct mock m;
	struct member a;

	mock_start(&m);
	join(&a, m.servers, "g", TOPIC, SESSION_MS);
	mock_topic(&m, TOPIC, 1);
	UNTIL(a.is_owner, &a, NULL, LIMIT_MS);
	cr_expect(eq(int, a.broken, 0));
	leave(&a);
	mock_stop(&m);
}

Test(group, wrong_settings_are_refused_by_name)
{
	struct ps_setting s[] = { { "bootstrap.servers", "localhost:1" } };
	struct ps_config c = { s, 1 };
	struct group_spec spec = { &c, "g", TOPIC, 1000, 0, NULL };
	struct ps_error err = { PS_OK, "" };

	cr_expect(eq(ptr, group_join(&spec, &group_ops, NULL, &err), NULL));
	cr_expect(eq(int, err.code, PS_E_CONFIG));
	cr_expect(strstr(err.text, "heartbeat.interval.ms=0") != NULL, "%s",
	    err.text);
}

/* Of a static member whose place went to another client of its name, as to
 * its own next one when the broker's answer was lost on the way. */
Test(group, member_that_was_fenced_leaves_so_that_another_can_join,
    .timeout = 60)
{
	struct group_spec spec = { NULL, "g", TOPIC, SESSION_MS, SESSION_MS / 5,
		"worker-1" };
	struct mock m;
	struct member a;

	start(&m);
	join_as(&a, m.servers, &spec);
	UNTIL(a.is_owner, &a, NULL, LIMIT_MS);
	rd_kafka_mock_push_request_errors(m.cluster, HEARTBEAT, 1,
	    RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID);
	UNTIL(a.left == 1 || a.broken == 1, &a, NULL, LIMIT_MS);
	cr_expect(eq(int, a.broken, 0), "%s", a.err.text);
	cr_expect(not(a.is_owner));
	cr_expect(strstr(group_trouble(a.g), "fenced") != NULL, "%s",
	    group_trouble(a.g));
	group_free(&a.g);
	join_as(&a, m.servers, &spec);
	UNTIL(a.is_owner, &a, NULL, LIMIT_MS);
	leave(&a);
	mock_stop(&m);
}
