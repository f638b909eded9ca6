#include "ipc/msg.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static const struct msg_side from_worker_control = { MSG_TASK, MSG_DOWN,
	MSG_CONTROL };
static const struct msg_side from_worker_data = { MSG_TASK, MSG_DOWN,
	MSG_DATA };
static const struct msg_side from_task_data = { MSG_TASK, MSG_UP, MSG_DATA };
static const struct msg_side from_inspect_data = { MSG_INSPECT, MSG_UP,
	MSG_DATA };

static int
decode(const char *text, const struct msg_side *side, struct msg *m,
    struct ps_error *err)
{
	return msg_decode(text, strlen(text), side, m, err);
}

Test(msg, comes_back_as_it_was_sent)
{
	struct msg m = { .type = MSG_TYPE_STATUS }, back;
	struct ps_error err = { 0 };
	size_t len;
	char *text;

	m.status.state = "RUNNING";
	m.status.cause = "S3 answers 503 since \"noon\"\n";
	text = msg_encode(&m, &len, &err);
	cr_assert_not_null(text);
	cr_assert(
	    zero(int, msg_decode(text, len, &from_task_data, &back, &err)));
	cr_assert(eq(int, back.type, MSG_TYPE_STATUS));
	cr_assert(eq(str, (char *)back.status.state, "RUNNING"));
	cr_assert(eq(str, (char *)back.status.cause, (char *)m.status.cause));
	cr_assert_null(back.status.trace);
	msg_fini(&back);
	free(text);
}

Test(msg, carries_json_and_numbers)
{
	struct msg m = { .type = MSG_TYPE_OFFSETS }, back;
	struct ps_error err = { 0 };
	size_t len;
	char *text;

	m.offsets.ack = INT64_C(1) << 60;
	m.offsets.items = json_pack("[[s, s], [s, n]]", "[\"c\",{}]", "{}",
	    "[\"c\",{\"a\":1}]");
	text = msg_encode(&m, &len, &err);
	cr_assert(
	    zero(int, msg_decode(text, len, &from_task_data, &back, &err)));
	cr_assert(eq(i64, back.offsets.ack, INT64_C(1) << 60));
	cr_assert(json_equal(back.offsets.items, m.offsets.items));
	msg_fini(&back);
	json_decref(m.offsets.items);
	free(text);
}

Test(msg, every_message_without_fields_that_are_due_is_refused)
{
	for (int type = 0; type < MSG_TYPE_COUNT; type++) {
		struct msg m = { .type = (enum msg_type)type };
		struct ps_error err = { 0 };
		size_t len;
		char *text = msg_encode(&m, &len, &err);

		if (text == NULL)
			cr_assert_not_null(strstr(err.text, msg_name(m.type)));
		free(text);
	}
}

struct refusal {
	char text[120];
	const struct msg_side *side;
	char says[60];
};

Test(msg, refuses_what_the_sender_may_not_send)
{
	static const struct refusal cases[] = {
		{ "{\"type\":\"stop\",\"limit_ms\":5}", &from_task_data,
		    "goes the other way" },
		{ "{\"type\":\"stop\",\"limit_ms\":5}", &from_worker_data,
		    "belongs on the control channel" },
		{ "{\"type\":\"config\",\"worker\":{},\"plugins\":[]}",
		    &from_worker_control, "belongs on the data channel" },
		{ "{\"type\":\"completed\"}", &from_inspect_data,
		    "not for this kind of process" },
		{ "{\"type\":\"reboot\"}", &from_task_data,
		    "unknown type reboot" },
		{ "{\"kind\":\"stop\"}", &from_task_data,
		    "unknown type (none)" },
		{ "{\"type\":\"stop\"}", &from_worker_control,
		    "limit_ms is missing" },
		{ "{\"type\":\"stop\",\"limit_ms\":\"5\"}",
		    &from_worker_control, "limit_ms has the wrong type" },
		{ "[1]", &from_task_data, "unknown type (none)" },
		{ "{\"type\":", &from_task_data, "message: " },
		{ "", &from_task_data, "message: " },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct ps_error err = { 0 };
		struct msg m;

		cr_assert(eq(int,
		    decode(cases[i].text, cases[i].side, &m, &err), -1));
		cr_assert(eq(int, err.code, PS_E_DATA), "%s: %s", cases[i].text,
		    err.text);
		cr_assert_not_null(strstr(err.text, cases[i].says), "%s: %s",
		    cases[i].text, err.text);
		msg_fini(&m);
	}
}

Test(msg, unknown_members_are_ignored_so_that_upgrades_roll)
{
	struct ps_error err = { 0 };
	struct msg m;

	cr_assert(zero(int,
	    decode("{\"type\":\"stop\",\"limit_ms\":5,\"mood\":\"calm\"}",
		&from_worker_control, &m, &err)));
	cr_assert(eq(i64, m.stop.limit_ms, 5));
	msg_fini(&m);
}

Test(msg, goes_through_a_channel)
{
	struct msg m = { .type = MSG_TYPE_TOPIC }, back;
	struct ps_error err = { 0 };
	struct channel *a, *b;
	int fds[2];

	cr_assert(zero(int, socketpair(AF_UNIX, SOCK_STREAM, 0, fds)));
	a = channel_new(fds[0]);
	b = channel_new(fds[1]);
	m.topic.name = "orders";
	cr_assert(zero(int, msg_send(a, &m, &err)));
	cr_assert(eq(int, channel_read(b, &err), 1));
	cr_assert(eq(int, msg_next(b, &from_task_data, &back, &err), 1));
	cr_assert(eq(str, (char *)back.topic.name, "orders"));
	msg_fini(&back);
	cr_assert(zero(int, msg_next(b, &from_task_data, &back, &err)));
	channel_free(&a);
	channel_free(&b);
}

/* A text that was cut within a character, or that a server sent: what a
 * message is about must not be lost for that. */
Test(msg, carries_text_that_is_not_utf8)
{
	struct msg m = { .type = MSG_TYPE_FAILED }, back;
	struct ps_error err = { 0 };
	size_t len;
	char *text;

	m.failed.code = "CONFIG";
	m.failed.text = "no host in http://\xc3";
	text = msg_encode(&m, &len, &err);
	cr_assert(text != NULL, "%s", err.text);
	cr_assert(
	    zero(int, msg_decode(text, len, &from_task_data, &back, &err)));
	cr_assert(eq(str, (char *)back.failed.text, "no host in http://\\xc3"));
	msg_fini(&back);
	free(text);
}
