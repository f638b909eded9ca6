#include "base/log.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/redirect.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

TestSuite(log);

static int ends[2];

/* From now on stderr is a pipe that said() reads. */
static void
listen(void)
{
	cr_assert(zero(int, pipe(ends)));
	(void)dup2(ends[1], STDERR_FILENO);
}

static char *
said(void)
{
	static char text[32768];
	ssize_t n = read(ends[0], text, sizeof text - 1);

	cr_assert(ge(i64, n, 0));
	text[n] = '\0';
	return text;
}

Test(log, writes_one_line_with_time_level_and_area)
{
	char *line;
	int y, mo, d, h, mi, s, ms, end = 0;

	listen();
	log_info("worker", "joined group %s", "connect");
	line = said();
	cr_assert(eq(int,
	    sscanf(line, "%4d-%2d-%2d %2d:%2d:%2d.%3d %n", &y, &mo, &d, &h, &mi,
		&s, &ms, &end),
	    7));
	cr_assert_str_eq(line + end, "INFO  worker: joined group connect\n");
}

Test(log, shows_control_characters_instead_of_sending_them)
{
	listen();
	log_error("task.a\n-0", "evil\n2026-01-01 INFO x: \x1b[2J");
	cr_assert(text_ends(said(),
	    "ERROR task.a\\n-0: evil\\n2026-01-01 INFO x: \\x1b[2J\n"));
}

Test(log, cuts_what_is_too_long_and_says_so)
{
	char text[20000], *line;

	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\0';
	listen();
	log_warn("a", "%s", text);
	line = said();
	cr_assert(text_ends(line, "xxx...\n"));
	cr_assert(lt(sz, strlen(line), 9000));
}

Test(log, keeps_quiet_below_its_level)
{
	listen();
	log_debug("worker", "hidden");
	log_info("worker", "shown");
	cr_assert_null(strstr(said(), "hidden"));
	log_set_level("worker", PS_WARN);
	log_info("worker", "hidden");
	log_info("other", "shown");
	cr_assert_null(strstr(said(), "hidden"));
}

Test(log, levels_hold_for_the_names_below)
{
	log_set_level("task", PS_ERROR);
	log_set_level("task.orders-0", PS_DEBUG);
	cr_assert(eq(int, log_level("task"), PS_ERROR));
	cr_assert(eq(int, log_level("task.orders-0"), PS_DEBUG));
	cr_assert(eq(int, log_level("task.orders-0.sql"), PS_DEBUG));
	cr_assert(eq(int, log_level("task.orders-01"), PS_ERROR));
	cr_assert(eq(int, log_level("tasks"), PS_INFO));
	cr_assert(eq(int, log_level(""), PS_INFO));
}

Test(log, a_level_set_above_replaces_those_below)
{
	log_set_level("task.orders-0", PS_DEBUG);
	log_set_level("task", PS_WARN);
	cr_assert(eq(int, log_level("task.orders-0"), PS_WARN));
	log_set_level("root", PS_ERROR);
	cr_assert(eq(int, log_level("task.orders-0"), PS_ERROR));
	cr_assert(eq(int, log_level("rest"), PS_ERROR));
}

Test(log, knows_what_was_set_and_when)
{
	cr_expect(eq(ptr, (void *)log_logger(0), NULL));
	cr_expect(eq(i64, log_level_set_ms("task"), 0));
	log_set_level("task.orders-0", PS_DEBUG);
	cr_expect(eq(str, (char *)log_logger(0), "task.orders-0"));
	cr_expect(eq(ptr, (void *)log_logger(1), NULL));
	cr_expect(gt(i64, log_level_set_ms("task.orders-0.put"), 0));
	cr_expect(eq(i64, log_level_set_ms("task"), 0));
	log_set_level("root", PS_WARN);
	cr_expect(gt(i64, log_level_set_ms("task"), 0));
}

Test(log, has_room_for_so_many_levels_only)
{
	char area[200];

	listen();
	memset(area, 'x', sizeof area);
	area[sizeof area - 1] = '\0';
	log_set_level(area, PS_DEBUG);
	cr_assert_not_null(strstr(said(), "no room"));
	for (int i = 0; i < 128; i++) {
		(void)snprintf(area, sizeof area, "area%d", i);
		log_set_level(area, PS_ERROR);
	}
	log_set_level("one.more", PS_ERROR);
	cr_assert_not_null(strstr(said(), "one.more"));
	cr_assert(eq(int, log_level("one.more"), PS_INFO));
	cr_assert(eq(int, log_level("area127"), PS_ERROR));
}

static void catch (void *ctx, enum ps_level level, const char *area,
    const char *text)
{
	(void)snprintf(ctx, 100, "%s|%s|%s", log_level_name(level), area, text);
}

Test(log, goes_to_a_sink_as_it_is)
{
	char got[100] = "";

	log_set_sink(catch, got);
	log_warn("task", "a\nb");
	log_debug("task", "not this");
	cr_assert(eq(str, got, "WARN|task|a\nb"));
	log_set_sink(NULL, NULL);
}

Test(log, knows_the_names_of_levels)
{
	enum ps_level level = PS_INFO;

	for (int i = PS_DEBUG; i <= PS_ERROR; i++) {
		cr_assert(zero(int,
		    log_level_parse(log_level_name((enum ps_level)i), &level)));
		cr_assert(eq(int, level, i));
	}
	cr_assert(zero(int, log_level_parse("trace", &level)));
	cr_assert(eq(int, level, PS_DEBUG));
	cr_assert(zero(int, log_level_parse("Fatal", &level)));
	cr_assert(eq(int, level, PS_ERROR));
	cr_assert(eq(int, log_level_parse("LOUD", &level), -1));
}
