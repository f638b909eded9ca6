#include "store/wire.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/arena.h"

static const struct who someone = { "w:8083", 0x0123456789abcdefU };

Test(wire, a_heartbeat_is_read_as_it_was_written)
{
	static const int stopping[] = { -1, 3 };
	const struct beat_answer answers[] = { { "ant", 7, 2, stopping },
		{ "bee", 9, 0, NULL } };
	struct beat b = { .who = someone,
		.number = 5,
		.host = "m",
		.born_ms = 77,
		.since = -1,
		.epoch = 12,
		.flags = BEAT_DRAINING | BEAT_LEAVING,
		.answer_count = 2,
		.answers = answers,
		.load = 0.5 };
	struct ps_arena *a = arena_new(1024);
	struct ps_error err = { 0 };
	struct wire_lease out;
	char *text = wire_beat(a, &b);

	cr_assert(
	    eq(int, wire_read_lease(a, text, strlen(text), &out, &err), 0),
	    "%s", err.text);
	cr_expect(not(out.is_verdict));
	cr_expect(who_is(&out.beat.who, &someone));
	cr_expect(eq(i64, out.beat.number, 5));
	cr_expect(eq(i64, out.beat.born_ms, 77));
	cr_expect(eq(i64, out.beat.since, -1));
	cr_expect(eq(i64, out.beat.epoch, 12));
	cr_expect(eq(int, (int)out.beat.flags, (int)b.flags));
	cr_assert(eq(sz, out.beat.answer_count, 2));
	cr_expect(eq(str, (char *)out.beat.answers[0].connector, "ant"));
	cr_expect(eq(i64, out.beat.answers[0].epoch, 7));
	cr_assert(eq(sz, out.beat.answers[0].task_count, 2));
	cr_expect(eq(int, out.beat.answers[0].tasks[0], -1));
	cr_expect(eq(int, out.beat.answers[0].tasks[1], 3));
	cr_expect(eq(sz, out.beat.answers[1].task_count, 0));
	arena_free(&a);
}

Test(wire, a_verdict_is_read_as_it_was_written)
{
	struct ps_arena *a = arena_new(1024);
	struct ps_error err = { 0 };
	struct wire_lease out;
	char *text = wire_verdict(a, &someone);

	cr_assert(
	    eq(int, wire_read_lease(a, text, strlen(text), &out, &err), 0));
	cr_expect(out.is_verdict);
	cr_expect(who_is(&out.verdict, &someone));
	arena_free(&a);
}

Test(wire, an_assignment_is_read_as_it_was_written)
{
	struct who tasks[] = { someone, { 0 } };
	struct debt debt = { someone, 3, 17 };
	struct assignment as = { .version = 1,
		.epoch = 4,
		.generation = 18,
		.connector = someone,
		.task_count = 2,
		.tasks = tasks,
		.debt_count = 1,
		.debts = &debt };
	struct ps_arena *a = arena_new(1024);
	struct ps_error err = { 0 };
	struct assignment out;
	char *text = wire_assignment(a, &as);

	cr_assert(eq(int,
	    wire_read_assignment(a, text, strlen(text), &out, &err), 0));
	cr_expect(eq(i64, out.epoch, 4));
	cr_expect(eq(i64, out.generation, 18));
	cr_expect(who_is(&out.connector, &someone));
	cr_assert(eq(sz, out.task_count, 2));
	cr_expect(who_is(&out.tasks[0], &someone));
	cr_expect(who_is_nobody(&out.tasks[1]));
	cr_assert(eq(sz, out.debt_count, 1));
	cr_expect(eq(i64, out.debts[0].epoch, 3));
	cr_expect(eq(i64, out.debts[0].generation, 17));
	arena_free(&a);
}

Test(wire, what_is_not_ours_is_refused_with_the_reason)
{
	static const struct {
		const char *text, *reason;
	} rows[] = {
		{ "{", "" },
		{ "[]", "" },
		{ "{\"verdict\":{\"id\":\"w\"}}", "version 0" },
		{ "{\"v\":2,\"verdict\":{}}", "version 2" },
		{ "{\"v\":1,\"verdict\":null}", "" },
		{ "{\"v\":1,\"verdict\":{\"id\":\"w\",\"incarnation\":\"7\"}}",
		    "'7'" },
		{ "{\"v\":1,\"beat\":{\"id\":\"w\",\"incarnation\":"
		  "\"0000000000000007\"}}",
		    "number" },
	};
	struct ps_arena *a = arena_new(1024);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ps_error err = { 0 };
		struct wire_lease out;

		cr_expect(eq(int,
			      wire_read_lease(a, rows[i].text,
				  strlen(rows[i].text), &out, &err),
			      -1),
		    "row %zu", i);
		cr_expect(strstr(err.text, rows[i].reason) != NULL,
		    "row %zu: %s", i, err.text);
	}
	arena_free(&a);
}

Test(wire, of_a_newer_format_the_version_is_known_and_nothing_else)
{
	static const char text[] =
	    "{\"v\":2,\"epoch\":7,\"generation\":3,\"connector\":"
	    "{\"id\":\"w:8083\",\"incarnation\":\"0123456789abcdef\"}}";
	static const char vast[] = "{\"v\":4294967297}";
	struct ps_arena *a = arena_new(1024);
	struct ps_error err = { 0 };
	struct assignment as;
	struct claim claim;

	cr_expect(
	    eq(int, wire_read_assignment(a, text, strlen(text), &as, &err), 0));
	cr_expect(as.unreadable);
	cr_expect(eq(int, as.version, 2));
	cr_expect(eq(i64, as.epoch, 0));
	cr_expect(who_is_nobody(&as.connector));
	cr_expect(
	    eq(int, wire_read_claim(a, text, strlen(text), &claim, &err), 0));
	cr_expect(claim.unreadable);
	cr_expect(who_is_nobody(&claim.who));
	cr_expect(eq(str, (char *)(uintptr_t)claim.url, ""));
	cr_expect(
	    eq(int, wire_read_claim(a, vast, strlen(vast), &claim, &err), 0));
	cr_expect(claim.unreadable);
	cr_expect(eq(int, err.code, PS_OK));
	cr_expect(eq(int, wire_read_assignment(a, "{", 1, &as, &err), -1));
	arena_free(&a);
}
