#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "tests/store/capture.h"

Test(keys, config_keys_are_parsed_and_built_again)
{
	static const struct {
		const char *text;
		enum key_kind kind;
		const char *name;
		int task;
	} rows[] = {
		{ "target-state-a", KEY_TARGET_STATE, "a", -1 },
		{ "connector-a", KEY_CONNECTOR, "a", -1 },
		{ "connector-task-a-0", KEY_CONNECTOR, "task-a-0", -1 },
		{ "connector-", KEY_CONNECTOR, "", -1 },
		{ "task-a-0", KEY_TASK, "a", 0 },
		{ "task-a-b-12", KEY_TASK, "a-b", 12 },
		{ "task-a--0", KEY_TASK, "a-", 0 },
		{ "commit-a-b", KEY_COMMIT, "a-b", -1 },
		{ "restart-connector-x", KEY_RESTART, "x", -1 },
		{ "tasks-fencing-x", KEY_FENCING, "x", -1 },
		{ "session-key", KEY_SESSION, "", -1 },
		{ "logger-cluster-org.x", KEY_LOGGER, "org.x", -1 },
		{ "penstock-leader", KEY_PENSTOCK, "leader", -1 },
	};
	struct ps_arena *a = arena_new(4096);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct key k =
		    key_parse_config(a, rows[i].text, strlen(rows[i].text));

		cr_expect(eq(int, k.kind, rows[i].kind), "%s", rows[i].text);
		cr_expect(eq(str, (char *)k.name, (char *)rows[i].name));
		cr_expect(eq(int, k.task, rows[i].task));
		cr_expect(eq(str, key_build(a, &k), (char *)rows[i].text));
	}
	arena_free(&a);
}

Test(keys, what_is_no_key_is_unknown)
{
	static const char *const rows[] = { "", "task-a", "task-a-", "task-0",
		"task-a-x", "task-a-99999999999", "session-key-2", "xyz",
		"status-task-a-0" };
	struct ps_arena *a = arena_new(4096);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		cr_expect(
		    eq(int, key_parse_config(a, rows[i], strlen(rows[i])).kind,
			KEY_UNKNOWN),
		    "%s", rows[i]);
	cr_expect(eq(int, key_parse_config(a, "connector-a\0b", 13).kind,
	    KEY_UNKNOWN));
	arena_free(&a);
}

Test(keys, status_keys_are_parsed_and_built_again)
{
	static const struct {
		const char *text;
		enum key_kind kind;
		const char *name, *topic;
		int task;
	} rows[] = {
		{ "status-connector-a", KEY_STATUS_CONNECTOR, "a", "", -1 },
		{ "status-task-a-b-3", KEY_STATUS_TASK, "a-b", "", 3 },
		{ "status-topic-t.x:connector-a:connector-b", KEY_STATUS_TOPIC,
		    "a:connector-b", "t.x", -1 },
		{ "penstock-worker-h:1", KEY_PENSTOCK, "worker-h:1", "", -1 },
	};
	struct ps_arena *a = arena_new(4096);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct key k =
		    key_parse_status(a, rows[i].text, strlen(rows[i].text));

		cr_expect(eq(int, k.kind, rows[i].kind), "%s", rows[i].text);
		cr_expect(eq(str, (char *)k.name, (char *)rows[i].name));
		cr_expect(eq(str, (char *)k.topic, (char *)rows[i].topic));
		cr_expect(eq(int, k.task, rows[i].task));
		cr_expect(eq(str, key_build(a, &k), (char *)rows[i].text));
	}
	cr_expect(eq(int, key_parse_status(a, "status-topic-t", 14).kind,
	    KEY_UNKNOWN));
	arena_free(&a);
}

Test(keys, offset_keys_hold_connector_and_partition)
{
	struct ps_arena *a = arena_new(4096);
	struct ps_error err = { PS_OK, "" };
	const char *text = "[\"a\\\"b\",{\"p\":1}]", *name;
	json_t *j;

	cr_assert(eq(int,
	    key_parse_offset(a, text, strlen(text), &name, &j, &err), 0));
	cr_expect(eq(str, (char *)name, "a\"b"));
	cr_expect(eq(i64, json_integer_value(json_object_get(j, "p")), 1));
	json_decref(j);
	cr_expect(
	    eq(str, key_build_offset(a, "a\"b", "{\"p\":1}"), (char *)text));
	arena_free(&a);
}

Test(keys, broken_offset_keys_are_refused)
{
	static const char *const rows[] = { "", "{}", "[]", "[\"a\"]",
		"[\"a\",1]", "[1,{}]", "[\"a\",{},1]", "[\"a\",{}" };
	struct ps_arena *a = arena_new(4096);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ps_error err = { PS_OK, "" };
		const char *name;
		json_t *j;

		cr_expect(eq(int,
			      key_parse_offset(a, rows[i], strlen(rows[i]),
				  &name, &j, &err),
			      -1),
		    "%s", rows[i]);
		cr_expect(eq(int, err.code, PS_E_DATA));
	}
	arena_free(&a);
}
